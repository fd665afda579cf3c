import type { Response } from 'light-my-request'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Caller, startApp, type TestApp } from '../setup/test-app.ts'

type Person = Awaited<ReturnType<TestApp['signUp']>>

let app: TestApp
let ann: Person
beforeAll(async () => {
  app = await startApp()
  ann = await app.signUp({ orgName: 'Acme' })
})
afterAll(() => app?.stop())

/** Status, code, and `path:code` of each problem, sorted. */
function told(answer: Response) {
  const { code, errors = [] } = answer.json<{
    code: string
    errors?: { path: string; code: string }[]
  }>()
  return [answer.statusCode, code, ...errors.map((issue) => `${issue.path}:${issue.code}`).sort()]
}
const post = (url: string, payload: object, headers = {}) =>
  app.inject({ method: 'POST', url: `/api/v1${url}`, headers, payload })

describe('everything that is wrong is told at once', () => {
  it('when somebody signs up', async () => {
    const body = { orgName: ' ', email: 'nonsense', password: 'short' }
    expect(told(await post('/auth/signup', body))).toEqual([
      422,
      'INVALID',
      'email:BAD_FORMAT',
      'orgName:REQUIRED',
      'password:OUT_OF_RANGE',
    ])
  })

  it('when the operator makes an organisation', async () => {
    const authorization = `Bearer ${app.config.operatorKey}`
    const body = { orgName: '', email: 'nonsense', slug: 'Not A Slug' }
    expect(told(await post('/orgs', body, { authorization }))).toEqual([
      422,
      'INVALID',
      'email:BAD_FORMAT',
      'orgName:REQUIRED',
      'slug:BAD_FORMAT',
    ])
  })

  it('when somebody is invited, and when they accept', async () => {
    const wrong = await ann.call('POST', '/invitations', { email: 'bob', roles: ['king'] })
    expect(told(wrong)).toEqual([422, 'INVALID', 'email:BAD_FORMAT', 'roles[0]:UNKNOWN_OPTION'])
    const invited = await ann.call('POST', '/invitations', { email: 'bob@example.test' })
    const token = new URL(invited.json<{ url: string }>().url).hash.slice('#token='.length)
    expect(told(await post('/auth/accept', { token, name: ' ', password: 'short' }))).toEqual([
      422,
      'INVALID',
      'name:REQUIRED',
      'password:OUT_OF_RANGE',
    ])
  })

  it('with paths like those of records, in operations of the studio and in input of actions', async () => {
    const draft = await ann.call('PATCH', '/studio/draft', { ops: [{ op: 'zap', path: [] }] })
    expect(told(draft)).toEqual([
      422,
      'INVALID',
      'ops[0].op:UNKNOWN_OPTION',
      'ops[0].path:REQUIRED',
    ])
    const key = await ann.call('POST', '/actions/platform.api-keys:create_key', {
      input: { name: 'Key', scopes: ['leads:read', 5] },
    })
    expect(told(key)).toEqual([422, 'INVALID', 'input.scopes[1]:WRONG_TYPE'])
  })
})

describe('a bulk request that is refused as a whole', () => {
  it('says which item it was', async () => {
    const lead = (await ann.call('POST', '/leads', { name: 'One' })).json<{ id: string }>()
    const nobody = '01a21472-aeb3-7521-befb-59aa9338c6cf'
    const refused = async (body: object, caller: Caller = ann) => {
      const answer = await caller.call('POST', '/leads/bulk', body)
      const { code, path, detail } = answer.json<Record<string, string>>()
      return [answer.statusCode, code, path, detail?.split(':')[0]]
    }
    const gone = { update: [{ id: lead.id }, { id: nobody, name: 'Two' }] }
    expect(await refused(gone)).toEqual([404, 'NOT_FOUND', 'update[1]', 'update[1]'])
    const stale = { delete: [{ id: lead.id, version: 7 }] }
    expect(await refused(stale)).toEqual([412, 'STALE_VERSION', 'delete[0]', 'delete[0]'])
    const viewer = await app.createKey(ann.orgId, { role: 'viewer' })
    const forbidden = await refused({ create: [{ name: 'Two' }] }, viewer)
    expect(forbidden).toEqual([403, 'FORBIDDEN', 'create[0]', 'create[0]'])
  })
})

