import { createHmac, timingSafeEqual } from 'node:crypto'
import { createServer, type Server as HttpServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Caller, startApp, type TestApp } from '../setup/test-app.ts'
import type { Json } from '../setup/workflows.ts'

/** What other systems are told, by a receiver that checks signatures with its own few lines. */
let app: TestApp
let database: pg.Client
let org: Caller
let other: Caller
let receiver: HttpServer
let outside: string
interface Got {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}
let got: Got[] = []
/** How the receiver answers, in turn; then 204. */
let answers: ((response: ServerResponse) => void)[] = []
const secretsShown: string[] = []

const status =
  (code: number, body = '', headers = {}) =>
  (response: ServerResponse) => {
    response.writeHead(code, headers)
    response.end(body)
  }
const plugin = 'integrations.webhooks'

beforeAll(async () => {
  receiver = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => {
      const headers = request.headers as Record<string, string>
      got.push({ path: request.url ?? '', headers, body })
      const answer = answers.shift() ?? status(204)
      answer(response)
    })
  })
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
  outside = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`
  app = await startApp({ TWILIO_BASE_URL: outside, LOG_LEVEL: 'trace' })
  database = new pg.Client({ connectionString: app.database.adminUrl })
  await database.connect()
  await database.query(`
    create table public.held (job text);
    insert into public.held values ('attempt');
    create function public.hold_job() returns trigger language plpgsql security definer as $$
      begin
        if exists (select from tenant.job j join public.held h on h.job = j.job
          where j.org_id = new.org_id and j.id = new.id)
        then new.due := new.due + interval '1 day'; end if;
        return new;
      end $$;
    create trigger hold_job before insert or update on directory.ready_job for each row
      when (new.due > now()) execute function public.hold_job()`)
  org = await app.createOrg({ name: 'Acme' })
  other = await app.createOrg({ name: 'Other' })
})
afterAll(async () => {
  receiver?.closeAllConnections()
  receiver?.close()
  await database?.end()
  await app?.stop()
})
beforeEach(async () => {
  for (const one of (await ask(org, 'GET', '/webhook-endpoints')).data) {
    await ask(org, 'PATCH', `/webhook-endpoints/${one.id}`, { active: false })
  }
  got = []
  answers = []
})

async function ask(who: Caller, method: string, url: string, body?: unknown): Promise<Json> {
  const answer = await who.call(method, url, body)
  if (answer.statusCode >= 300) throw new Error(`${method} ${url}: ${answer.body}`)
  return answer.statusCode === 204 ? null : answer.json()
}
const act = async (who: Caller, key: string, input: object): Promise<Json> =>
  (await ask(who, 'POST', `/actions/${plugin}:${key}`, { input })).output

async function makeEndpoint(events: readonly string[], more: object = {}, who = org) {
  const input = { url: `${outside}/in`, events, ...more }
  const made = (await act(who, 'create_endpoint', input)) as { id: string; secret: string }
  secretsShown.push(made.secret)
  return made
}
const makeLead = async (values: object = {}, who = org): Promise<Json> =>
  ask(who, 'POST', '/leads', { name: 'Ada Lovelace', ...values })
const endpointOf = (id: string) => ask(org, 'GET', `/webhook-endpoints/${id}`)
const deliveriesOf = async (endpointId: string, who = org): Promise<Json[]> =>
  (
    await ask(
      who,
      'GET',
      `/webhook-deliveries?limit=200&sort=createdAt,id&filter=${encodeURIComponent(JSON.stringify({ endpointId }))}`,
    )
  ).data
const becomes = (endpointId: string, wanted: readonly object[]) =>
  expect
    .poll(() => deliveriesOf(endpointId), { interval: 30 })
    .toEqual(wanted.map((one) => expect.objectContaining(one)))

/** The last one arrives before it is noted that it did. */
const areDelivered = (endpointId: string) =>
  expect
    .poll(async () => (await deliveriesOf(endpointId)).map(({ status }) => status), {
      interval: 30,
    })
    .toSatisfy((found: string[]) => found.every((one) => one === 'delivered'))

/** The signatures of a message that a receiver with this secret would take. */
function takenBy(secret: string, { headers, body }: Got): boolean {
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64')
  const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`
  const wanted = createHmac('sha256', key).update(signed).digest()
  const age = Math.abs(Date.now() / 1_000 - Number(headers['webhook-timestamp']))
  const given = headers['webhook-signature']?.split(' ') ?? []
  return (
    age < 300 &&
    given.some((one) => {
      const [version, text = ''] = one.split(',')
      const bytes = Buffer.from(text, 'base64')
      return version === 'v1' && bytes.length === 32 && timingSafeEqual(bytes, wanted)
    })
  )
}

