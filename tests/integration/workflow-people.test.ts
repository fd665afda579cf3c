import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { joinOrg } from '../setup/join-org.ts'
import { type Caller, startApp, type TestApp } from '../setup/test-app.ts'
import { type Json, step, trigger, workflowsOf } from '../setup/workflows.ts'

/** What workflows work out, whom they tell, who starts them, and what of them is taken back or forgotten. */
let app: TestApp
let org: Caller
let flows: ReturnType<typeof workflowsOf>
let ann: Caller & { readonly userId: string }
/** Sees what is theirs, and what nobody owns. */
let rita: Caller & { readonly userId: string }

beforeAll(async () => {
  app = await startApp()
  org = await app.createOrg({ name: 'Acme' })
  flows = workflowsOf(org)
  ann = await joinOrg(app, org, 'admin', 'Ann')
  rita = await joinOrg(app, org, 'rep', 'Rita')
})
afterAll(() => app?.stop())

const run = async (workflow: string, body: object = {}): Promise<string> =>
  (await flows.ask('POST', `/workflows/${workflow}/run`, body)).runs[0]
const make = (plural: string, values: object): Promise<Json> =>
  flows.ask('POST', `/${plural}`, values)

describe('a formula', () => {
  const formula = (text: string, more: object = {}) => ({
    label: 'Commission',
    entity: 'crm.opportunities:opportunity',
    triggers: { hand: trigger('manual') },
    start: 'share',
    steps: {
      share: step('set', { values: { share: '{{ trigger.payload.share }}' } }, { next: 'work' }),
      work: step('formula', { formula: text, variable: 'due' }, { next: 'day', ...more }),
      day: step(
        'formula',
        { formula: 'date_add(record.closeDate, steps.work.output, "d")' },
        { next: 'end' },
      ),
      end: step('stop', { result: { due: '{{ vars.due }}', day: '{{ steps.day.output }}' } }),
    },
  })

  it('is worked out over the record, kept values and what steps gave, as computed fields are', async () => {
    await flows.publish({ due: formula('round(record.value * vars.share / 100)') })
    const deal = await make('opportunities', {
      name: 'Boat',
      value: { amount: '1054.00', currency: 'USD' },
      closeDate: '2026-02-20',
    })
    const records = { entity: 'opportunities', ids: [deal.id] }
    const id = await run('t:due', { records, input: { share: 2 } })
    expect((await flows.becomes(id, 'done')).state.result).toEqual({ due: 21, day: '2026-03-13' })
    const failed = await run('t:due', { records, input: { share: 'two' } })
    const { state } = await flows.becomes(failed, 'failed')
    expect(state.failure).toMatchObject({ step: 'work', code: 'BAD_FORMULA' })
    expect(state.failure.message).toContain('Expected a number, not a text.')
  })

  it('that names no field or cannot be read is a problem at its place, and is not published', async () => {
    for (const [text, code] of [
      ['record.volume * 2', 'UNKNOWN_FIELD'],
      ['record.value *', 'BAD_FORMAT'],
      ['record.name * 2', 'BAD_FORMAT'],
      ['nothing.of.it', 'UNKNOWN_FIELD'],
    ]) {
      const value = formula(text!)
      const ops = [{ op: 'set', path: ['workflows', 'wrong'], value }]
      const answer = await org.call('PATCH', '/studio/draft', { ops })
      expect(answer.statusCode).toBe(422)
      expect(answer.json<Json>().errors).toEqual([
        expect.objectContaining({
          code,
          path: expect.stringContaining('workflows/wrong/steps/work/settings/formula'),
        }),
      ])
    }
  })
})

const inbox = async (person: Caller, kind: string): Promise<Json[]> => {
  const filter = encodeURIComponent(JSON.stringify({ kind }))
  const answer = await person.call('GET', `/notifications?filter=${filter}`)
  if (answer.statusCode !== 200) throw new Error(answer.body)
  return answer.json<Json>().data
}