describe('roles', () => {
  it('are known by their keys wherever members get them', async () => {
    const made = await ann.call('POST', '/users', { name: 'Cy', roles: ['editor'] })
    expect(made.json()).toMatchObject({ roles: ['platform.people:editor'] })
    const { id } = made.json<{ id: string }>()
    const changed = await ann.call('PATCH', `/users/${id}`, { roles: ['viewer', 'editor'] })
    expect(changed.json()).toMatchObject({
      roles: ['platform.people:viewer', 'platform.people:editor'],
    })
    const last = await ann.call('PATCH', `/users/${ann.userId}`, { roles: ['editor'] })
    expect(told(last)).toEqual([409, 'LAST_ADMIN'])
    const unknown = await ann.call('PATCH', `/users/${id}`, { roles: ['king'] })
    expect(told(unknown)).toEqual([422, 'INVALID', 'roles:UNKNOWN_OPTION'])
  })
})

describe('what a key may not do', () => {
  it('is refused before its input is looked at', async () => {
    const reader = await app.createKey(ann.orgId, { scopes: ['leads:read'] })
    const answer = await reader.call('POST', '/actions/crm.leads:score_lead', { input: { no: 1 } })
    expect(told(answer)).toEqual([403, 'SCOPE_MISSING'])
  })
})

describe('forms that cannot be read', () => {
  const upload = (payload: string, type: string) =>
    app.inject({
      method: 'POST',
      url: '/api/v1/files',
      headers: { ...ann.headers, 'content-type': type },
      payload,
    })

  it.each([
    ['is no form', 'garbage', 'multipart/form-data; boundary=abc', 400, 'BAD_JSON'],
    [
      'ends early',
      '--abc\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\nhal',
      'multipart/form-data; boundary=abc',
      400,
      'BAD_JSON',
    ],
    ['has no boundary', '--abc--', 'multipart/form-data', 415, 'UNSUPPORTED_MEDIA_TYPE'],
  ])('get an answer that says so when one %s', async (_, payload, type, status, code) => {
    expect(told(await upload(payload, type))).toEqual([status, code])
  })
})

describe('bodies of which nothing is required', () => {
  it('may be left out', async () => {
    const missing = '/imports/01a21472-aeb3-7521-befb-59aa9338c6cf'
    for (const deed of ['start', 'cancel']) {
      expect(told(await ann.call('POST', `${missing}/${deed}`))).toEqual([404, 'NOT_FOUND'])
    }
    const wrong = await ann.call('POST', `${missing}/start`, { column: {} })
    expect(told(wrong)).toEqual([422, 'INVALID', 'column:UNKNOWN_FIELD'])
  })
})

describe('names that are none', () => {
  let lead: { id: string }
  beforeAll(async () => {
    lead = (await ann.call('POST', '/leads', { name: 'Ada' })).json<{ id: string }>()
  })
  const get = (url: string, caller: Caller = ann) => caller.call('GET', url)

  it.each(['__proto__', 'constructor', 'prototype'])(
    'are unknown fields in filters too: %s',
    async (name) => {
      const filter = encodeURIComponent(`{"${name}":1}`)
      const [status, code] = told(await get(`/leads?filter=${filter}`))
      expect([status, code]).toEqual([400, 'UNKNOWN_FIELD'])
    },
  )

  it('are told where access is explained', async () => {
    expect(told(await get('/access/explain?entity=leads&field=nothing'))).toEqual([
      400,
      'UNKNOWN_FIELD',
      'field:UNKNOWN_FIELD',
    ])
  })

  it('are told where a timeline is asked for', async () => {
    const answer = await get(`/leads/${lead.id}/timeline?types=change,gossip`)
    expect(told(answer)).toEqual([422, 'INVALID', 'types:UNKNOWN_OPTION'])
    expect((await get(`/leads/${lead.id}/timeline?types=change,call`)).statusCode).toBe(200)
  })

  it('do not stand in the way of a list of versions in If-Match', async () => {
    const change = (company: string, tags: string) =>
      ann.call('PATCH', `/leads/${lead.id}`, { company }, { 'if-match': tags })
    expect((await change('One', '"0", "1"')).json()).toMatchObject({ version: 2 })
    expect(told(await change('Two', '"0", "1"'))).toEqual([412, 'STALE_VERSION'])
    expect(told(await change('Two', 'W/"2"'))).toEqual([412, 'STALE_VERSION'])
  })
})
