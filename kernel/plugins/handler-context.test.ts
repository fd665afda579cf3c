import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type {
  EntityInfo,
  FieldValues,
  GuardDecision,
  Handler,
  HandlerContext,
  Manifest,
} from '@runwaycrm/sdk'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { CallHandler } from '../actions/call-handler.ts'
import { type ActionAnswer, type Actions, createActions } from '../actions/pipeline.ts'
import { createTrace, type Trace } from '../actions/trace.ts'
import type { RequestContext } from '../context/request-context.ts'
import { createTables } from '../database/tables.ts'
import { uuidv7 } from '../database/uuid.ts'
import { createMemoryBus, type Hint } from '../events/bus.ts'
import { quietLog } from '../events/testing/quiet-log.ts'
import { createQueue, type Queue } from '../jobs/queue.ts'
import { composeModel } from '../model/compose-model.ts'
import { createLayer } from '../model/layer.ts'
import type { Model } from '../model/model.ts'
import { createWriter, type Writer } from '../records/change-set.ts'
import { createReader, type Reader } from '../records/read.ts'
import {
  contextFor,
  openFixture,
  type RecordsFixture,
  type TestActor,
  testCodecs,
  testModel,
} from '../records/testing/records-fixture.ts'
import { createFiles } from './files.ts'
import { createHandlerCaller } from './handler-context.ts'
import type { DeployedPlugin } from './load-plugins.ts'
import { createOutbound } from './outbound.ts'

const action = (handler: string, more: Record<string, unknown> = {}) => ({
  label: handler,
  description: handler,
  risk: 'write',
  input: { type: 'object', properties: { leadId: { type: 'string', format: 'uuid' } } },
  output: { type: 'object' },
  handler,
  ...more,
})
const onLead = { on: { entity: 'crm.leads:lead', as: 'leadId' } }

const robot: Manifest = {
  id: 'test.robot',
  version: '1.2.3',
  contract: 1,
  title: 'Robot',
  tier: 'trusted',
  requires: { 'crm.leads': '^1.0.0', 'crm.accounts': '^1.0.0' },
  enhances: { 'test.helper': '^1.0.0' },
  capabilities: {
    data: { 'crm.leads:lead': ['create', 'read', 'update'] },
    actions: ['test.helper:help'],
    services: ['greeting'],
  },
  contributes: {
    actions: {
      touch: action('touch', { needs: { 'crm.leads:lead': ['update'] }, ...onLead }),
      look: action('look', { risk: 'read', ...onLead }),
      twice: action('twice', {
        input: {
          type: 'object',
          required: ['name'],
          properties: {
            name: { type: 'string', maxLength: 5 },
            times: { type: 'integer', default: 2, minimum: 1 },
          },
        },
      }),
      liar: action('liar', { output: { type: 'object', required: ['promised'] } }),
      send: action('look', { risk: 'external' }),
      sendFreely: action('look', { risk: 'external', approval: 'never' }),
      ask: action('look', { approval: 'always' }),
      any: action('any', { input: { type: 'object' } }),
      slow: action('slow', { input: { type: 'object' } }),
    },
    events: {
      done: {
        label: 'Done',
        payload: { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] },
      },
    },
    jobs: { later: { handler: 'later', maxAttempts: 3 } },
    settings: {
      main: {
        schema: { type: 'object', properties: { limit: { type: 'integer', default: 7 } } },
      },
    },
    tables: { note: { columns: { text: { storage: 'text' } } } },
    locales: { en: { messages: { 'robot.hello': 'Hello {name}' } } },
  },
  handlers: { slow: { timeoutMs: 100 } },
}

const helper: Manifest = {
  id: 'test.helper',
  version: '1.0.0',
  contract: 1,
  title: 'Helper',
  tier: 'trusted',
  requires: { 'crm.accounts': '^1.0.0' },
  capabilities: { data: { 'crm.accounts:account': ['create', 'read'] } },
  contributes: {
    actions: { help: action('help'), other: action('help') },
    services: {
      greeter: { interface: 'greeting', version: 1, methods: { greet: 'greet' } },
      hidden: { interface: 'secret', version: 1, methods: { greet: 'greet' } },
    },
  },
}