describe('a step that tells people', () => {
  const telling = (settings: object) => ({
    label: 'Big deals',
    entity: 'crm.leads:lead',
    triggers: { hand: trigger('manual') },
    start: 'tell',
    steps: { tell: step('notify', { text: '{{ record.name }} is hot', ...settings }) },
  })

  it('tells the owner, those with a role and those who are named, but nobody who may not read the record', async () => {
    await flows.publish({
      tell: telling({ owner: true, roles: ['platform.people:rep', 'platform.people:admin'] }),
    })
    const { id } = await make('leads', { name: 'Ada', ownerId: ann.userId })
    const records = { entity: 'leads', ids: [id] }
    const dry = await flows.ask('POST', '/workflows/t:tell/run', { records, dryRun: true })
    expect(dry.steps[0].output).toMatchObject({ told: 2, unreadable: 1 })
    expect(await inbox(ann, 'message')).toEqual([])
    const told = await flows.becomes(await run('t:tell', { records }), 'done')
    expect(told.steps[0].output).toMatchObject({ told: 2, unreadable: 1 })
    expect(await inbox(ann, 'message')).toMatchObject([
      { record: { id }, byName: 'Big deals', data: { text: 'Ada is hot' }, readAt: null },
    ])
    expect(await inbox(rita, 'message')).toEqual([])
  })

  it('says so when it tells nobody', async () => {
    await flows.publish({
      anybody: { ...telling({ roles: ['platform.people:admin'] }), entity: undefined },
      nobody: { ...telling({}), entity: undefined, alerts: { off: true } },
    })
    const { state } = await flows.becomes(await run('t:nobody'), 'failed')
    expect(state.failure.code).toBe('REQUIRED')
  })
})

describe('a run that failed', () => {
  const failing = (more: object = {}) => ({
    label: 'Nightly',
    triggers: { hand: trigger('manual') },
    start: 'end',
    steps: { end: step('stop', { fails: true, reason: 'The stock is empty.' }) },
    ...more,
  })
  const alerts = async (person: Caller) =>
    (await inbox(person, 'alert')).filter(({ byName }) => byName === 'Nightly')

  it('is told to whoever published it, with those of the same hour in one, and to others when they are named', async () => {
    const annFlows = workflowsOf(ann)
    await annFlows.publish({ nightly: failing() })
    const told = async () =>
      [
        ...new Set((await alerts(ann)).flatMap(({ record, records }) => records ?? [record.id])),
      ].sort()
    const [first, second] = [await run('t:nightly'), await run('t:nightly')]
    await expect.poll(told).toEqual([first, second].sort())
    const [one] = await alerts(ann)
    expect(one.data.text.en).toBe('A run of Nightly failed: The stock is empty.')
    expect(one.data.text.de).toContain('The stock is empty.')
    const third = await run('t:nightly')
    await expect.poll(told).toEqual([first, second, third].sort())
    // One, unless the hour is full while this test runs.
    const runs = await flows.runs({ workflow: 't:nightly' })
    const hours = new Set(runs.map(({ endedAt }) => String(endedAt).slice(0, 13)))
    expect(await alerts(ann)).toHaveLength(hours.size)
    if (hours.size === 1) expect((await alerts(ann))[0].count).toBe(3)
    expect(await alerts(rita)).toEqual([])
  })

  it('is told to admins when no member published it, to those who are named, or to nobody', async () => {
    const of = async (label: string) =>
      (await inbox(ann, 'alert')).filter(({ byName }) => byName === label).length
    await flows.publish({
      byKey: failing({ label: 'By key' }),
      named: failing({ label: 'Named', alerts: { users: [ann.userId] } }),
      silent: failing({ label: 'Silent', alerts: { off: true } }),
    })
    for (const name of ['silent', 'named', 'byKey']) await run(`t:${name}`)
    await expect.poll(() => of('By key')).toBe(1)
    await expect.poll(() => of('Named')).toBe(1)
    expect(await of('Silent')).toBe(0)
  })

  it('and a step that tells people, say so when no plugin does', async () => {
    const turn = (state: string) => flows.ask('PATCH', '/plugins/platform.notifications', { state })
    await turn('disabled')
    const told = await flows.becomes(await run('t:anybody'), 'failed')
    expect(told.state.failure).toMatchObject({
      code: 'NOT_FOUND',
      message: 'No enabled plugin tells people anything.',
    })
    await turn('enabled')
  })
})

