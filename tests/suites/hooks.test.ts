import { randomUUID } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import type { Response } from 'light-my-request'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { act, type Door, hmacOf, openDoor, post, standardHeaders } from '../setup/hooks.ts'
import { type Caller, startApp, type TestApp } from '../setup/test-app.ts'
import { suiteRandom, suiteRuns, suiteTimeoutMs } from './support/scale.ts'

/** What comes in from outside: forged, broken, too much, too late, twice. */
let app: TestApp
let database: pg.Client
let org: Caller
let other: Caller
const doors = {} as Record<
  'standard' | 'second' | 'theirs' | 'hex' | 'base64' | 'off' | 'gone' | 'bare' | 'bareHex',
  Door
>

const plugin = 'integrations.webhooks'
const sequences = suiteRuns > 2_000 ? Math.ceil(suiteRuns / 10) : 50
const random = suiteRandom('hooks')

vi.setConfig({ testTimeout: suiteTimeoutMs })

beforeAll(async () => {
  app = await startApp({ LOG_LEVEL: 'trace' })
  database = new pg.Client({ connectionString: app.database.adminUrl })
  await database.connect()
  org = await app.createOrg({ name: 'Acme' })
  other = await app.createOrg({ name: 'Other' })
  const hmac = { scheme: 'hmac-sha256', signatureHeader: 'X-Hub-Signature-256' }
  doors.standard = await openDoor(org)
  doors.second = await openDoor(org)
  doors.theirs = await openDoor(other)
  doors.hex = await openDoor(org, { ...hmac, prefix: 'sha256=', idHeader: 'X-Delivery' })
  const bodies = { scheme: 'hmac-sha256', signatureHeader: 'x-signature', encoding: 'base64' }
  doors.base64 = await openDoor(org, bodies)
  doors.off = await openDoor(org)
  doors.gone = await openDoor(org)
  doors.bare = await openDoor(org)
  doors.bareHex = await openDoor(org, { ...hmac, prefix: 'sha256=', idHeader: 'x-delivery' })
  await ok(org.call('PATCH', `/inbound-webhooks/${doors.off.id}`, { active: false }))
  await ok(org.call('DELETE', `/inbound-webhooks/${doors.gone.id}`))
  for (const { id } of [doors.bare, doors.bareHex]) {
    await app.house.vault.delete(org.orgId, plugin, `inbound:${id}`)
  }
})
afterAll(async () => {
  await database?.end()
  await app?.stop()
})

async function ok(answer: Promise<Response>): Promise<void> {
  const { statusCode, body } = await answer
  if (statusCode >= 300) throw new Error(body)
}

const now = () => Math.floor(Date.now() / 1_000)
let count = 0
const newId = () => `msg_${++count}`

/** How many were taken: they are in the log, are known, and were said to whoever listens. */
async function taken(): Promise<readonly number[]> {
  const { rows } = await database.query<{ logged: string; said: string; kept: string }>(
    `select (select count(*) from tenant.integrations_webhooks_received) as logged,
      (select count(*) from tenant.integrations_webhooks_intake) as kept,
      (select count(*) from tenant.outbox where event = $1) as said`,
    [`${plugin}:received`],
  )
  return [rows[0]!.logged, rows[0]!.kept, rows[0]!.said].map(Number)
}
const plus = (counts: readonly number[], more: number) => counts.map((one) => one + more)

/** What is sent, beginning with what would be taken. */
interface Sent {
  readonly method?: string
  readonly path?: string
  readonly body?: string | Uint8Array | undefined
  readonly headers?: Record<string, string>
}
const order = '{"kind":"order","n":1}'

function standard(
  body: string | Uint8Array = order,
  more: { door?: Door; id?: string; at?: number; headers?: Record<string, string> } = {},
): Required<Pick<Sent, 'path' | 'body' | 'headers'>> {
  const { door = doors.standard, id = newId(), at = now(), headers } = more
  const signed = standardHeaders(door.secret, body, { id, at })
  return { path: door.path, body, headers: { ...signed, ...headers } }
}
const typed = (type: string, body: string | Uint8Array = order) =>
  standard(body, { headers: { 'content-type': type } })