const model = composeModel([createLayer(robot, 'plugin'), createLayer(helper, 'plugin')], testModel)

let fixture: RecordsFixture
let dataDir: string
let reader: Reader
let writer: Writer
let queue: Queue
let trace: Trace
let actions: Actions
let callHandler: CallHandler
let orgId: string
let handlers: Record<string, (input: never, ctx: HandlerContext) => unknown>
const committed: string[] = []
const hints: Hint[] = []
const secrets = new Map<string, string>()
const settings = new Map<string, FieldValues>()
const log = quietLog()

beforeAll(async () => {
  fixture = await openFixture()
  dataDir = await mkdtemp(path.join(tmpdir(), 'runway-files-'))
  const { db } = fixture
  reader = createReader({ db, codecs: testCodecs })
  writer = createWriter({ db, codecs: testCodecs, reader })
  queue = createQueue({ db, onEnqueued: () => {} })
  trace = createTrace({ db, log })
  const bus = createMemoryBus(log)
  bus.subscribe((hint) => hints.push(hint))
  callHandler = createHandlerCaller({
    deployment: {
      handler: (_, name) => handlers[name] as Handler | undefined,
      plugins: new Map(
        [robot, helper].map((manifest) => [
          manifest.id,
          { manifest, state: 'ready' } as unknown as DeployedPlugin,
        ]),
      ),
    },
    db,
    reader,
    writer,
    codecs: testCodecs,
    abilityIn: (ctx) => ctx.ability,
    actions: () => actions,
    queue,
    bus,
    tables: createTables(db),
    outbound: createOutbound(),
    secrets: {
      get: async (org, plugin, name) => secrets.get(`${org} ${plugin} ${name}`) ?? null,
      set: async (org, plugin, name, value) => void secrets.set(`${org} ${plugin} ${name}`, value),
      delete: async (org, plugin, name) => void secrets.delete(`${org} ${plugin} ${name}`),
    },
    files: createFiles(dataDir),
    settingsOf: async () => settings,
    describe: (_, entity) => ({ ref: entity.ref, plural: entity.plural }) as EntityInfo,
    onCommitted: (org) => committed.push(org),
    log,
  })
  actions = createActions({
    callHandler,
    writer,
    trace,
    log,
    async visibleIds(ctx, entity, ids) {
      return new Set((await reader.getMany(ctx, entity, ids, { fields: ['id'] })).keys())
    },
  })
})
afterAll(async () => {
  await fixture.close()
  await rm(dataDir, { recursive: true })
})
beforeEach(() => {
  orgId = uuidv7()
  committed.length = 0
  hints.length = 0
  settings.clear()
  handlers = {
    touch: async ({ leadId }: { leadId: string }, ctx) =>
      ctx.records.update('crm.leads:lead', leadId, { score: 9 }),
    look: async () => ({}),
    twice: async ({ name, times }: { name: string; times: number }, ctx) => {
      for (let i = 0; i < times; i++) await ctx.records.create('leads', { name: `${name}${i}` })
      return { times }
    },
    liar: async () => ({}),
    any: async () => ({}),
    slow: async () => ({}),
    help: async () => ({}),
    greet: async ({ name }: { name: string }) => `Good day, ${name}`,
  }
})

function context(actor: Partial<TestActor> = {}, on: Model = model): RequestContext {
  const rules = {
    all: {
      operations: ['create', 'read', 'update', 'delete'] as const,
      entity: '*',
    },
  }
  const permissions = ['actions:*']
  const ctx = contextFor({ orgId, userId: uuidv7(), rules: rules as never, permissions, ...actor })
  return Object.freeze({ ...ctx, model: on })
}
const run = (name: string, input: unknown = {}, ctx = context(), records?: never) =>
  actions.run(ctx, name.includes(':') ? name : `test.robot:${name}`, input, records)