describe('a workflow that agents may call', () => {
  const input = {
    type: 'object',
    additionalProperties: false,
    required: ['days'],
    properties: { days: { type: 'integer', minimum: 1 }, why: { type: 'string', default: '-' } },
  }
  const tool = (schema: object) => ({
    label: 'Put off',
    triggers: { tool: trigger('agent', { description: 'Puts a call off.', input: schema }) },
    start: 'end',
    steps: { end: step('stop', { result: '{{ vars.days }} {{ trigger.payload.why }}' }) },
  })
  /** The kernel's own way: whoever runs an agent has its context made. */
  const asAgent = async (roles: readonly string[], asked: object) => {
    const { contexts, actions } = app.house
    const system = await contexts.system(org.orgId)
    const principal = {
      ...({ type: 'agent', id: 'sales', name: 'Sales agent', userId: null } as const),
      ...{ roles, teammates: [], scopes: null },
    }
    const ctx = { ...system, principal, ability: contexts.abilityIn(system, principal) }
    const answer = await actions.run(ctx, 'platform.workflows:start', asked)
    return 'output' in answer ? (answer.output as Json).runs[0] : null
  }
  const admin = ['platform.people:admin']

  it('is listed with what it takes, checks what it is given and says who called', async () => {
    await flows.publish({
      putoff: tool(input),
      quiet: { ...tool(input), triggers: { hand: trigger('manual') } },
    })
    const { data } = await flows.ask('GET', '/workflows')
    const listed = data.find(({ ref }: Json) => ref === 't:putoff')
    expect(listed.tool).toEqual({ trigger: 'tool', description: 'Puts a call off.', input })
    const id = await asAgent(admin, { workflow: 't:putoff', input: { days: 3 } })
    const { state } = await flows.becomes(id, 'done')
    expect(state).toMatchObject({
      result: '3 -',
      origin: { type: 'agent', trigger: 'tool', by: { type: 'agent', name: 'Sales agent' } },
    })
    await expect(
      asAgent(admin, { workflow: 't:putoff', input: { days: 'soon', more: 1 } }),
    ).rejects.toMatchObject({ status: 422 })
    await expect(asAgent(admin, { workflow: 't:quiet' })).rejects.toMatchObject({ status: 403 })
    await expect(
      asAgent(['platform.people:viewer'], { workflow: 't:putoff', input: { days: 3 } }),
    ).rejects.toMatchObject({ status: 403 })
    const wrong = await org.call('POST', '/workflows/t:putoff/run', { input: {} })
    expect(wrong.json()).toMatchObject({ errors: [{ path: 'input.days', code: 'REQUIRED' }] })
    expect(await run('t:putoff', { input: { days: 1 } })).toBeTruthy()
  })

  it('takes no schema that a validator cannot be made of safely', async () => {
    const value = tool({ type: 'object', properties: { a: { type: 'string', pattern: '(a+)+$' } } })
    const ops = [{ op: 'set', path: ['workflows', 'unsafe'], value }]
    const answer = await org.call('PATCH', '/studio/draft', { ops })
    expect(answer.statusCode).toBe(422)
    expect(answer.json<Json>().errors[0].path).toContain('triggers/tool/settings/input')
  })
})