/** As if the time of every job of a kind that waits had come: by themselves they are held back. */
async function hurry(job = 'attempt'): Promise<void> {
  await database.query(
    `update directory.ready_job set due = now() where org_id = $1 and due > now()
       and due < now() + interval '4 days'
       and id in (select id from tenant.job where job = $2 and state = 'ready')`,
    [org.orgId, job],
  )
}

/** Until everything that was committed until now was heard and worked on. */
async function quiet(who = org): Promise<void> {
  const waiting = async () => {
    const { rows } = await database.query<{ n: string }>(
      `select (select count(*) from directory.unsent_outbox where org_id = $1)
        + (select count(*) from tenant.job where org_id = $1 and state in ('ready', 'running')
            and (run_at <= now() or job = 'subscriber')) as n`,
      [who.orgId],
    )
    return Number(rows[0]!.n)
  }
  await expect.poll(waiting, { interval: 30 }).toBe(0)
}

describe('a webhook', () => {
  it('is told what it listens to, once, signed, with the record as it is', async () => {
    const { id, secret } = await makeEndpoint(['record.created crm.leads:lead'])
    expect(secret).toMatch(/^whsec_/)
    const lead = await makeLead({ email: 'ada@nordvik.example' })
    await ask(org, 'PATCH', `/leads/${lead.id}`, { notes: 'Not this' })
    await ask(org, 'POST', '/accounts', { name: 'Nor this' })
    await becomes(id, [{ status: 'delivered', attempt: 1, responseStatus: 204 }])
    await quiet()
    expect(got).toHaveLength(1)
    expect(takenBy(secret, got[0]!)).toBe(true)
    expect(takenBy(`whsec_${Buffer.alloc(32).toString('base64')}`, got[0]!)).toBe(false)
    expect(takenBy(secret, { ...got[0]!, body: got[0]!.body.replace('Ada', 'Eve') })).toBe(false)
    expect(got[0]!.headers['content-type']).toBe('application/json')
    expect(JSON.parse(got[0]!.body)).toEqual({
      type: 'record.created',
      timestamp: expect.stringMatching(/Z$/),
      data: {
        entity: 'crm.leads:lead',
        id: lead.id,
        version: 1,
        record: expect.objectContaining({ id: lead.id, email: 'ada@nordvik.example' }),
      },
    })
    const [delivery] = await deliveriesOf(id)
    expect(delivery.webhookId).toBe(got[0]!.headers['webhook-id'])
  })

  it('hears of everything when it asks for it: changes by name, what is deleted and comes back', async () => {
    const { id } = await makeEndpoint(['*'], { ordered: true })
    const lead = await makeLead()
    await ask(org, 'PATCH', `/leads/${lead.id}`, { notes: 'Seen', score: 5 })
    await ask(org, 'DELETE', `/leads/${lead.id}`)
    await ask(org, 'POST', `/leads/${lead.id}/restore`)
    await expect
      .poll(() => got.map(({ body }) => JSON.parse(body)).filter(({ data }) => data.id === lead.id))
      .toMatchObject([
        { type: 'record.created' },
        { type: 'record.updated', data: { fields: ['notes', 'score'] } },
        { type: 'record.deleted', data: { id: lead.id } },
        { type: 'record.restored', data: { record: { notes: 'Seen' } } },
      ])
    await areDelivered(id)
  })

  it('is not told what its roles may not read, and of another organisation nothing at all', async () => {
    const ops = [
      {
        op: 'set',
        path: ['roles', 'outsider'],
        value: {
          label: 'Outsider',
          rules: {
            leads: { operations: ['read'], entity: 'crm.leads:lead', condition: { source: 'web' } },
            mail: {
              ...{ effect: 'deny', operations: ['read'], entity: 'crm.leads:lead' },
              fields: ['email', 'score'],
            },
          },
        },
      },
    ]
    await ask(org, 'PATCH', '/studio/draft', { ops })
    const { hash } = await ask(org, 'POST', '/studio/plan')
    await ask(org, 'POST', '/studio/publish', { hash, message: 'Outsider' })
    const narrow = await makeEndpoint(['*'], { roles: ['t:outsider'], url: `${outside}/narrow` })
    await makeEndpoint(['*'], { url: `${outside}/other` }, other)
    const hidden = await makeLead({ name: 'Hidden', source: 'phone', email: 'no@nordvik.example' })
    const lead = await makeLead({ source: 'web', email: 'hide@nordvik.example', score: 77 })
    await ask(org, 'PATCH', `/leads/${lead.id}`, { score: 78 })
    await ask(org, 'PATCH', `/leads/${lead.id}`, { score: 79, notes: 'x' })
    await ask(org, 'POST', '/accounts', { name: 'Account' })
    await quiet()
    await becomes(narrow.id, [{ status: 'delivered' }, { status: 'delivered' }])
    const told = got.filter(({ path }) => path === '/narrow')
    expect(told.map(({ body }) => JSON.parse(body).data.id)).toEqual([lead.id, lead.id])
    const text = told.map(({ body }) => body).join()
    expect(text).not.toMatch(/hide@nordvik|"email"|"score"|Hidden/)
    const updated = told.map(({ body }) => JSON.parse(body)).find((one) => one.data.fields)
    expect(updated.data.fields).toEqual(['notes'])
    expect(got.filter(({ path }) => path === '/other')).toEqual([])
    expect(text).not.toContain(hidden.id)
    await makeLead({ name: 'Theirs' }, other)
    await quiet(other)
    expect(got.filter(({ path }) => path !== '/other' && path !== '/narrow')).toEqual([])
    for (const one of (await ask(other, 'GET', '/webhook-endpoints')).data) {
      await ask(other, 'PATCH', `/webhook-endpoints/${one.id}`, { active: false })
    }
  })

  it('is led with no more rights than those of who leads it', async () => {
    const editor = await app.createKey(org.orgId, { role: 'editor' })
    const input = { url: `${outside}/in`, events: ['*'], roles: ['platform.people:admin'] }
    const path = `/actions/${plugin}:create_endpoint`
    expect((await editor.call('POST', path, { input })).statusCode).toBe(403)
    const scopes = ['actions:*', '*:read', '*:write']
    const narrowed = await app.createKey(org.orgId, { role: 'editor', scopes })
    const { url, events } = input
    expect((await narrowed.call('POST', path, { input: { url, events } })).statusCode).toBe(403)
    const own = await makeEndpoint(['*'], {}, editor)
    expect((await endpointOf(own.id)).roles).toEqual(['platform.people:editor'])
    await act(editor, 'change_endpoint', { id: own.id, url: `${outside}/moved` })
    const { id } = await makeEndpoint(['*'])
    for (const [key, more] of [
      ['change_endpoint', { url: `${outside}/theft` }],
      ['rotate_secret', {}],
    ] as const) {
      const answer = await editor.call('POST', `/actions/${plugin}:${key}`, {
        input: { id, ...more },
      })
      expect(answer.statusCode).toBe(403)
    }
    for (const values of [{ url: `${outside}/theft` }, { roles: ['platform.people:admin'] }]) {
      const answer = await org.call('PATCH', `/webhook-endpoints/${own.id}`, values)
      expect(answer.json()).toMatchObject({ status: 422, errors: [{ code: 'READ_ONLY' }] })
    }
    for (const address of ['ftp://a.example', 'https://a:b@a.example', 'nowhere']) {
      const answer = await org.call('POST', path, { input: { url: address, events } })
      expect(answer.statusCode).toBe(422)
    }
  })

  it('hears of what there is: what is not is named, with what is nearest', async () => {
    const create = (events: readonly string[]) =>
      org.call('POST', `/actions/${plugin}:create_endpoint`, {
        input: { url: `${outside}/in`, events },
      })
    const answer = await create([
      'record.create crm.leads:lead',
      '*',
      'platform.import:import.ended',
    ])
    expect(answer.json()).toMatchObject({
      status: 422,
      errors: [
        {
          code: 'UNKNOWN_OPTION',
          message: expect.stringContaining('“record.created crm.leads:lead”'),
        },
        {
          code: 'UNKNOWN_OPTION',
          message: expect.stringContaining('“platform.imports:import.ended”'),
        },
      ],
    })
    expect(answer.json().errors.map(({ path }: Json) => path)).toEqual([
      ...['events[0]', 'events[2]'],
    ])
    for (const name of [
      'record.created',
      'record.created crm.none:none',
      'record.created  crm.leads:lead',
      '__proto__',
    ]) {
      expect((await create([name])).statusCode).toBe(name === 'record.created' ? 200 : 422)
    }
    const { id } = await makeEndpoint(['record.created crm.leads:lead'])
    const path = `/webhook-endpoints/${id}`
    const changed = await org.call('PATCH', path, { events: ['record.updated', 'nothing'] })
    expect(changed.json()).toMatchObject({ status: 422, errors: [{ path: 'events[1]' }] })
    expect((await endpointOf(id)).events).toEqual(['record.created crm.leads:lead'])
    // What it heard of before a plugin went may stay.
    await database.query(
      `update tenant.integrations_webhooks_endpoint set events = '["gone.plugin:done"]'
        where org_id = $1 and id = $2`,
      [org.orgId, id],
    )
    await ask(org, 'PATCH', path, { events: ['gone.plugin:done', 'record.deleted'] })
  })

  it('is led back by nobody who takes the change of its address back', async () => {
    const { id } = await makeEndpoint(['record.created crm.leads:lead'])
    const changed = await ask(org, 'POST', `/actions/${plugin}:change_endpoint`, {
      input: { id, url: `${outside}/new` },
    })
    const answer = await org.call('POST', `/changes/${changed.changeSetId}/revert`, {})
    expect(answer.statusCode).toBeGreaterThanOrEqual(400)
    expect(answer.statusCode).toBeLessThan(500)
    expect((await endpointOf(id)).url).toBe(`${outside}/new`)
  })
})

