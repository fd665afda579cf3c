import { createServer, type Server as HttpServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Caller, startApp, type TestApp } from '../setup/test-app.ts'
import { type Json, step, trigger, workflowsOf } from '../setup/workflows.ts'

/** What workflows do to the outside and at times of the clock, and what they would do. */
let app: TestApp
let org: Caller
let flows: ReturnType<typeof workflowsOf>
let receiver: HttpServer
let outside: string
/** Holds a row that a dry run wants, for as long as that takes. */
let holder: pg.Client
let held: { readonly lead: Json; readonly told: Promise<Json> }
let asked: { key: string; body: Json; url: string }[] = []
let answers: ((request: IncomingMessage) => { status: number; body?: string })[] = []

beforeAll(async () => {
  receiver = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => {
      asked.push({
        key: String(request.headers['idempotency-key']),
        body: body ? JSON.parse(body) : null,
        url: request.url ?? '',
      })
      const answer = answers.shift()?.(request) ?? { status: 200, body: '{"ok":true}' }
      response.writeHead(answer.status, { location: '/elsewhere' })
      response.end(answer.body ?? '')
    })
  })
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
  outside = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`
  app = await startApp({ TWILIO_BASE_URL: outside })
  org = await app.createOrg({ name: 'Acme' })
  flows = workflowsOf(org)
  holder = new pg.Client({ connectionString: app.database.adminUrl })
  await holder.connect()
  held = await beginHeld()
})
afterAll(async () => {
  await holder?.end()
  receiver?.closeAllConnections()
  receiver?.close()
  await app?.stop()
})
beforeEach(() => {
  asked = []
  answers = []
})

/** A dry run of which every step is held up by somebody else. It takes its time, so it begins before all else. */
async function beginHeld() {
  const change = (n: number) => {
    const next = `s${n + 1}`
    return [`s${n}`, step('update-record', { values: { notes: 'x' } }, { onError: next, next })]
  }
  const steps = Object.fromEntries([0, 1, 2, 3, 4, 5, 6, 7].map(change))
  const stuck = { label: 'Stuck', entity: 'crm.leads:lead', start: 's0' }
  await flows.publish({ stuck: { ...stuck, steps: { ...steps, s8: step('stop') } } })
  const lead = await flows.ask('POST', '/leads', { name: 'Cy' })
  await holder.query('begin')
  await holder.query('select 1 from tenant.crm_leads_lead where id = $1 for update', [lead.id])
  const records = { entity: 'leads', ids: [lead.id] }
  const told = flows.ask('POST', '/workflows/t:stuck/run', { records, dryRun: true })
  told.catch(() => {})
  return { lead, told }
}

const run = async (workflow: string, body: object = {}) =>
  (await flows.ask('POST', `/workflows/${workflow}/run`, body)).runs[0] as string

describe('a request to another system', () => {
  const call = (more: object = {}) => ({
    label: 'Call',
    triggers: { hand: trigger('manual') },
    start: 'call',
    steps: {
      call: step(
        'http',
        { url: `${outside}/orders`, body: { n: '{{ trigger.payload.n }}' } },
        { next: 'end', retry: { attempts: 3, backoffSeconds: 0 }, ...more },
      ),
      end: step('stop', { result: '{{ steps.call.output.body.ok }}' }),
    },
  })

  it('is tried again with the same key while the other side has no answer, and ends once it has', async () => {
    await flows.publish({ call: call() })
    answers = [() => ({ status: 503 }), () => ({ status: 429 })]
    const told = await flows.becomes(await run('t:call', { input: { n: 7 } }), 'done')
    expect(told.state.result).toBe(true)
    expect(asked.map(({ body }) => body)).toEqual([{ n: 7 }, { n: 7 }, { n: 7 }])
    expect(new Set(asked.map(({ key }) => key)).size).toBe(1)
    expect(told.steps.map((one: Json) => [one.status, one.attempt])).toEqual([
      ['failed', 1],
      ['failed', 2],
      ['done', 3],
      ['done', 1],
    ])
  })

  it('is not followed elsewhere, and a refusal is not asked again', async () => {
    answers = [() => ({ status: 302 })]
    const redirected = await flows.becomes(await run('t:call'), 'done')
    expect(redirected.steps[0].output.status).toBe(302)
    expect(asked).toHaveLength(1)
    answers = [() => ({ status: 422, body: '{"why":"no"}' })]
    const refused = await flows.becomes(await run('t:call'), 'failed')
    expect(refused.state.failure).toMatchObject({ step: 'call', code: 'HTTP_422' })
    expect(asked).toHaveLength(2)
  })

  it('that says too much or leads inside the house fails with its reason', async () => {
    await flows.publish({
      call: call({ timeoutSeconds: 1, retry: { attempts: 1 } }),
      inside: {
        ...call({ retry: { attempts: 1 } }),
        steps: { call: step('http', { url: 'http://169.254.169.254/latest' }) },
      },
    })
    answers = [() => ({ status: 200, body: 'x'.repeat(12 * 1024 * 1024) })]
    const huge = await flows.becomes(await run('t:call'), 'failed')
    expect(huge.run.error).toBeTruthy()
    const inner = await flows.becomes(await run('t:inside'), 'failed')
    expect(inner.state.failure.code).toBe('FORBIDDEN')
  })
})

describe('a schedule', () => {
  it('begins a run when its time has come, once', async () => {
    const every = (cron: string) => ({
      label: 'Clock',
      triggers: { clock: trigger('schedule', { cron }) },
      start: 'end',
      steps: { end: step('stop', { result: '{{ trigger.at }}' }) },
    })
    await flows.publish({ clock: every('* * * * * *') })
    await expect
      .poll(async () => (await flows.runs({ workflow: 't:clock', status: 'done' })).length)
      .toBeGreaterThanOrEqual(3)
    // Another one shows that time goes on when this one stands.
    const off = { ...every('* * * * * *'), enabled: false }
    await flows.publish({ clock: off, other: every('* * * * * *') })
    const count = async (workflow: string) => (await flows.runs({ workflow })).length
    const waiting = async (workflow: string) => {
      const { rowCount } = await app.house.db.query(org.orgId, {
        text: `select from tenant.job where org_id = $1 and payload ->> 'schedule' like $2 || '%'
          and state in ('ready', 'running')`,
        values: [org.orgId, workflow],
      })
      return rowCount
    }
    await expect.poll(() => count('t:other')).toBeGreaterThanOrEqual(2)
    await expect.poll(() => waiting('t:clock')).toBe(0)
    const runs = await flows.runs({ workflow: 't:clock' })
    const ticks = await Promise.all(
      runs.map(async ({ id }) => (await flows.detail(id)).state.origin.at),
    )
    expect(new Set(ticks).size).toBe(ticks.length)
    await expect.poll(() => count('t:other')).toBeGreaterThanOrEqual(5)
    expect(await count('t:clock')).toBe(runs.length)
    await flows.publish({ other: null })
    await expect.poll(() => waiting('t:other')).toBe(0)
  })
})

describe('a mail', () => {
  it('is sent once its step is through', async () => {
    await flows.publish({
      mail: {
        label: 'Mail',
        entity: 'crm.leads:lead',
        triggers: { hand: trigger('manual') },
        start: 'mail',
        steps: {
          mail: step('mail', {
            to: '{{ record.email }}',
            subject: 'Hello {{ record.name }}',
            text: 'From {{ org.name }}.',
          }),
        },
      },
    })
    const lead = await flows.ask('POST', '/leads', { name: 'Ada', email: 'ada@nordvik.example' })
    await flows.becomes(
      await run('t:mail', { records: { entity: 'leads', ids: [lead.id] } }),
      'done',
    )
    const { data } = await flows.ask('GET', '/mail/messages')
    expect(data.filter((one: Json) => one.subject === 'Hello Ada')).toHaveLength(1)
  })
})

describe('a dry run', () => {
  it('shows what would happen and does none of it', async () => {
    await flows.publish({
      all: {
        label: 'All',
        entity: 'crm.leads:lead',
        enabled: false,
        start: 'both',
        steps: {
          both: step('parallel', { branches: { a: 'note', b: 'call' } }, { next: 'each' }),
          note: step('update-record', { values: { notes: 'Seen' } }),
          call: step('http', { url: `${outside}/dry`, body: { id: '{{ record.id }}' } }),
          each: step('for-each', { items: ['x', 'y'], do: 'task' }, { next: 'nap' }),
          task: step('create-record', {
            entity: 'platform.tasks:task',
            values: { title: 'Dry {{ item }} {{ record.notes }}' },
          }),
          nap: step('wait', { for: 3, unit: 'days' }, { next: 'mail' }),
          mail: step(
            'mail',
            { to: '{{ record.email }}', subject: 'Dry', text: 'Dry' },
            { next: 'bad' },
          ),
          bad: step('update-record', { values: { email: 'none' } }, { onError: 'end' }),
          end: step('stop', { result: 'through' }),
        },
      },
    })
    const lead = await flows.ask('POST', '/leads', { name: 'Bo', email: 'bo@nordvik.example' })
    const told = await flows.ask('POST', '/workflows/t:all/run', {
      dryRun: true,
      records: { entity: 'leads', ids: [lead.id] },
    })
    expect(told).toMatchObject({ status: 'done', result: 'through', failure: null })
    expect(
      told.steps.map((one: Json) => [one.step, one.status, ...(one.assumed ? ['assumed'] : [])]),
    ).toEqual([
      ['note', 'done'],
      ['call', 'done', 'assumed'],
      ['both', 'done'],
      ['task', 'done'],
      ['task', 'done'],
      ['each', 'done'],
      ['nap', 'done', 'assumed'],
      ['mail', 'done'],
      ['bad', 'failed'],
      ['end', 'done'],
    ])
    expect(told.changes).toEqual([
      {
        entity: 'crm.leads:lead',
        id: lead.id,
        op: 'update',
        fields: { notes: { from: null, to: 'Seen' } },
      },
      expect.objectContaining({ entity: 'platform.tasks:task', op: 'create' }),
      expect.objectContaining({ entity: 'platform.tasks:task', op: 'create' }),
    ])
    expect(told.steps[3].output.title).toBe('Dry x Seen')
    expect((await flows.ask('GET', `/leads/${lead.id}`)).notes).toBeNull()
    const filter = encodeURIComponent('{"title":{"$startsWith":"Dry"}}')
    expect((await flows.ask('GET', `/tasks?filter=${filter}`)).data).toEqual([])
    const mails = (await flows.ask('GET', '/mail/messages')).data
    expect(mails.filter((one: Json) => one.subject === 'Dry')).toEqual([])
    expect(asked).toEqual([])
    expect(await flows.runs({ workflow: 't:all' })).toEqual([])
    const rep = await app.createKey(org.orgId, { role: 'rep' })
    const refused = await rep.call('POST', '/workflows/t:all/run', { dryRun: true })
    expect(refused.statusCode).toBe(403)
  })

  it('assumes what people and others would say, takes no number and tells nobody', async () => {
    const quiet = ['notifications', 'approvals', 'runs', 'tasks']
    const counts = () =>
      Promise.all(
        quiet.map(async (one) => {
          const { page } = await flows.ask('GET', `/${one}?limit=1&count=exact`)
          return page.count
        }),
      )
    const order = { entity: 'crm.orders:order', values: { name: 'Boat' } }
    await flows.publish({
      people: {
        label: 'People',
        entity: 'crm.leads:lead',
        start: 'number',
        steps: {
          number: step('create-record', order, { next: 'ask' }),
          ask: step('platform.approvals:approval', {
            ...{ role: 'platform.people:admin', assume: 'rejected' },
            ...{ approved: 'never', rejected: 'form' },
          }),
          form: step('platform.approvals:form', {
            ...{ role: 'platform.people:admin', fields: { why: { label: 'Why', type: 'text' } } },
            ...{ submitted: 'event', timedOut: 'never' },
          }),
          event: step('wait-for-event', { event: 'record.updated' }, { next: 'tell' }),
          tell: step('notify', { text: 'Hi', roles: ['platform.people:admin'] }, { next: 'again' }),
          again: step('create-record', order),
          never: step('stop', { fails: true }),
        },
      },
    })
    const first = await flows.ask('POST', '/orders', { name: 'Ship' })
    const lead = await flows.ask('POST', '/leads', { name: 'Di' })
    const before = await counts()
    const told = await flows.ask('POST', '/workflows/t:people/run', {
      dryRun: true,
      records: { entity: 'leads', ids: [lead.id] },
    })
    expect(
      told.steps.map((one: Json) => [one.step, one.status, ...(one.assumed ? ['assumed'] : [])]),
    ).toEqual([
      ['number', 'done'],
      ['ask', 'done', 'assumed'],
      ['form', 'done', 'assumed'],
      ['event', 'done', 'assumed'],
      ['tell', 'done'],
      ['again', 'done'],
    ])
    expect(await counts()).toEqual(before)
    const next = await flows.ask('POST', '/orders', { name: 'Raft' })
    expect(next.number - first.number).toBe(1)
  })

  it('ends when its time is over, whatever holds it up, and lets go of all that it held', async () => {
    const told = await held.told
    expect(told).toMatchObject({
      ...{ status: 'failed', failure: { code: 'TIMEOUT' } },
      ...{ changes: [], isPartial: true },
    })
    expect(told.steps.length).toBeLessThan(8)
    await holder.query('rollback')
    await flows.ask('PATCH', `/leads/${held.lead.id}`, { notes: 'Mine' })
    const many = Array.from({ length: 600 }, (_, n) => n)
    await flows.publish({
      many: {
        label: 'Many',
        start: 'each',
        steps: {
          each: step('for-each', { items: many, do: 'keep' }),
          keep: step('set', { values: { n: '{{ item }}' } }),
        },
      },
    })
    const long = await flows.ask('POST', '/workflows/t:many/run', { dryRun: true })
    expect(long.steps.length).toBeLessThanOrEqual(501)
  })

  it('of a workflow that begins itself ends as the run would', async () => {
    const again = step('run-workflow', { workflow: 't:circle' })
    await flows.publish({ circle: { label: 'Circle', start: 'again', steps: { again } } })
    const told = await flows.ask('POST', '/workflows/t:circle/run', { dryRun: true })
    expect(told.steps).toHaveLength(8)
    expect(told.failure.message).toContain('Workflows started one another 8 times in a row')
  })
})