describe('a dry run', () => {
  it('tells what a run would come to: writes, mails, requests, people told and other runs', async () => {
    await flows.publish({
      inner: {
        label: 'Inner',
        entity: 'crm.leads:lead',
        start: 'change',
        steps: { change: step('update-record', { values: { score: 5 } }) },
      },
      costly: {
        label: 'Costly',
        entity: 'crm.leads:lead',
        triggers: { hand: trigger('manual') },
        start: 'each',
        steps: {
          each: step('for-each', { items: [1, 2, 3], do: 'task' }, { next: 'sub' }),
          task: step('create-record', { entity: 'platform.tasks:task', values: { title: 'T' } }),
          sub: step('run-workflow', { workflow: 't:inner' }, { next: 'mail' }),
          mail: step(
            'mail',
            { to: ['a@example.test', 'b@example.test'], subject: 'Hi', text: 'Hi' },
            { next: 'tell' },
          ),
          tell: step('notify', { text: 'Hi', users: [ann.userId] }, { next: 'call' }),
          call: step('http', { url: 'https://example.test/', method: 'GET' }, { next: 'send' }),
          send: step('action', {
            action: 'crm.messages:send_message',
            input: { messageId: '{{ record.id }}' },
          }),
        },
      },
    })
    const { id } = await make('leads', { name: 'Ada' })
    const records = { entity: 'leads', ids: [id] }
    const tried = () => flows.ask('POST', '/workflows/t:costly/run', { records, dryRun: true })
    const { costs } = await tried()
    expect(costs).toMatchObject({ ...{ mails: 3, requests: 1 }, spent: [] })
    // What it costs the organisation knows better than whoever brings the action.
    const target = 'actions/crm.messages:send_message'
    const cost = {
      op: 'set',
      target,
      path: ['cost'],
      from: { unit: 'mail', amount: 1 },
      value: { unit: 'USD', amount: 0.02 },
    }
    await flows.ask('PATCH', '/studio/draft', { ops: [cost] })
    await flows.publish({ other: { label: 'O', start: 'end', steps: { end: step('stop') } } })
    const dry = await tried()
    expect(dry.costs).toMatchObject({
      writes: [
        { entity: 'platform.tasks:task', create: 3, update: 0 },
        { entity: 'crm.leads:lead', create: 0, update: 1 },
      ],
      ...{ mails: 2, requests: 2, notifications: 1, runs: 1 },
      spent: [{ unit: 'USD', amount: 0.02 }],
    })
    expect(dry.isPartial).toBe(false)
  })
})

describe('taking back a run', () => {
  it('takes back what all its steps and the runs that it waited for wrote, as one, and that itself again', async () => {
    await flows.publish({
      part: {
        label: 'Part',
        entity: 'crm.leads:lead',
        start: 'note',
        steps: {
          note: step('update-record', { values: { notes: 'Seen' } }, { next: 'mail' }),
          mail: step('mail', { to: 'b@example.test', subject: 'Hi', text: 'Hi' }),
        },
      },
      whole: {
        label: 'Whole',
        entity: 'crm.leads:lead',
        triggers: { hand: trigger('manual') },
        start: 'one',
        steps: {
          one: step('update-record', { values: { score: 1 } }, { next: 'two' }),
          two: step('update-record', { values: { score: 2 } }, { next: 'each' }),
          each: step('for-each', { items: [1, 2], do: 'task' }, { next: 'part' }),
          task: step('create-record', { entity: 'platform.tasks:task', values: { title: 'Undo' } }),
          part: step('run-workflow', { workflow: 't:part' }, { next: 'mail' }),
          mail: step('mail', { to: 'a@example.test', subject: 'Hi', text: 'Hi' }),
        },
      },
    })
    const { id: leadId } = await make('leads', { name: 'Ada', score: 9 })
    const lead = () => flows.ask('GET', `/leads/${leadId}`)
    const tasks = async () =>
      (await flows.ask('GET', '/tasks?limit=200')).data.filter(
        ({ title }: Json) => title === 'Undo',
      )
    const id = await run('t:whole', { records: { entity: 'leads', ids: [leadId] } })
    const told = await flows.becomes(id, 'done')
    expect(told.written).toMatchObject({ state: 'done', counts: { created: 2, updated: 3 } })
    const { data: parts } = await flows.ask('GET', `/changes?parent=${id}`)
    expect(parts.map(({ parentId }: Json) => parentId)).toEqual([id, id, id, id, id])
    expect((await flows.ask('GET', `/changes/${id}`)).records.data).toHaveLength(5)

    const undo = (input: object = {}) =>
      org.call('POST', '/actions/platform.workflows:undo', { input: { id, ...input } })
    await flows.ask('PATCH', `/leads/${leadId}`, { score: 7 })
    const refused = await undo()
    expect(refused.statusCode).toBe(409)
    expect(refused.json<Json>()).toMatchObject({
      code: 'CHANGE_CONFLICT',
      conflicts: [{ entity: 'leads', id: leadId, field: 'score', then: 2, now: 7 }],
    })
    expect(await tasks()).toHaveLength(2)
    await flows.ask('PATCH', `/leads/${leadId}`, { score: 2 })
    const { output } = (await undo()).json<Json>()
    expect(output).toMatchObject({ reverted: 3, skipped: 0, stays: { mails: 2, requests: 0 } })
    expect(await lead()).toMatchObject({ score: 9, notes: null })
    expect(await tasks()).toEqual([])
    expect((await flows.detail(id)).written.state).toBe('reverted')
    expect((await undo()).statusCode).toBe(409)

    await flows.ask('POST', `/changes/${output.changeSetId}/revert`)
    expect(await lead()).toMatchObject({ score: 2, notes: 'Seen' })
    expect(await tasks()).toHaveLength(2)
    expect((await flows.detail(id)).written.state).toBe('done')
    const part = (await flows.runs({ workflow: 't:part' }))[0]
    const inner = await org.call('POST', '/actions/platform.workflows:undo', {
      input: { id: part.id },
    })
    expect(inner.statusCode).toBe(409)
  })
})