describe('a delivery that fails', () => {
  it('is tried ten times in three days under one id, and given up then', async () => {
    const { id, secret } = await makeEndpoint(['record.created crm.leads:lead'])
    answers = Array.from({ length: 10 }, () => status(500, 'Try\0 later'))
    const lead = await makeLead()
    for (let attempt = 1; attempt < 10; attempt++) {
      await becomes(id, [{ status: 'waiting', attempt, responseStatus: 500 }])
      await hurry()
    }
    await becomes(id, [{ status: 'failed', attempt: 10, nextAttemptAt: null }])
    const [delivery] = await deliveriesOf(id)
    expect(delivery).toMatchObject({ responseBody: 'Try later', recordId: lead.id })
    expect(got).toHaveLength(10)
    expect(new Set(got.map(({ headers }) => headers['webhook-id'])).size).toBe(1)
    expect(got.every((one) => takenBy(secret, one))).toBe(true)
    expect((await endpointOf(id)).failingSince).not.toBeNull()
    // Sent again by hand, a receiver knows it by its id.
    expect(await act(org, 'redeliver', { ids: [delivery.id] })).toEqual({ deliveries: 1 })
    await becomes(id, [{ status: 'delivered', attempt: 1, error: null }])
    expect(got.at(-1)!.headers['webhook-id']).toBe(delivery.webhookId)
    expect((await endpointOf(id)).failingSince).toBeNull()
  })

  it('waits longer each time', async () => {
    const { id } = await makeEndpoint(['record.created crm.leads:lead'])
    answers = [status(503), status(503)]
    await makeLead()
    await becomes(id, [{ status: 'waiting', attempt: 1 }])
    const waitOf = (one: Json) => Date.parse(one.nextAttemptAt) - Date.parse(one.updatedAt)
    const first = waitOf((await deliveriesOf(id))[0])
    await hurry()
    await becomes(id, [{ status: 'waiting', attempt: 2 }])
    expect(waitOf((await deliveriesOf(id))[0])).toBeGreaterThan(10 * first)
  })

  it('is one to whoever leads elsewhere, says too much, talks no HTTP, hangs up or is inside the house', async () => {
    const { id } = await makeEndpoint(['record.created crm.leads:lead'])
    answers = [
      status(302, '', { location: `${outside}/elsewhere` }),
      status(400, 'x'.repeat(12 * 1024 * 1024)),
      (response) => response.destroy(),
      (response) => response.socket!.end('SSH-2.0-Nordvik\r\n\r\n'),
      (response) => response.socket!.end(`HTTP/1.1 200 OK\r\nx: ${'z'.repeat(1024 * 1024)}`),
      status(200, 'y'.repeat(12 * 1024 * 1024)),
    ]
    await makeLead()
    await becomes(id, [{ status: 'waiting', attempt: 1, responseStatus: 302 }])
    await hurry()
    await becomes(id, [{ status: 'waiting', attempt: 2, responseBody: 'x'.repeat(2_048) }])
    await hurry()
    for (const attempt of [3, 4, 5]) {
      await becomes(id, [{ status: 'waiting', attempt, responseStatus: null }])
      await hurry()
    }
    await becomes(id, [{ status: 'delivered', attempt: 6, responseBody: null }])
    expect(got.map(({ path }) => path)).toEqual(Array(6).fill('/in'))
    for (const url of ['http://169.254.169.254/latest', 'http://[::1]:9/', 'http://localhost:9/']) {
      await act(org, 'change_endpoint', { id, url })
      const { delivery } = await act(org, 'send_test', { id })
      await expect
        .poll(() => ask(org, 'GET', `/webhook-deliveries/${delivery}`))
        .toMatchObject({ status: 'failed', attempt: 1, error: expect.stringContaining('open') })
    }
  })

  it('ends in time when nobody answers, or somebody without end', async () => {
    const { id } = await makeEndpoint(['record.created crm.goals:goal'])
    const drip = (response: ServerResponse) => {
      response.writeHead(500)
      const timer = setInterval(() => response.write('.'), 100)
      response.on('close', () => clearInterval(timer))
    }
    answers = [() => {}, drip]
    for (const delivery of [
      await act(org, 'send_test', { id }),
      await act(org, 'send_test', { id }),
    ]) {
      await expect
        .poll(() => ask(org, 'GET', `/webhook-deliveries/${delivery.delivery}`))
        .toMatchObject({ status: 'failed', error: expect.stringContaining('in time') })
    }
  })

  it('turns the endpoint off after five days, or at once when it is gone; turned on, it begins anew', async () => {
    const { id } = await makeEndpoint(['record.created crm.leads:lead'])
    answers = [status(500), status(500), status(410)]
    await makeLead()
    await becomes(id, [{ status: 'waiting', attempt: 1 }])
    await database.query(
      `update tenant.integrations_webhooks_endpoint set failing_since = now() - interval '5 days'
        where org_id = $1 and id = $2`,
      [org.orgId, id],
    )
    await hurry()
    await becomes(id, [{ status: 'failed', attempt: 2 }])
    const off = await endpointOf(id)
    expect(off).toMatchObject({ active: false, disabledReason: expect.stringContaining('500') })
    await expect
      .poll(async () => {
        const { rows } = await database.query(
          `select from tenant.platform_notifications_notification
              where org_id = $1 and kind = 'turned_off' and owner_id is not null and key like $2`,
          [org.orgId, `turned_off ${id} %`],
        )
        return rows.length
      })
      .toBe(1)
    await makeLead()
    await quiet()
    expect(await deliveriesOf(id)).toHaveLength(1)
    const on = await ask(org, 'PATCH', `/webhook-endpoints/${id}`, { active: true })
    expect(on).toMatchObject({ disabledAt: null, disabledReason: null, failingSince: null })
    await makeLead()
    await expect.poll(async () => (await endpointOf(id)).active).toBe(false)
    expect((await endpointOf(id)).disabledReason).toContain('410')
  })
})