const without = (name: string, { headers, ...sent }: ReturnType<typeof standard>) => ({
  ...sent,
  headers: Object.fromEntries(Object.entries(headers).filter(([key]) => key !== name)),
})
const signedBy = (text: string) => standard(order, { headers: { 'webhook-signature': text } })
/** What a right signature becomes. */
function resigned(change: (signature: string) => string, body = order): Sent {
  const sent = standard(body)
  const signature = change(sent.headers['webhook-signature']!)
  return { ...sent, headers: { ...sent.headers, 'webhook-signature': signature } }
}
function hex(headers: Record<string, string> = {}, body = order, door = doors.hex): Sent {
  const signature = `sha256=${hmacOf(door.secret, body)}`
  const usual = { 'x-hub-signature-256': signature, 'x-delivery': newId() }
  return {
    path: door.path,
    body,
    headers: { 'content-type': 'application/json', ...usual, ...headers },
  }
}
function base64(body: string, headers: Record<string, string> = {}): Sent {
  const signature = hmacOf(doors.base64.secret, body, 'base64')
  const usual = { 'content-type': 'application/json', 'x-signature': signature }
  return { path: doors.base64.path, body, headers: { ...usual, ...headers } }
}
const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`
const tokenOf = ({ path }: Door) => path.split('/').at(-1)!
const at = (path: string) => ({ ...standard(), path })

type Case = readonly [name: string, make: () => Sent, status: number, code?: string]
const byName = (cases: readonly Case[]) => cases.map((one) => [one[0], one] as const)

const forged: readonly Case[] = [
  ['nothing but a body', () => ({ ...standard(), headers: {} }), 401],
  ['no signature', () => without('webhook-signature', standard()), 401],
  ['no id', () => without('webhook-id', standard()), 401],
  ['no time', () => without('webhook-timestamp', standard()), 401],
  ['an empty signature', () => signedBy(''), 401],
  ['a signature without its text', () => signedBy('v1,'), 401],
  ['a signature that is any text', () => signedBy('v1,AAAA'), 401],
  ['a signature of zeros', () => signedBy(`v1,${Buffer.alloc(32).toString('base64')}`), 401],
  ['another version of signatures', () => resigned((one) => one.replace('v1,', 'v2,')), 401],
  ['a signature that is cut', () => resigned((one) => one.slice(0, -2)), 401],
  ['a signature with something behind it', () => resigned((one) => `${one}A`), 401],
  ['too many signatures', () => resigned((one) => `${'v1,AAAA '.repeat(20)}${one}`), 401],
  ['a body with one letter changed', () => ({ ...standard(), body: order.replace('1', '2') }), 401],
  ['a body with a space behind it', () => ({ ...standard(), body: `${order} ` }), 401],
  ['a body in another order', () => ({ ...standard(), body: '{"n":1,"kind":"order"}' }), 401],
  ['an empty body instead', () => ({ ...standard(), body: undefined }), 401],
  ['another id', () => standard(order, { headers: { 'webhook-id': 'msg_other' } }), 401],
  [
    'another time',
    () => standard(order, { headers: { 'webhook-timestamp': `${now() - 1}` } }),
    401,
  ],
  ['an id twice', () => standard(order, { id: 'msg_a, msg_a' }), 401],
  ['an id with a dot', () => standard(order, { id: 'msg.1' }), 401],
  ['an id that is too long', () => standard(order, { id: 'x'.repeat(257) }), 401],
  ['five minutes and more ago', () => standard(order, { at: now() - 302 }), 401],
  ['in five minutes and more', () => standard(order, { at: now() + 302 }), 401],
  ['a time in milliseconds', () => standard(order, { at: Date.now() }), 401],
  ['a time with a fraction', () => standard(order, { at: now() + 0.5 }), 401],
  ['a time before all times', () => standard(order, { at: -now() }), 401],
  [
    'the secret of another endpoint',
    () => standard(order, { door: { ...doors.second, path: doors.standard.path } }),
    401,
  ],
  [
    'the secret of another organisation',
    () => standard(order, { door: { ...doors.theirs, path: doors.standard.path } }),
    401,
  ],
  [
    'no secret at all, signed with nothing',
    () => standard(order, { door: { ...doors.bare, secret: 'whsec_' } }),
    401,
  ],
  ['no secret at all, signed with the lost one', () => standard(order, { door: doors.bare }), 401],
  [
    'no secret at all, by the other scheme',
    () => hex({}, order, { ...doors.bareHex, secret: '' }),
    401,
  ],
  ['an endpoint that is off', () => standard(order, { door: doors.off }), 401],
  ['an endpoint that is deleted', () => standard(order, { door: doors.gone }), 401],
  [
    'an admin’s key instead of a signature',
    () => without('webhook-signature', standard(order, { headers: { ...org.headers } })),
    401,
  ],
  [
    'our token at the other organisation',
    () => at(`/hooks/${other.slug}/webhooks/${tokenOf(doors.standard)}`),
    401,
  ],
  [
    'an organisation that is not there',
    () => at(`/hooks/nobody/webhooks/${tokenOf(doors.standard)}`),
    401,
  ],
  [
    'an id of no organisation',
    () => at(`/hooks/${randomUUID()}/webhooks/${tokenOf(doors.standard)}`),
    401,
  ],
  [
    'an organisation with quotes',
    () => at(`/hooks/a'%20or%201=1/webhooks/${tokenOf(doors.standard)}`),
    401,
  ],
  ['an organisation with a zero', () => at(`/hooks/%00/webhooks/${tokenOf(doors.standard)}`), 401],
  ['a token that is not there', () => at(`/hooks/${org.slug}/webhooks/${'A'.repeat(43)}`), 401],
  ['a token with a zero', () => at(`/hooks/${org.slug}/webhooks/%00${'A'.repeat(42)}`), 401],
  ['a token that is too long', () => at(`/hooks/${org.slug}/webhooks/${'A'.repeat(1_000)}`), 401],
  ['half a token', () => at(doors.standard.path.slice(0, -20)), 401],
  ['a forged body that is broken too', () => ({ ...standard(), body: '{"a' }), 401],
  [
    'HMAC without its prefix',
    () => hex({ 'x-hub-signature-256': hmacOf(doors.hex.secret, order) }),
    401,
  ],
  [
    'HMAC with its prefix twice',
    () => hex({ 'x-hub-signature-256': `sha256=sha256=${hmacOf(doors.hex.secret, order)}` }),
    401,
  ],
  [
    'HMAC written the other way',
    () => hex({ 'x-hub-signature-256': `sha256=${hmacOf(doors.hex.secret, order, 'base64')}` }),
    401,
  ],
  ['HMAC of another body', () => ({ ...hex(), body: '{}' }), 401],
  ['HMAC without an id', () => hex({ 'x-delivery': '' }), 401],
  [
    'HMAC with a secret of another endpoint',
    () => ({ ...base64(order), path: doors.hex.path }),
    401,
  ],
  ['the other scheme’s headers', () => ({ ...standard(), path: doors.base64.path }), 401],
]