describe('runs that ended long ago', () => {
  it('keep their record, and lose what is kept of their steps, parts and definitions', async () => {
    const old = (more: object = {}) => ({
      label: 'Old',
      triggers: { hand: trigger('manual') },
      start: 'each',
      steps: {
        each: step('for-each', { items: [1, 2, 3], do: 'keep' }),
        keep: step('set', { values: { a: 1 } }),
        ...more,
      },
    })
    await flows.publish({ old: old() })
    const ended = await run('t:old')
    await flows.becomes(ended, 'done')
    await flows.publish({ old: old({ rest: step('wait', { for: 9, unit: 'days' }) }) })
    await flows.publish({
      old: { ...old({ rest: step('wait', { for: 9, unit: 'days' }) }), start: 'rest' },
    })
    const waiting = await run('t:old')
    await flows.becomes(waiting, 'waiting')

    const tables = async () => {
      const { rows } = await app.house.db.query<{ n: number }>(org.orgId, {
        text: `select (select count(*) from tenant.platform_workflows_state where org_id = $1 and run = $2)
          + (select count(*) from tenant.platform_workflows_step where org_id = $1 and run = $2)
          + (select count(*) from tenant.platform_workflows_definition d where org_id = $1 and workflow = 't:old'
              and not exists (select from tenant.platform_workflows_state s where s.org_id = $1 and s.hash = d.hash)) as n`,
        values: [org.orgId, ended],
      })
      return Number(rows[0]!.n)
    }
    const sweep = async (days: number) => {
      const ctx = await app.house.contexts.system(org.orgId)
      const plugin = 'platform.workflows'
      const principal = { ...ctx.principal, type: 'plugin', id: plugin, name: plugin } as const
      const now = new Date(Date.now() + days * 86_400_000)
      await app.house.callHandler({ ...ctx, principal, now }, plugin, 'sweepRuns', null)
    }
    const before = await tables()
    await sweep(89)
    expect(await tables()).toBe(before)
    await sweep(91)
    expect(await tables()).toBe(0)
    expect(await flows.detail(ended)).toMatchObject({
      isSwept: true,
      state: null,
      run: { status: 'done' },
    })
    expect((await flows.detail(waiting)).isSwept).toBe(false)
    const again = await org.call('POST', '/actions/platform.workflows:replay', {
      input: { id: ended },
    })
    expect(again.statusCode).toBe(409)
  })
})
