import path from 'node:path'
import { errorClasses } from '@runwaycrm/sdk'
import type { Response } from 'light-my-request'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Caller, startApp, type TestApp } from '../setup/test-app.ts'

type Person = Awaited<ReturnType<TestApp['signUp']>>

let app: TestApp
let ann: Person
let restricted: Caller
const faults = path.resolve(import.meta.dirname, '../fixtures/plugins')

beforeAll(async () => {
  app = await startApp({}, [faults])
  ann = await app.signUp({ orgName: 'Acme' })
  restricted = await app.createKey(ann.orgId, { role: 'closed_notes' })
})
afterAll(() => app?.stop())

const json = (value: unknown) => encodeURIComponent(JSON.stringify(value))
const lead = async (fields: object = {}) =>
  (await ann.call('POST', '/leads', { name: 'Lead', ...fields })).json<{ id: string }>()
const login = (email: string, password: string, headers: Record<string, string> = {}) =>
  app.inject({
    method: 'POST',
    url: '/api/v1/auth/login',
    headers,
    payload: { email, password },
  })
const fails = (code: string) =>
  ann.call('POST', '/actions/test.faults:fail', { input: { code, secret: 'canary-1' } })
const raw = (payload: string, type = 'application/json', headers: Record<string, string> = {}) =>
  app.inject({
    method: 'POST',
    url: '/api/v1/leads',
    headers: { ...ann.headers, 'content-type': type, ...headers },
    payload,
  })

/** One way to get each code through HTTP. */
const ways: Readonly<Record<string, () => Promise<Response>>> = {
  BAD_JSON: () => raw('{"name": '),
  UNKNOWN_PARAMETER: () => ann.call('GET', '/leads?page=2'),
  UNKNOWN_FIELD: () => ann.call('GET', `/leads?filter=${json({ nothing: 1 })}`),
  BAD_FILTER: () => ann.call('GET', '/leads?filter=nonsense'),
  BAD_SORT: () => ann.call('GET', '/leads?sort=name,status,score,email'),
  BAD_EXPAND: () => ann.call('GET', '/leads?expand=name'),
  BAD_CURSOR: () => ann.call('GET', '/leads?cursor=nonsense'),
  async CURSOR_MISMATCH() {
    await Promise.all([lead(), lead()])
    const page = await ann.call('GET', '/leads?limit=1')
    const { nextCursor } = page.json<{ page: { nextCursor: string } }>().page
    return ann.call('GET', `/leads?limit=1&sort=name&cursor=${encodeURIComponent(nextCursor)}`)
  },
  UNAUTHENTICATED: () => app.inject({ url: '/api/v1/leads' }),
  BAD_CREDENTIALS: () => login('nobody@example.test', 'wrong-password'),
  PLAN_REQUIRED: () => fails('PLAN_REQUIRED'),
  BUDGET_SPENT: () => fails('BUDGET_SPENT'),
  async FORBIDDEN() {
    const viewer = await app.createKey(ann.orgId, { role: 'viewer' })
    return viewer.call('POST', '/leads', { name: 'Mine' })
  },
  async FIELD_NOT_WRITABLE() {
    const { id } = await lead()
    return restricted.call('PATCH', `/leads/${id}`, { notes: 'changed' })
  },
  async SCOPE_MISSING() {
    const reader = await app.createKey(ann.orgId, { scopes: ['leads:read'] })
    return reader.call('POST', '/leads', { name: 'Mine' })
  },
  CROSS_SITE: () =>
    ann.call('POST', '/leads', { name: 'Forged' }, { origin: 'https://evil.example' }),
  async APPROVAL_UNAVAILABLE() {
    // An organisation that has nobody to ask.
    const alone = await app.createOrg()
    const off = await alone.call('PATCH', '/plugins/platform.approvals', { state: 'disabled' })
    expect(off.statusCode, off.body).toBe(200)
    return alone.call('POST', '/actions/test.faults:ask', { input: {} })
  },
  NOT_FOUND: () => ann.call('GET', '/leads/01a21472-aeb3-7521-befb-59aa9338c6cf'),
  METHOD_NOT_ALLOWED: () => ann.call('PUT', '/leads/01a21472-aeb3-7521-befb-59aa9338c6cf'),
  async UNIQUE_TAKEN() {
    await ann.call('POST', '/children', { name: 'Only one' })
    return ann.call('POST', '/children', { name: 'Only one' })
  },
  async RELATION_IN_USE() {
    const { id } = (await ann.call('POST', '/parents', { name: 'P' })).json<{ id: string }>()
    await ann.call('POST', '/children', { name: 'Of P', parentId: id })
    return ann.call('DELETE', `/parents/${id}`)
  },
  STATE_CONFLICT: () => ann.call('POST', '/invitations', { email: ann.email }),
  async CHANGE_CONFLICT() {
    const { id } = await lead({ company: 'First' })
    await ann.call('PATCH', `/leads/${id}`, { company: 'Second' })
    const history = await ann.call('GET', `/leads/${id}/history`)
    const { changeId } = history.json<{ data: { changeId: string }[] }>().data[0]!
    await ann.call('PATCH', `/leads/${id}`, { company: 'Third' })
    return ann.call('POST', `/changes/${changeId}/revert`, {})
  },
  async DRAFT_CONFLICT() {
    const op = (from: unknown, value: unknown) => ({
      ops: [
        {
          op: 'set',
          target: 'crm.leads:lead',
          path: ['label'],
          ...(from === undefined ? {} : { from }),
          value,
        },
      ],
    })
    const first = await ann.call('PATCH', '/studio/draft', op('Lead', 'Enquiry'))
    expect(first.statusCode, first.body).toBe(200)
    return ann.call('PATCH', '/studio/draft', op('Lead', 'Prospect'))
  },
  PLAN_STALE: () => ann.call('POST', '/studio/publish', { hash: 'stale', message: '' }),
  APPROVAL_STALE: () => fails('APPROVAL_STALE'),
  async IDEMPOTENCY_KEY_REUSED() {
    await ann.call('POST', '/leads', { name: 'One' }, { 'idempotency-key': 'reused' })
    return ann.call('POST', '/leads', { name: 'Two' }, { 'idempotency-key': 'reused' })
  },
  async IDEMPOTENCY_IN_PROGRESS() {
    const send = async () =>
      ann.call('POST', '/actions/test.faults:wait', { input: {} }, { 'idempotency-key': 'slow' })
    const [begun, over] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    Reflect.set(globalThis, Symbol.for('test.faults.wait'), () => {
      begun.resolve()
      return over.promise
    })
    const first = send()
    await begun.promise
    const second = await send()
    over.resolve()
    expect((await first).statusCode).toBe(200)
    return second
  },
  LAST_ADMIN: () => ann.call('PATCH', `/users/${ann.userId}`, { roles: [] }),
  SIGN_IN_FIRST: () =>
    app.inject({
      method: 'POST',
      url: '/api/v1/auth/signup',
      payload: { orgName: 'Again', email: ann.email, password: 'not-the-password' },
    }),
  async STALE_VERSION() {
    const { id } = await lead()
    return ann.call('PATCH', `/leads/${id}`, { name: 'New' }, { 'if-match': '"7"' })
  },
  TOO_LARGE: () => raw(JSON.stringify({ name: 'x'.repeat(1_100_000) })),
  TOO_DEEP: () => raw(`${'['.repeat(33)}${']'.repeat(33)}`),
  UNSUPPORTED_MEDIA_TYPE: () => raw('name=Lead', 'application/x-www-form-urlencoded'),
  INVALID: () => ann.call('POST', '/leads', {}),
  QUERY_TOO_COSTLY: () => fails('QUERY_TOO_COSTLY'),
  INDEX_SLOTS_USED: () => fails('INDEX_SLOTS_USED'),
  async RATE_LIMITED() {
    let answer = await login('guess@example.test', 'wrong-password-0')
    for (let i = 1; i <= 10; i++) answer = await login('guess@example.test', `wrong-password-${i}`)
    return answer
  },
  INTERNAL: () => fails('a bug'),
  DATABASE_UNAVAILABLE: () => fails('DATABASE_UNAVAILABLE'),
  DRAINING: () => fails('DRAINING'),
  STORAGE_FULL: () => fails('STORAGE_FULL'),
}