describe('an endpoint that takes one after the other', () => {
  it('gets the next only when the former was taken', async () => {
    const { id } = await makeEndpoint(['record.created crm.leads:lead'], { ordered: true })
    answers = [status(500)]
    const first = await makeLead({ name: 'First' })
    await becomes(id, [{ status: 'waiting', attempt: 1 }])
    const second = await makeLead({ name: 'Second' })
    const third = await makeLead({ name: 'Third' })
    await becomes(id, [{ attempt: 1 }, { attempt: 0 }, { attempt: 0 }])
    await quiet()
    expect(got).toHaveLength(1)
    await hurry()
    await becomes(id, [
      { status: 'delivered', attempt: 2 },
      { status: 'delivered', attempt: 1 },
      { status: 'delivered', attempt: 1 },
    ])
    const ids = got.map(({ body }) => JSON.parse(body).data.id)
    expect(ids).toEqual([first.id, first.id, second.id, third.id])
  })

  it('is told in order, also when what happened first is noted at the second go only', async () => {
    const { id } = await makeEndpoint(['*'], { ordered: true })
    await quiet()
    // The database refuses the first message that is to be noted, once: sequences are not undone.
    await database.query(`
      create sequence once;
      create function refuse_once() returns trigger language plpgsql security definer as $$
        begin
          if nextval('public.once') = 1 then raise exception 'Not now'; end if;
          return new;
        end $$;
      create trigger refuse_once before insert on tenant.integrations_webhooks_message
        for each row execute function refuse_once();
      insert into public.held values ('subscriber')`)
    try {
      const lead = await makeLead()
      const failed = `select from tenant.job where org_id = $1 and job = 'subscriber'
        and state = 'ready' and error is not null`
      await expect
        .poll(async () => (await database.query(failed, [org.orgId])).rowCount, {
          interval: 10,
        })
        .toBe(1)
      await ask(org, 'PATCH', `/leads/${lead.id}`, { notes: 'Seen' })
      await ask(org, 'DELETE', `/leads/${lead.id}`)
      await ask(org, 'POST', `/leads/${lead.id}/restore`)
      await database.query(`delete from public.held where job = 'subscriber'`)
      await hurry('subscriber')
      const types = () =>
        got
          .map(({ body }) => JSON.parse(body))
          .filter(({ data }) => data.id === lead.id)
          .map(({ type }) => type.replace('record.', ''))
      await expect.poll(types).toEqual(['created', 'updated', 'deleted', 'restored'])
    } finally {
      await database.query('drop function refuse_once cascade; drop sequence once')
      await database.query(`delete from public.held where job = 'subscriber'`)
    }
    await areDelivered(id)
  })
})