const wrong: readonly Case[] = [
  ['too much', () => standard(`"${'x'.repeat(1_048_576)}"`), 413, 'TOO_LARGE'],
  [
    'a gzip bomb',
    () => standard(gzipSync(Buffer.alloc(30_000_000)), { headers: { 'content-encoding': 'gzip' } }),
    415,
    'UNSUPPORTED_MEDIA_TYPE',
  ],
  [
    'something that says it is brotli',
    () => standard(order, { headers: { 'content-encoding': 'br' } }),
    415,
    'UNSUPPORTED_MEDIA_TYPE',
  ],
  ['gzip that says it is JSON', () => standard(gzipSync(order)), 400, 'BAD_JSON'],
  ['no JSON', () => standard('{"a'), 400, 'BAD_JSON'],
  ['nothing that is JSON', () => standard(''), 400, 'BAD_JSON'],
  ['JSON in another encoding', () => standard(Buffer.from('{"a":"ä"}', 'latin1')), 400, 'BAD_JSON'],
  ['JSON of 16 bits', () => standard(Buffer.from(order, 'utf16le')), 400, 'BAD_JSON'],
  ['33 levels', () => standard(nested(33)), 413, 'TOO_DEEP'],
  ['a million levels', () => standard(nested(500_000)), 413, 'TOO_DEEP'],
  ['a way to a prototype', () => standard('{"a":{"__proto__":{"isAdmin":true}}}'), 422, 'INVALID'],
  ['a way to a prototype, hidden', () => standard('{"\\u005f_proto__":1}'), 422, 'INVALID'],
  ['a name twice', () => standard('{"a":[{"b":1,"b":2}]}'), 422, 'INVALID'],
  ['a name twice, once hidden', () => standard('{"amount":1,"\\u0061mount":2}'), 422, 'INVALID'],
  ['a zero that no database keeps', () => standard('{"a":"\\u0000"}'), 422, 'INVALID'],
  ['half a letter', () => standard('{"a":"\\ud800"}'), 422, 'INVALID'],
  [
    'text in another encoding',
    () => typed('text/plain', Buffer.from([0xe4, 0x20])),
    415,
    'UNSUPPORTED_MEDIA_TYPE',
  ],
  ['text with a zero', () => typed('text/plain', 'a\0b'), 415, 'UNSUPPORTED_MEDIA_TYPE'],
  ['a picture', () => typed('image/png'), 415, 'UNSUPPORTED_MEDIA_TYPE'],
  ['parts', () => typed('multipart/form-data; boundary=a'), 415, 'UNSUPPORTED_MEDIA_TYPE'],
  ...['GET', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].map(
    (method): Case => [method, () => ({ ...standard(), method }), 405, 'METHOD_NOT_ALLOWED'],
  ),
]