describe('every error code', () => {
  it('has a way in this table', () => {
    expect(Object.keys(ways).sort()).toEqual(errorClasses.map((one) => new one().code).sort())
  })

  it.each(errorClasses.map((one) => new one()))(
    'leaves as $status $code in a problem document',
    async ({ code, status, title }) => {
      const answer = await ways[code]!()
      expect(answer.json(), answer.body).toMatchObject({
        type: `/errors/${code}`,
        title,
        status,
        code,
      })
      expect(answer.statusCode).toBe(status)
      expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8')
      expect(answer.json<{ requestId: string }>().requestId).toMatch(/^[0-9a-f-]{36}$/)
      expect(answer.json<{ detail: string }>().detail.length).toBeGreaterThan(5)
      if (status === 429 || status === 503) expect(answer.headers['retry-after']).toMatch(/^\d+$/)
      if (status === 405) expect(answer.headers['allow']).toBe('DELETE, GET, HEAD, PATCH')
      if (status === 429) {
        expect(answer.headers).toMatchObject({
          'ratelimit-limit': '10',
          'ratelimit-remaining': '0',
          'ratelimit-reset': expect.stringMatching(/^\d+$/),
        })
      }
    },
  )

  it('never shows the insides of a bug, and its request id finds the log line', async () => {
    const answer = await fails('a bug')
    expect(answer.body).not.toContain('canary-1')
    expect(answer.body).not.toContain('server.ts')
    const { requestId } = answer.json<{ requestId: string }>()
    expect(app.logLines.some((line) => line.includes(requestId))).toBe(true)
  })

  it('is explained at its address', async () => {
    for (const one of errorClasses) {
      const { code, title } = new one()
      const page = await app.inject({ url: `/errors/${code}` })
      expect(page.statusCode).toBe(200)
      expect(page.body).toContain(title.replaceAll('&', '&amp;'))
    }
    expect((await app.inject({ url: '/errors/NOTHING' })).statusCode).toBe(404)
  })
})