describe('the secret', () => {
  it('that was replaced signs along for a day', async () => {
    const { id, secret } = await makeEndpoint(['record.created crm.leads:lead'])
    const { secret: fresh } = await act(org, 'rotate_secret', { id })
    secretsShown.push(fresh)
    await makeLead()
    await becomes(id, [{ status: 'delivered' }])
    expect(got[0]!.headers['webhook-signature']!.split(' ')).toHaveLength(2)
    expect(takenBy(secret, got[0]!) && takenBy(fresh, got[0]!)).toBe(true)
    // A day later.
    const ctx = await app.house.contexts.system(org.orgId)
    const principal = { ...ctx.principal, type: 'plugin', id: plugin, name: plugin } as const
    const rows = await database.query<{ id: string }>(
      `update tenant.integrations_webhooks_message set open = true, attempt = 0, round = 9
        where org_id = $1 and endpoint = $2 returning id`,
      [org.orgId, id],
    )
    const now = new Date(Date.now() + 25 * 3_600_000)
    await app.house.callHandler({ ...ctx, principal, now }, plugin, 'attempt', {
      message: rows.rows[0]!.id,
    })
    expect(got[1]!.headers['webhook-signature']!.split(' ')).toHaveLength(1)
    expect(takenBy(fresh, got[1]!)).toBe(true)
    expect(takenBy(secret, got[1]!)).toBe(false)
  })

  it('is in no answer but the one that makes it, in no log and in no table', async () => {
    const pages = await Promise.all([
      ...['webhook-endpoints', 'webhook-deliveries', 'changes'].map((name) =>
        org.call('GET', `/${name}?limit=200`),
      ),
      org.call('GET', '/openapi.json'),
    ])
    const { rows } = await database.query<{ text: string }>(
      `select coalesce(string_agg(t::text, ' '), '') as text from (
        select row_to_json(e)::text as t from tenant.integrations_webhooks_endpoint e
        union all select row_to_json(m)::text from tenant.integrations_webhooks_message m
        union all select row_to_json(d)::text from tenant.integrations_webhooks_delivery d
        union all select row_to_json(o)::text from tenant.outbox o
        union all select row_to_json(l)::text from tenant.ledger l) all_of_it`,
    )
    const said = [...pages.map(({ body }) => body), ...app.logLines, rows[0]!.text].join('\n')
    expect(secretsShown.length).toBeGreaterThan(5)
    expect(said).toContain('/in')
    for (const secret of secretsShown) {
      expect(said).not.toContain(secret)
      expect(said).not.toContain(secret.slice(6, 40))
    }
  })
})