async function within(
  body: (ctx: HandlerContext) => unknown,
  ctx: RequestContext = context(),
): Promise<unknown> {
  handlers['any'] = async (_: never, handlerContext) => {
    const output = await body(handlerContext)
    return typeof output === 'object' && output !== null ? output : { output }
  }
  return ((await run('any', {}, ctx)) as Extract<ActionAnswer, { output: unknown }>).output
}
const lead = () => model.entities.get('crm.leads:lead')!
const makeLead = (name = 'Ada') => writer.create(contextFor({ orgId }), lead(), { name })
async function rows(text: string): Promise<Record<string, unknown>[]> {
  return (await fixture.db.query<Record<string, unknown>>(orgId, { text, values: [] })).rows
}
const changeSets = () => rows('select * from tenant.change_set order by id')

describe('the action pipeline', () => {
  it('composes the test plugins', () => {
    expect(model.problems.filter((problem) => problem.at.startsWith('test.'))).toEqual([])
  })

  it('runs an action and answers its output', async () => {
    const made = await makeLead()
    const answer = await run('touch', { leadId: made.id })
    expect(answer).toMatchObject({ output: { id: made.id, score: 9, version: 2 } })
  })

  it('puts all writes of one run into one change set with the action’s name', async () => {
    await run('twice', { name: 'Bo', times: 3 })
    const sets = await changeSets()
    expect(sets).toHaveLength(1)
    expect(sets[0]).toMatchObject({ label: 'twice', door: 'action', state: 'done' })
    expect(sets[0]!['counts']).toEqual({ created: 3 })
  })

  it('leaves no change set behind when nothing was written', async () => {
    await run('look')
    expect(await changeSets()).toEqual([])
  })

  it('fills in defaults and names everything that is wrong at once', async () => {
    expect(await run('twice', { name: 'Bo' })).toMatchObject({ output: { times: 2 } })
    await expect(run('twice', { name: 'too long', times: 'x', extra: 1 })).rejects.toMatchObject({
      code: 'INVALID',
      errors: expect.arrayContaining([
        expect.objectContaining({ path: 'input.name', code: 'TOO_LONG' }),
        expect.objectContaining({ path: 'input.times', code: 'WRONG_TYPE' }),
        expect.objectContaining({ path: 'input.extra', code: 'UNKNOWN_FIELD' }),
      ]),
    })
    await expect(run('twice', {})).rejects.toMatchObject({
      errors: [expect.objectContaining({ path: 'input.name', code: 'REQUIRED' })],
    })
  })

  it('takes records of a call where the action wants them', async () => {
    const made = await makeLead()
    const records = { entity: 'crm.leads:lead', ids: [made.id] }
    await actions.run(context(), 'test.robot:touch', {}, records)
    await expect(
      actions.run(context(), 'test.robot:touch', {}, { ...records, ids: [made.id, made.id] }),
    ).rejects.toMatchObject({ code: 'INVALID' })
    await expect(
      actions.run(context(), 'test.robot:touch', {}, { ...records, entity: 'kernel:user' }),
    ).rejects.toMatchObject({ code: 'INVALID' })
  })

  it('answers the same for a record that is missing, of another organisation, or hidden', async () => {
    const elsewhere = await writer.create(contextFor({ orgId: uuidv7() }), lead(), { name: 'X' })
    const hidden = await makeLead()
    const own = { own: { operations: ['read', 'update'], entity: 'crm.leads:lead', scope: 'own' } }
    const ctx = context({ rules: own as never })
    const answers = await Promise.all(
      [uuidv7(), elsewhere.id, hidden.id].map((leadId) =>
        run('touch', { leadId }, ctx).catch(({ code, errors }) => ({ code, errors })),
      ),
    )
    expect(answers[0]).toMatchObject({
      code: 'INVALID',
      errors: [{ path: 'input.leadId', code: 'UNKNOWN_RECORD' }],
    })
    expect(answers[1]).toEqual(answers[0])
    expect(answers[2]).toEqual(answers[0])
  })

  it('refuses whoever may not run it, and lists only what one may run', async () => {
    await expect(run('look', {}, context({ permissions: [] }))).rejects.toMatchObject({
      code: 'FORBIDDEN',
    })
    const reading = { all: { operations: ['read'], entity: '*' } }
    const reader = context({ rules: reading as never, permissions: ['actions:test.robot:touch'] })
    await expect(run('touch', {}, reader)).rejects.toMatchObject({ code: 'FORBIDDEN' })
    expect(actions.list(reader)).toEqual([])
    const refs = actions.list(context({ permissions: ['actions:test.robot:look'] }))
    expect(refs.map((info) => info.ref)).toEqual(['test.robot:look'])
    await expect(run('nothing')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  it('does not pass on an output that breaks its promise', async () => {
    await expect(run('liar')).rejects.toMatchObject({ code: 'INTERNAL' })
  })

  it('traces who did what, how long it took and how it ended, without the input', async () => {
    await run('twice', { name: 'Secret'.slice(0, 5) })
    await run('look', {}, context({ permissions: [] })).catch(() => {})
    handlers['look'] = () => {
      throw new Error('broken')
    }
    await run('look').catch(() => {})
    await trace.flush()
    const traced = await rows('select * from tenant.action_trace order by id')
    expect(traced.map((row) => [row['action'], row['outcome'], row['code']])).toEqual([
      ['test.robot:twice', 'done', null],
      ['test.robot:look', 'refused', 'FORBIDDEN'],
      ['test.robot:look', 'failed', null],
    ])
    const [set] = await changeSets()
    expect(traced[0]).toMatchObject({ change_set_id: set!['id'], door: 'api', trace_id: 'test' })
    expect(traced[0]!['input_hash']).toMatch(/^[0-9a-f]{64}$/)
    expect(JSON.stringify(traced)).not.toContain('Secre')
  })
})

describe('approval', () => {
  it('is not to be had without a plugin for it', async () => {
    await expect(run('ask')).rejects.toMatchObject({ code: 'APPROVAL_UNAVAILABLE', status: 403 })
    const agent = context({ type: 'agent' })
    await expect(run('send', {}, agent)).rejects.toMatchObject({ code: 'APPROVAL_UNAVAILABLE' })
  })

  it('is not asked of people for what the definition leaves open, nor where it says never', async () => {
    expect(await run('send')).toEqual({ output: {} })
    expect(await run('sendFreely', {}, context({ type: 'agent' }))).toEqual({ output: {} })
  })

  it('does not follow from silence: the plugin that offers it has to be asked', async () => {
    const approvals: Manifest = {
      ...helper,
      id: 'test.approvals',
      contributes: {
        services: { approvals: { interface: 'approvals', version: 1, methods: {} } },
      },
    }
    const withService = composeModel([createLayer(approvals, 'plugin')], model)
    await expect(run('ask', {}, context({}, withService))).rejects.toMatchObject({
      code: 'FORBIDDEN',
    })
  })
})

describe('guards', () => {
  function guarded(
    guards: Record<string, () => unknown>,
    more: Record<string, unknown> = {},
  ): RequestContext {
    const contributes = Object.fromEntries(
      Object.keys(guards).map((key, order) => [key, { order, handler: key, ...more }]),
    )
    const manifest: Manifest = {
      ...helper,
      id: 'test.helper2',
      contributes: { guards: contributes },
    }
    Object.assign(handlers, guards)
    const withGuards = composeModel([createLayer(manifest, 'plugin')], model)
    expect(withGuards.guards.size).toBe(Object.keys(guards).length)
    return Object.freeze({ ...context(), model: renamed(withGuards) })
  }
  /** The guards of a plugin that this test’s deployment knows. */
  function renamed(withGuards: Model): Model {
    const guards = new Map(
      [...withGuards.guards].map(([ref, guard]) => [ref, { ...guard, plugin: 'test.helper' }]),
    )
    return { ...withGuards, guards }
  }
  const allow = (): GuardDecision => ({ decision: 'allow' })

  it('all have to allow', async () => {
    const asked: string[] = []
    const guard = (name: string) => () => {
      asked.push(name)
      return allow()
    }
    expect(await run('look', {}, guarded({ a: guard('a'), b: guard('b') }))).toEqual({ output: {} })
    expect(asked).toEqual(['a', 'b'])
  })

  it('deny with their own code and reason, and the action does not run', async () => {
    let ran = false
    handlers['look'] = () => {
      ran = true
      return {}
    }
    const deny = () => ({
      decision: 'deny',
      code: 'PLAN_REQUIRED',
      status: 402,
      reason: 'Only in the big plan.',
    })
    await expect(run('look', {}, guarded({ deny }))).rejects.toMatchObject({
      code: 'PLAN_REQUIRED',
      status: 402,
      message: 'Only in the big plan.',
    })
    const odd = () => ({ decision: 'deny', code: 'MADE_UP', status: 418, reason: 'Because.' })
    await expect(run('look', {}, guarded({ odd }))).rejects.toMatchObject({
      code: 'FORBIDDEN',
      message: 'Because.',
    })
    expect(ran).toBe(false)
  })

  it('deny when they throw, answer nonsense, or are too late', async () => {
    const broken: Record<string, () => unknown> = {
      throws: () => {
        throw new Error('broken')
      },
      silent: () => undefined,
      yes: () => true,
      half: () => ({ decision: 'deny' }),
      late: () => sleep(2_500).then(allow),
    }
    for (const [name, guard] of Object.entries(broken)) {
      await expect(run('look', {}, guarded({ [name]: guard })), name).rejects.toMatchObject({
        code: 'FORBIDDEN',
      })
    }
  })

  it('that are missing deny only when they are required', async () => {
    const missing = { missing: undefined as never }
    expect(await run('look', {}, guarded(missing))).toEqual({ output: {} })
    await expect(run('look', {}, guarded(missing, { required: true }))).rejects.toMatchObject({
      code: 'FORBIDDEN',
    })
  })

  it('are asked only for the risks they are for', async () => {
    const no = () => ({ decision: 'deny', code: 'FORBIDDEN', status: 403, reason: 'No.' })
    const ctx = guarded({ no }, { risks: ['external'] })
    expect(await run('look', {}, ctx)).toEqual({ output: {} })
    await expect(run('send', {}, ctx)).rejects.toMatchObject({ message: 'No.' })
  })

  it('may defer to a person', async () => {
    const defer = () => ({ decision: 'defer', approvalId: 'a1', expiresAt: '2030-01-01T00:00:00Z' })
    expect(await run('look', {}, guarded({ defer }))).toEqual({
      approvalId: 'a1',
      expiresAt: '2030-01-01T00:00:00Z',
    })
  })
})

describe('the context of a handler', () => {
  it('refuses what the plugin has no capability for, naming it, whatever the caller may', async () => {
    await expect(within((ctx) => ctx.records.list('crm.accounts:account'))).rejects.toThrow(
      'test.robot lacks the capability data."crm.accounts:account": "read"',
    )
    const made = await makeLead()
    await expect(within((ctx) => ctx.records.delete('leads', made.id))).rejects.toThrow('"delete"')
    await expect(
      within((ctx) => ctx.records.bulk('leads', { delete: [{ id: made.id }] })),
    ).rejects.toThrow('"delete"')
    await expect(within((ctx) => ctx.actions.run('test.helper:other', {}))).rejects.toThrow(
      'actions: "test.helper:other"',
    )
    await expect(within((ctx) => ctx.services.get('secret', 1))).rejects.toThrow(
      'services: "secret"',
    )
    await expect(within((ctx) => ctx.http.fetch('https://example.com/'))).rejects.toThrow('"net"')
  })

  it('refuses what the caller may not, whatever the plugin may', async () => {
    const none = context({ rules: {}, permissions: ['actions:*'] })
    const made = await makeLead()
    await expect(within((ctx) => ctx.records.list('leads'), none)).rejects.toMatchObject({
      code: 'FORBIDDEN',
    })
    await expect(within((ctx) => ctx.records.get('leads', made.id), none)).rejects.toThrow()
    await expect(
      within((ctx) => ctx.records.create('leads', { name: 'X' }), none),
    ).rejects.toMatchObject({ status: 403 })
  })

  it('lets another plugin’s action do what that plugin may, in the same change set', async () => {
    handlers['help'] = async (_: never, ctx) => {
      await ctx.records.create('crm.accounts:account', { name: 'Acme' })
      return {}
    }
    await within(async (ctx) => {
      await ctx.records.create('leads', { name: 'Ada' })
      await ctx.actions.run('test.helper:help', {})
    })
    const sets = await changeSets()
    expect(sets).toHaveLength(1)
    expect(sets[0]!['counts']).toEqual({ created: 2 })
  })

  it('reaches another plugin’s service', async () => {
    interface Greeting extends Record<string, (input: unknown) => Promise<unknown>> {}
    const greeting = await within(async (ctx) => {
      const service = ctx.services.get<Greeting>('greeting', 1)
      return { said: await service['greet']!({ name: 'Ann' }) }
    })
    expect(greeting).toEqual({ said: 'Good day, Ann' })
    await expect(within((ctx) => ctx.services.get('greeting', 2))).rejects.toMatchObject({
      code: 'STATE_CONFLICT',
    })
  })

  it('writes several records or none in a batch', async () => {
    await expect(
      within((ctx) =>
        ctx.batch(async (records) => {
          await records.create('leads', { name: 'One' })
          await records.create('leads', {})
        }),
      ),
    ).rejects.toMatchObject({ code: 'INVALID' })
    expect(await within((ctx) => ctx.records.list('leads'))).toMatchObject({ data: [] })
    await within((ctx) =>
      ctx.batch(async (records) => {
        await records.create('leads', { name: 'One' })
        await records.create('leads', { name: 'Two' })
      }),
    )
    expect(await rows(`select 1 from tenant.ledger where op = 'create'`)).toHaveLength(2)
  })

  it('keeps a change set open over several batches and goes on with it later', async () => {
    const id = await within(async (ctx) => {
      const open = await ctx.changes.open({ label: 'Import', door: 'import', workflows: 'skip' })
      await open.records.create('leads', { name: 'One' })
      return { id: open.id }
    }).then((answer) => (answer as { id: string }).id)
    await within(async (ctx) => {
      const open = await ctx.changes.resume(id)
      await open.records.bulk('leads', { create: [{ name: 'Two' }, { name: 'Three' }] })
      await open.close()
    })
    const sets = await changeSets()
    expect(sets).toHaveLength(1)
    expect(sets[0]).toMatchObject({ id, label: 'Import', door: 'import', state: 'done' })
    expect(sets[0]!['counts']).toEqual({ created: 3 })
    await expect(within((ctx) => ctx.changes.resume(id))).rejects.toMatchObject({
      code: 'STATE_CONFLICT',
    })
  })

  it('emits events of its plugin that keep to their schema', async () => {
    await within((ctx) => ctx.events.emit('done', { n: 1 }))
    expect(committed).toEqual([orgId])
    const [event] = await rows('select event, payload from tenant.outbox')
    expect(event).toEqual({ event: 'test.robot:done', payload: { n: 1 } })
    await expect(within((ctx) => ctx.events.emit('done', { n: 'x' }))).rejects.toMatchObject({
      code: 'INVALID',
    })
    await expect(within((ctx) => ctx.events.emit('other', {}))).rejects.toThrow('no event')
  })

  it('tells progress to the pages of whoever it acts for', async () => {
    const ctx = context()
    await within((handler) => handler.events.progress('imports:1', { rows: 5 }), ctx)
    expect(hints).toEqual([
      {
        kind: 'progress',
        orgId,
        topic: 'imports:1',
        audience: ctx.principal.userId,
        payload: { rows: 5 },
      },
    ])
  })

  it('enqueues its own jobs for whoever it acts for', async () => {
    const ctx = context()
    const { output: id } = (await within(
      (handler) => handler.jobs.enqueue('later', { n: 1 }, { dedupeKey: 'k' }),
      ctx,
    )) as { output: string }
    const [job] = await rows('select * from tenant.job')
    expect(job).toMatchObject({
      id,
      plugin: 'test.robot',
      job: 'later',
      max_attempts: 3,
      dedupe_key: 'k',
      run_as: { type: 'user', userId: ctx.principal.userId },
    })
    expect(await within((handler) => handler.jobs.cancel(id))).toEqual({ output: true })
    await expect(within((handler) => handler.jobs.enqueue('nothing', {}))).rejects.toThrow('no job')
  })

  it('gives settings with defaults, secrets, words and files of the plugin', async () => {
    expect(await within((ctx) => ctx.settings())).toEqual({ limit: 7 })
    settings.set('test.robot:main', { limit: 8 })
    expect(await within((ctx) => ctx.settings('main'))).toEqual({ limit: 8 })
    await within((ctx) => ctx.secrets.set('token', 's3cret'))
    expect(secrets.get(`${orgId} test.robot token`)).toBe('s3cret')
    expect(await within((ctx) => ctx.t('robot.hello', { name: 'Ann' }))).toEqual({
      output: 'Hello Ann',
    })
    expect(await within((ctx) => ctx.label('leads'))).toEqual({ one: 'Lead', many: 'Leads' })
    const file = (await within(async (ctx) => {
      const id = await ctx.files.write('../../evil.CSV', 'a,b')
      return { id, path: await ctx.files.path(id) }
    })) as { id: string; path: string }
    expect(file.id).toMatch(/^[0-9a-f-]{36}\.csv$/)
    expect(file.path.startsWith(path.join(dataDir, 'files', orgId, 'test.robot'))).toBe(true)
    expect(await readFile(file.path, 'utf8')).toBe('a,b')
    await expect(within((ctx) => ctx.files.path('../x'))).rejects.toMatchObject({
      code: 'NOT_FOUND',
    })
    await within((ctx) => ctx.files.remove(file.id))
    await expect(within((ctx) => ctx.files.path(file.id))).rejects.toMatchObject({
      code: 'NOT_FOUND',
    })
  })

  it('answers nothing more when the handler was too late or has returned', async () => {
    let late: unknown
    handlers['slow'] = async (_: never, ctx) => {
      await sleep(200)
      try {
        await ctx.records.create('leads', { name: 'Late' })
      } catch (error) {
        late = (error as Error).name
      }
      return {}
    }
    await expect(run('slow')).rejects.toMatchObject({ name: 'HandlerTimeoutError' })
    await sleep(250)
    expect(late).toBe('HandlerTimeoutError')
    let kept: HandlerContext | undefined
    await within((ctx) => {
      kept = ctx
    })
    expect(() => kept!.records.list('leads')).toThrow('returned already')
    expect(await rows('select 1 from tenant.ledger')).toEqual([])
  })

  it('stops when its caller stops', async () => {
    const stop = new AbortController()
    const ctx = Object.freeze({ ...context(), signal: stop.signal })
    handlers['slow'] = (_: never, handler) =>
      new Promise((_resolve, reject) => {
        handler.signal.addEventListener('abort', () => reject(handler.signal.reason))
      })
    const running = run('slow', {}, ctx)
    stop.abort(new Error('gone'))
    await expect(running).rejects.toThrow('gone')
  })

  it('lets handlers not call each other without end', async () => {
    handlers['any'] = (_: never, ctx) => ctx.actions.run('test.robot:any', {})
    await expect(run('any')).rejects.toMatchObject({ code: 'STATE_CONFLICT' })
  })
})