const genuine: readonly Case[] = [
  ['a message', () => standard(), 202],
  [
    'a message to the organisation’s id',
    () => at(`/hooks/${org.orgId.toUpperCase()}/webhooks/${tokenOf(doors.standard)}`),
    202,
  ],
  ['one with a query', () => at(`${doors.standard.path}?a=1`), 202],
  ['one of almost five minutes ago', () => standard(order, { at: now() - 290 }), 202],
  ['one of a clock that is fast', () => standard(order, { at: now() + 290 }), 202],
  [
    'one with several signatures',
    () => resigned((one) => `v1a,x v1,${'A'.repeat(43)}= ${one}`),
    202,
  ],
  [
    'one that an admin’s cookie comes along with',
    () => standard(order, { headers: { cookie: 'runway=x', authorization: 'Bearer x' } }),
    202,
  ],
  ['32 levels', () => standard(nested(32)), 202],
  ['almost too much', () => standard(`"${'x'.repeat(1_048_574)}"`), 202],
  ['JSON that is no object', () => standard('null'), 202],
  ['JSON with a mark before it', () => standard(`\ufeff${order}`), 202],
  ['JSON of a special kind', () => typed('application/vnd.shop+json; charset=utf-8'), 202],
  [
    'names of a prototype that are names here',
    () => standard('{"constructor":{"prototype":{"a":":"}}}'),
    202,
  ],
  ['a form', () => typed('application/x-www-form-urlencoded', 'a=1&b=%C3%A4'), 202],
  ['text', () => typed('text/plain', '=cmd|/C calc ä'), 202],
  ['XML', () => typed('application/xml', '<a>&b;</a>'), 202],
  ['no kind of content', () => without('content-type', standard()), 202],
  ['HMAC in hex', () => hex(), 202],
  [
    'HMAC in big hex',
    () => hex({ 'x-hub-signature-256': `sha256=${hmacOf(doors.hex.secret, order).toUpperCase()}` }),
    202,
  ],
  ['HMAC in base64', () => base64('{"a":1}'), 202],
  ['HMAC of nothing', () => base64('', { 'content-type': 'text/plain' }), 202],
  ['the same body at an endpoint that goes by ids', () => hex(), 202],
  [
    'the same body at one that goes by bodies',
    () => base64('{"a":1}', { 'x-delivery': newId() }),
    200,
  ],
]

const send = ({ method = 'POST', path = '', body, headers = {} }: Sent): Promise<Response> =>
  method === 'POST'
    ? post(app, path, body, headers)
    : app.inject({
        method: method as 'PUT',
        url: path,
        headers,
        ...(body === undefined || method === 'GET' ? {} : { payload: Buffer.from(body) }),
      })