describe('the log', () => {
  it('takes up what lost its job, and lets go of what ended a month ago', async () => {
    const { id } = await makeEndpoint(['record.created crm.leads:lead'])
    answers = [status(500)]
    await makeLead()
    await becomes(id, [{ status: 'waiting', attempt: 1 }])
    await database.query(
      `with lost as (delete from tenant.job where org_id = $1 and plugin = $2 and state = 'ready'
          and job = 'attempt' returning id)
        delete from directory.ready_job where id in (select id from lost)`,
      [org.orgId, plugin],
    )
    const ctx = await app.house.contexts.system(org.orgId)
    const principal = { ...ctx.principal, type: 'plugin', id: plugin, name: plugin } as const
    const run = (handler: string, laterMs: number) => {
      const now = new Date(Date.now() + laterMs)
      return app.house.callHandler({ ...ctx, principal, now }, plugin, handler, null)
    }
    await run('takeUp', 3_600_000)
    await becomes(id, [{ status: 'delivered', attempt: 2 }])
    await run('sweep', 29 * 86_400_000)
    await becomes(id, [{ status: 'delivered' }])
    const [delivery] = await deliveriesOf(id)
    await run('sweep', 31 * 86_400_000)
    await becomes(id, [])
    const kept = await database.query(
      'select from tenant.integrations_webhooks_message where delivery = $1',
      [delivery.id],
    )
    expect(kept.rowCount).toBe(0)
  })
})