/** All that an answer says but for the id of the request. */
const saidIn = ({ statusCode, headers, body }: Response): string =>
  JSON.stringify([
    ...[statusCode, body.replace(/"requestId":"[^"]+"/, '')],
    ...Object.entries(headers).filter(([name]) => !['date', 'content-length'].includes(name)),
  ])

describe('what is refused', () => {
  it('is forged: one and the same answer, whatever is wrong', async () => {
    const before = await taken()
    const said = new Map<string, string[]>()
    for (const [name, make, status] of forged) {
      const answer = await send(make())
      expect([name, answer.statusCode]).toEqual([name, status])
      said.set(saidIn(answer), [...(said.get(saidIn(answer)) ?? []), name])
    }
    expect([...said.values()]).toHaveLength(1)
    expect([...said.keys()][0]).toContain('UNAUTHENTICATED')
    expect(await taken()).toEqual(before)
  })

  it.each(byName(wrong))('is wrong: %s', async (_, [, make, status, code]) => {
    const before = await taken()
    const answer = await send(make())
    expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([status, code])
    expect(await taken()).toEqual(before)
    expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined()
  })

  it('is of an organisation that turned the plugin off', async () => {
    const toggle = (state: string) => ok(org.call('PATCH', `/plugins/${plugin}`, { state }))
    await toggle('disabled')
    try {
      expect((await send(standard())).statusCode).toBe(401)
    } finally {
      await toggle('enabled')
    }
    expect((await send(standard())).statusCode).toBe(202)
  })

  it('signed with the secret before the last, once a day is over', async () => {
    const door = await openDoor(org, { scheme: 'hmac-sha256', signatureHeader: 'x-signature' })
    const rotated = { ...door, ...(await act(org, 'rotate_inbound_secret', { id: door.id })) }
    const ctx = await app.house.contexts.system(org.orgId)
    const principal = { ...ctx.principal, type: 'plugin', id: plugin, name: plugin } as const
    const receive = (secret: string, body: string, laterMs: number) => {
      const hook = { body: Buffer.from(body), headers: { 'x-signature': hmacOf(secret, body) } }
      const later = { ...ctx, principal, now: new Date(Date.now() + laterMs) }
      const request = { params: { token: tokenOf(door) }, hook }
      return app.house.callHandler(later, plugin, 'receive', request)
    }
    const hour = 3_600_000
    await expect(receive(door.secret, 'one', 23 * hour)).resolves.toMatchObject({ status: 202 })
    await expect(receive(door.secret, 'two', 25 * hour)).rejects.toMatchObject({ status: 401 })
    await expect(receive(rotated.secret, 'two', 25 * hour)).resolves.toMatchObject({ status: 202 })
    await act(org, 'rotate_inbound_secret', { id: door.id })
    await expect(receive(door.secret, 'three', 0)).rejects.toMatchObject({ status: 401 })
  })
})

describe('what is taken', () => {
  it.each(byName(genuine))('is genuine: %s', async (_, [, make, status]) => {
    const before = await taken()
    const answer = await send(make())
    expect([answer.statusCode, answer.body]).toEqual([status, expect.stringContaining('"id"')])
    const more = status === 202 ? 1 : 0
    expect(await taken()).toEqual(plus(before, more))
  })

  it('is noted once when it comes many times at the same moment', async () => {
    const before = await taken()
    const sent = [standard(), hex(), base64('{"at":"once"}')]
    const answers = await Promise.all(
      sent.flatMap((one) => Array.from({ length: 8 }, () => send(one))),
    )
    const codes = answers.map(({ statusCode }) => statusCode).sort()
    expect(codes).toEqual([...Array(21).fill(200), ...Array(3).fill(202)])
    expect(await taken()).toEqual(plus(before, 3))
  })

  it('is known when it comes again after the log let go of it', async () => {
    const sent = base64('{"kept":"for ever"}')
    expect((await send(sent)).statusCode).toBe(202)
    const ctx = await app.house.contexts.system(org.orgId)
    const principal = { ...ctx.principal, type: 'plugin', id: plugin, name: plugin } as const
    const later = { ...ctx, principal, now: new Date(Date.now() + 33 * 86_400_000) }
    await app.house.callHandler(later, plugin, 'sweep', null)
    const { rows } = await database.query(
      'select from tenant.integrations_webhooks_intake where org_id = $1 and (is_timed or body is not null)',
      [org.orgId],
    )
    expect(rows).toHaveLength(0)
    expect((await send(sent)).statusCode).toBe(200)
  })

  it('leaves no secret and no token behind, in no answer, no log and no table', async () => {
    const pages = await Promise.all(
      ['inbound-webhooks', 'received-webhooks', 'changes', 'openapi.json'].map((name) =>
        org.call('GET', `/${name}${name.endsWith('json') ? '' : '?limit=200'}`),
      ),
    )
    const { rows } = await database.query<{ text: string }>(
      `select coalesce(string_agg(t, ' '), '') as text from (
        select row_to_json(e)::text as t from tenant.integrations_webhooks_inbound e
        union all select row_to_json(r)::text from tenant.integrations_webhooks_received r
        union all select row_to_json(i)::text from tenant.integrations_webhooks_intake i
        union all select row_to_json(d)::text from tenant.integrations_webhooks_door d
        union all select row_to_json(o)::text from tenant.outbox o
        union all select row_to_json(l)::text from tenant.ledger l) all_of_it`,
    )
    const said = [...pages.map(({ body }) => body), ...app.logLines, rows[0]!.text].join('\n')
    expect(said).toContain(tokenOf(doors.standard))
    expect(app.logLines.join('\n')).not.toContain(tokenOf(doors.standard))
    for (const { secret } of Object.values(doors)) expect(said).not.toContain(secret.slice(6, 40))
  })
})

/** What the other side and we know of one endpoint, as it should be. */
interface Known {
  door: Door
  /** Those that count, the present one first. */
  secrets: string[]
  isOn: boolean
  readonly seen: Map<string, string>
}

describe('sequences', () => {
  it(`of ${sequences}, each with deliveries, rotations and attacks, take what is genuine once`, async () => {
    const pool: Known[] = []
    for (const more of [
      {},
      {
        scheme: 'hmac-sha256',
        signatureHeader: 'x-hub-signature-256',
        prefix: 'sha256=',
        idHeader: 'x-delivery',
      },
    ]) {
      const door = await openDoor(org, more)
      pool.push({ door, secrets: [door.secret], isOn: true, seen: new Map() })
    }
    let expected = 0
    const before = await taken()
    const sentBy = (known: Known, secret: string, id: string, body: string): Sent => {
      const door = { ...known.door, secret }
      return known === pool[0]
        ? standard(body, { door, id })
        : hex({ 'x-delivery': id }, body, door)
    }
    for (let n = 0; n < sequences; n++) {
      const steps = 3 + random.below(4)
      for (let step = 0; step < steps; step++) {
        const known = random.pick(pool)
        const old = [...known.seen]
        const [id, body] =
          old.length > 0 && random.below(3) === 0
            ? random.pick(old)
            : [newId(), JSON.stringify({ n, step, text: 'x'.repeat(random.below(50)) })]
        const secret = random.pick(known.secrets)
        const where = `sequence ${n}, step ${step}`
        switch (random.below(7)) {
          case 0: {
            const made = await act(org, 'rotate_inbound_secret', { id: known.door.id })
            known.secrets = [made.secret, known.secrets[0]!]
            break
          }
          case 1: {
            known.isOn = !known.isOn || random.below(2) === 0
            await ok(
              org.call('PATCH', `/inbound-webhooks/${known.door.id}`, { active: known.isOn }),
            )
            break
          }
          case 2: {
            const sent = sentBy(known, secret, id, body)
            const tampered = { ...sent, body: `${body.slice(0, -1)},"more":1}` }
            expect([where, (await send(tampered)).statusCode]).toEqual([where, 401])
            break
          }
          case 3: {
            const stranger = random.pick([doors.theirs, doors.second]).secret
            const sent = sentBy(known, stranger, id, body)
            expect([where, (await send(sent)).statusCode]).toEqual([where, 401])
            break
          }
          default: {
            const times = 1 + random.below(3)
            const sent = sentBy(known, secret, id, body)
            const answers = await Promise.all(Array.from({ length: times }, () => send(sent)))
            const codes = answers.map(({ statusCode }) => statusCode).sort()
            const isNew = known.isOn && !known.seen.has(id)
            const again = known.isOn ? 200 : 401
            const wanted = Array(times).fill(again)
            if (isNew) wanted[times - 1] = 202
            expect([where, codes]).toEqual([where, wanted])
            if (isNew) {
              known.seen.set(id, body)
              expected += 1
            }
          }
        }
      }
    }
    expect(await taken()).toEqual(plus(before, expected))
  })
})
