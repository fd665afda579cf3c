import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Caller, startApp, type TestApp } from '../setup/test-app.ts'

let app: TestApp
let org: Caller
let other: Caller
beforeAll(async () => {
  app = await startApp()
  ;[org, other] = await Promise.all([app.createOrg(), app.createOrg()])
})
afterAll(() => app?.stop())

interface Lead {
  readonly id: string
  readonly version: number
  readonly [field: string]: unknown
}
const missing = '01a21472-aeb3-7521-befb-59aa9338c6cf'
const create = async (fields: object = {}) =>
  (await org.call('POST', '/leads', { name: 'Lead', ...fields })).json<Lead>()
const raw = (payload: string | Buffer, type: string | null, url = '/leads') =>
  app.inject({
    method: 'POST',
    url: `/api/v1${url}`,
    headers: { ...org.headers, ...(type === null ? {} : { 'content-type': type }) },
    payload,
  })
const code = (answer: { json<T>(): T }) => answer.json<{ code: string }>().code

describe('a record', () => {
  it('is created with a Location and an ETag that lead back to it', async () => {
    const answer = await org.call('POST', '/leads', { name: 'Ada', email: 'ADA@Example.test' })
    expect(answer.statusCode).toBe(201)
    const record = answer.json<Lead>()
    expect(answer.headers).toMatchObject({
      location: `/api/v1/leads/${record.id}`,
      etag: '"1"',
      'content-length': String(Buffer.byteLength(answer.body)),
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    })
    const got = await org.call('GET', String(answer.headers['location']))
    expect(got.json()).toEqual(record)
    expect(got.headers['etag']).toBe('"1"')
  })

  it('answers under its plural and its reference alike', async () => {
    const { id } = await create()
    const byPlural = await org.call('GET', `/leads/${id}`)
    const byReference = await org.call('GET', `/records/crm.leads:lead/${id}`)
    expect(byReference.body).toBe(byPlural.body)
    const made = await org.call('POST', '/records/crm.leads:lead', { name: 'By reference' })
    expect(made.headers['location']).toBe(`/api/v1/records/crm.leads:lead/${made.json<Lead>().id}`)
    expect((await org.call('GET', '/records/crm.nothing:lead')).statusCode).toBe(404)
  })

  it('changes the fields that are sent, clears with null, and keeps the rest', async () => {
    const { id } = await create({ company: 'Acme', title: 'CTO' })
    const changed = await org.call('PATCH', `/leads/${id}`, { title: null })
    expect(changed.json()).toMatchObject({ company: 'Acme', title: null, version: 2 })
    expect(changed.headers['etag']).toBe('"2"')
  })

  it.each([
    ['"1"', 200],
    ['*', 200],
    [undefined, 200],
    ['"2"', 412],
    ['W/"1"', 412],
    ['nonsense', 412],
  ])('with If-Match %s a change answers %i', async (tag, status) => {
    const { id } = await create()
    const headers: Record<string, string> = tag === undefined ? {} : { 'if-match': tag }
    const answer = await org.call('PATCH', `/leads/${id}`, { title: 'X' }, headers)
    expect(answer.statusCode).toBe(status)
  })

  it('is deleted and restored, with If-Match on both', async () => {
    const { id } = await create()
    const stale = { 'if-match': '"9"' }
    expect((await org.call('DELETE', `/leads/${id}`, undefined, stale)).statusCode).toBe(412)
    expect((await org.call('DELETE', `/leads/${id}`)).statusCode).toBe(204)
    expect((await org.call('GET', `/leads/${id}`)).statusCode).toBe(404)
    expect((await org.call('DELETE', `/leads/${id}`)).statusCode).toBe(404)
    const bin = await org.call('GET', '/leads?deleted=only&limit=200')
    expect(bin.json<{ data: Lead[] }>().data.map((lead) => lead.id)).toContain(id)
    const restore = (headers = {}) =>
      org.call('POST', `/leads/${id}/restore`, undefined, headers as Record<string, string>)
    expect((await restore(stale)).statusCode).toBe(412)
    const restored = await restore()
    expect([restored.statusCode, restored.json<Lead>().id]).toEqual([200, id])
  })

  it('of another organisation answers byte for byte like one that is missing', async () => {
    const { id } = await create()
    const bytes = (body: string) => body.replace(/"requestId":"[^"]+"/, '"requestId":""')
    const calls: [string, string, object?][] = [
      ['GET', ''],
      ['PATCH', '', { name: 'Mine' }],
      ['DELETE', ''],
      ['POST', '/restore'],
      ['GET', '/history'],
      ['GET', '/timeline'],
    ]
    for (const [method, below, body] of calls) {
      const theirs = await other.call(method, `/leads/${id}${below}`, body)
      const none = await other.call(method, `/leads/${missing}${below}`, body)
      expect([theirs.statusCode, bytes(theirs.body)]).toEqual([404, bytes(none.body)])
      const headers = (answer: typeof none) => ({ ...answer.headers, date: '' })
      expect(headers(theirs)).toEqual(headers(none))
    }
    expect((await org.call('GET', `/leads/${id}`)).json()).toMatchObject({ name: 'Lead' })
  })

  it.each(['1', 'null', 'bulk', '%00', `${missing}x`, '..%2f..', missing.slice(1)])(
    'with the id %s is not found',
    async (id) => {
      const answer = await org.call('PATCH', `/leads/${id}`, { name: 'X' })
      expect([404, 405]).toContain(answer.statusCode)
    },
  )

  it('knows no PUT, and says what it knows', async () => {
    const { id } = await create()
    const answer = await org.call('PUT', `/leads/${id}`, { name: 'X' })
    expect(answer.statusCode).toBe(405)
    expect(answer.headers['allow']).toBe('DELETE, GET, HEAD, PATCH')
    const list = await org.call('DELETE', '/leads')
    expect([list.statusCode, list.headers['allow']]).toEqual([405, 'GET, HEAD, POST'])
    expect((await org.call('PUT', `/nothing/${id}`, {})).statusCode).toBe(404)
  })
})

describe('an Idempotency-Key', () => {
  const send = (key: string, body: object, url = '/leads') =>
    org.call('POST', url, body, { 'idempotency-key': key })

  it('gives the first answer again, byte for byte, and creates one record', async () => {
    const first = await send('create-1', { name: 'Once' })
    const again = await send('create-1', { name: 'Once' })
    expect(again.body).toBe(first.body)
    expect(again.statusCode).toBe(201)
    expect(again.headers).toMatchObject({
      'idempotent-replayed': 'true',
      location: first.headers['location'],
      etag: first.headers['etag'],
      'content-type': first.headers['content-type'],
    })
    const found = await org.call('GET', `/leads?filter=${encodeURIComponent('{"name":"Once"}')}`)
    expect(found.json<{ data: Lead[] }>().data).toHaveLength(1)
  })

  it('creates one record however many are sent at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => send('create-2', { name: 'Crowd' })),
    )
    const statuses = answers.map((answer) => answer.statusCode)
    expect(statuses.filter((status) => status === 201).length).toBeGreaterThan(0)
    expect(statuses.every((status) => status === 201 || status === 409)).toBe(true)
    const found = await org.call('GET', `/leads?filter=${encodeURIComponent('{"name":"Crowd"}')}`)
    expect(found.json<{ data: Lead[] }>().data).toHaveLength(1)
  })

  it('keeps refusals too, under the first request’s id', async () => {
    const first = await send('bad-1', { email: 'x' })
    const again = await send('bad-1', { email: 'x' })
    expect(first.statusCode).toBe(422)
    expect(again.body).toBe(first.body)
    expect(again.headers['content-type']).toBe('application/problem+json; charset=utf-8')
  })

  it('belongs to one path and one principal', async () => {
    await send('shared', { name: 'A' })
    expect((await send('shared', { name: 'B' }, '/accounts')).statusCode).toBe(201)
    const elsewhere = await other.call(
      'POST',
      '/leads',
      { name: 'C' },
      { 'idempotency-key': 'shared' },
    )
    expect(elsewhere.statusCode).toBe(201)
  })

  it('has at most 255 characters', async () => {
    expect((await send('k'.repeat(255), { name: 'Long' })).statusCode).toBe(201)
    expect((await send('k'.repeat(256), { name: 'Longer' })).statusCode).toBe(422)
  })
})

describe('a body', () => {
  it.each([
    'application/json',
    'application/json; charset=utf-8',
    'application/json;charset=UTF-8',
    'Application/JSON',
    'application/json; charset="utf-8"',
    'application/json ',
  ])('of type %j is read', async (type) => {
    expect((await raw('{"name":"Typed"}', type)).statusCode).toBe(201)
  })

  it.each([
    'text/plain',
    'text/json',
    'application/xml',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/json; charset=utf-16',
    'application/json; charset=iso-8859-1',
    'application/jsonp',
    'application/json+x',
    'application/vnd.api+json',
    'application/problem+json',
    'json',
    '/json',
    'application/',
    'application/json, text/plain',
    'text/plain; application/json',
    'application/json;charset=utf-8;charset=utf-16',
    '\tapplication/json',
    'application /json',
    'application/json/',
    'application/javascript',
    '*/*',
    'null',
  ])('of type %j is read as JSON or refused with 415, and nothing else', async (type) => {
    const answer = await raw('{"nme":"Typed"}', type)
    expect([415, 422]).toContain(answer.statusCode)
    if (answer.statusCode === 422) expect(answer.body).toContain('UNKNOWN_FIELD')
  })

  it.each(['', '{', '[1,', 'undefined', '{"name":"x"} trailing', "{'name':'x'}", '\ufeff{'])(
    '%j is not JSON',
    async (text) => {
      const answer = await raw(text, 'application/json')
      expect([answer.statusCode, code(answer)]).toEqual([400, 'BAD_JSON'])
    },
  )

  it.each(['null', '1', '"text"', '[]', 'true'])('%s is no object', async (text) => {
    const answer = await raw(text, 'application/json')
    expect([answer.statusCode, code(answer)]).toEqual([422, 'INVALID'])
  })

  it('that is not UTF-8 is refused', async () => {
    const answer = await raw(
      Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
      'application/json',
    )
    expect([answer.statusCode, code(answer)]).toEqual([400, 'BAD_JSON'])
  })

  it.each(['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'])(
    'with the field %s names it as unknown and pollutes nothing',
    async (name) => {
      for (const url of ['/leads', '/auth/login', '/leads/aggregate']) {
        const answer = await raw(`{"${name}": {"polluted": true}}`, 'application/json', url)
        expect(answer.statusCode, answer.body).toBe(422)
        expect(answer.json<{ errors: unknown[] }>().errors).toContainEqual(
          expect.objectContaining({ path: name, code: 'UNKNOWN_FIELD' }),
        )
      }
      expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
    },
  )

  it.each(['a\\u0000b', '\\ud800', '\\udc00\\ud800'])(
    'with text %s that cannot be stored is refused with its path',
    async (text) => {
      const answer = await raw(`{"name": "${text}"}`, 'application/json')
      expect(answer.json()).toMatchObject({
        code: 'INVALID',
        errors: [{ path: 'name', code: 'BAD_FORMAT' }],
      })
    },
  )

  it('of 32 levels is read, of 33 not', async () => {
    const deep = (levels: number) => `${'[['.slice(0, 1).repeat(levels)}${']'.repeat(levels)}`
    expect(code(await raw(deep(32), 'application/json'))).toBe('INVALID')
    expect(code(await raw(deep(33), 'application/json'))).toBe('TOO_DEEP')
  })

  it('of a bulk request may have 8 MiB, any other 1 MiB', async () => {
    const text = (mib: number) => `{"create": [], "atomic": "${'x'.repeat(mib * 1_048_576)}"}`
    expect((await raw(text(7), 'application/json', '/leads/bulk')).statusCode).toBe(422)
    expect((await raw(text(9), 'application/json', '/leads/bulk')).statusCode).toBe(413)
    expect((await raw(text(2), 'application/json', '/leads')).statusCode).toBe(413)
  })

  it('with a name given twice means the last', async () => {
    const answer = await raw('{"name":"First","name":"Last"}', 'application/json')
    expect(answer.json()).toMatchObject({ name: 'Last' })
  })

  it('tells every problem at once', async () => {
    const answer = await org.call('POST', '/leads', {
      email: 'no',
      status: 'odd',
      createdAt: 'now',
      x: 1,
    })
    const { errors } = answer.json<{ errors: { path: string; code: string }[] }>()
    expect(errors.map((issue) => `${issue.path} ${issue.code}`).sort()).toEqual([
      'createdAt READ_ONLY',
      'email BAD_FORMAT',
      'name REQUIRED',
      'status UNKNOWN_OPTION',
      'x UNKNOWN_FIELD',
    ])
  })
})

describe('a query', () => {
  it.each(['page=1', 'filter=%7B%7D&filter=%7B%7D', 'constructor=1', '__proto__=1', 'Limit=1'])(
    'with %s is refused as an unknown parameter',
    async (query) => {
      const answer = await org.call('GET', `/leads?${query}`)
      expect([answer.statusCode, code(answer)]).toEqual([400, 'UNKNOWN_PARAMETER'])
    },
  )

  it.each([
    ['limit=0', 'limit', 'OUT_OF_RANGE'],
    ['limit=201', 'limit', 'OUT_OF_RANGE'],
    ['limit=ten', 'limit', 'WRONG_TYPE'],
    ['limit=1e2', 'limit', 'WRONG_TYPE'],
    ['offset=100001', 'offset', 'OUT_OF_RANGE'],
    ['offset=-1', 'offset', 'WRONG_TYPE'],
    ['count=all', 'count', 'UNKNOWN_OPTION'],
    ['deleted=all', 'deleted', 'UNKNOWN_OPTION'],
  ])('with %s is refused at its parameter', async (query, path, issue) => {
    const answer = await org.call('GET', `/leads?${query}`)
    expect(answer.json()).toMatchObject({ code: 'INVALID', errors: [{ path, code: issue }] })
  })

  it.each([
    '%7B',
    '[]',
    '1',
    'null',
    '%7B%22name%22%3A%22%00%22%7D',
    '%7B%22a%22%3A%22%5Cu0000%22%7D',
  ])('with the filter %s is refused and fails nothing', async (filter) => {
    const answer = await org.call('GET', `/leads?filter=${filter}`)
    expect([400, 422]).toContain(answer.statusCode)
  })

  it('that cannot be decoded finds nothing', async () => {
    expect((await org.call('GET', '/leads/%E0%A4%A')).statusCode).toBe(404)
    expect((await org.call('GET', '/%zz')).statusCode).toBe(404)
  })
})

describe('bulk and aggregate', () => {
  it('answers what became of each item', async () => {
    const answer = await org.call('POST', '/leads/bulk', {
      create: [{ name: 'A' }, {}],
      atomic: false,
    })
    expect(answer.statusCode).toBe(200)
    expect(answer.json()).toMatchObject({
      changeSetId: expect.any(String),
      results: [
        { op: 'create', index: 0, status: 'created', id: expect.any(String) },
        { op: 'create', index: 1, status: 'failed', problem: { code: 'INVALID', status: 422 } },
      ],
    })
  })

  it('writes nothing when one item of an atomic request fails', async () => {
    const answer = await org.call('POST', '/leads/bulk', { create: [{ name: 'Atomic' }, {}] })
    expect(answer.statusCode).toBe(422)
    expect(answer.json()).toMatchObject({ errors: [{ path: 'create[1].name', code: 'REQUIRED' }] })
    const found = await org.call('GET', `/leads?filter=${encodeURIComponent('{"name":"Atomic"}')}`)
    expect(found.json<{ data: Lead[] }>().data).toEqual([])
  })

  it.each([
    [{ create: {} }, 'create'],
    [{ create: [1] }, 'create[0]'],
    [{ update: [{ name: 'X' }] }, 'update[0].id'],
    [{ delete: [{ id: 1 }] }, 'delete[0].id'],
    [{ upsert: { records: [] } }, 'upsert.by'],
    [{ atomic: 'yes' }, 'atomic'],
    [{ remove: [] }, 'remove'],
    [{ filter: {}, update: {}, delete: true }, 'update'],
  ])('refuses %j at its place', async (body, path) => {
    const answer = await org.call('POST', '/leads/bulk', body)
    expect(answer.statusCode).toBe(422)
    expect(answer.json<{ errors: { path: string }[] }>().errors.map((e) => e.path)).toContain(path)
  })

  it('changes and deletes all that match a filter, behind the answer and as one change', async () => {
    const fresh = await app.createOrg()
    const names = Array.from({ length: 450 }, (_, i) => ({ name: `Lead ${i}`, score: i }))
    await fresh.call('POST', '/leads/bulk', { create: names })
    const filter = { score: { $lt: 420 } }
    const started = await fresh.call('POST', '/leads/bulk', { filter, update: { company: 'Acme' } })
    expect(started.statusCode, started.body).toBe(202)
    const { changeSetId, matched } = started.json<{ changeSetId: string; matched: number }>()
    expect(matched).toBe(420)
    const change = async () => (await fresh.call('GET', `/changes/${changeSetId}`)).json()
    await expect.poll(change).toMatchObject({ state: 'done', counts: { updated: 420 } })
    const removed = await fresh.call('POST', '/leads/bulk', {
      filter: { company: 'Acme' },
      delete: true,
    })
    expect(removed.json()).toMatchObject({ matched: 420 })
    const left = async () =>
      (await fresh.call('GET', '/leads?count=exact&limit=1')).json<{ page: { count: number } }>()
        .page.count
    await expect.poll(left).toBe(30)
    const viewer = await app.createKey(fresh.orgId, { role: 'viewer' })
    const refused = await viewer.call('POST', '/leads/bulk', { filter: {}, delete: true })
    expect(refused.statusCode).toBe(403)
  })

  it.each([
    ['a value of the wrong type', { score: 'many' }, 422, 'INVALID', 'update.score'],
    ['a field that is not there', { ghost: 1 }, 422, 'INVALID', 'update.ghost'],
    [
      'what nobody writes',
      { createdAt: '2026-01-01T00:00:00Z' },
      422,
      'INVALID',
      'update.createdAt',
    ],
    ['an id', { id: crypto.randomUUID() }, 422, 'INVALID', 'update.id'],
    ['nothing where something is needed', { name: null }, 422, 'INVALID', 'update.name'],
    [
      'a record that is not there',
      { campaignId: crypto.randomUUID() },
      422,
      'INVALID',
      'campaignId',
    ],
  ])('promises no change of all leads to %s', async (_, update, status, code, path) => {
    const fresh = await app.createOrg()
    await fresh.call('POST', '/leads/bulk', { create: [{ name: 'A' }, { name: 'B' }] })
    const before = (await fresh.call('GET', '/changes')).body
    const answer = await fresh.call('POST', '/leads/bulk', { filter: {}, update })
    expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([status, code])
    expect(answer.json()).toMatchObject({ errors: [{ path }] })
    expect((await fresh.call('GET', '/changes')).body).toBe(before)
  })

  it('promises no change that holds for one record only, or for none', async () => {
    const fresh = await app.createOrg()
    const create = [
      { name: 'A', externalId: '1' },
      { name: 'B', externalId: '2' },
    ]
    await fresh.call('POST', '/opportunities/bulk', { create })
    const change = (filter: object, update: object, by = fresh, plural = 'opportunities') =>
      by.call('POST', `/${plural}/bulk`, { filter, update })
    const many = await change({}, { externalId: '3' })
    expect([many.statusCode, many.json<{ code: string }>().code]).toEqual([409, 'UNIQUE_TAKEN'])
    const taken = await change({ name: 'A' }, { externalId: '2' })
    expect([taken.statusCode, taken.json<{ code: string }>().code]).toEqual([409, 'UNIQUE_TAKEN'])
    expect((await change({ name: 'A' }, { externalId: '4' })).statusCode).toBe(202)
    const editor = await app.createKey(fresh.orgId, { role: 'editor' })
    const members = await change({}, { title: 'Boss' }, editor, 'users')
    expect([members.statusCode, members.json<{ code: string }>().code]).toEqual([403, 'FORBIDDEN'])
    const wrong = await change({ name: 'nobody' }, { value: 'x' })
    expect(wrong.statusCode).toBe(422)
  })

  it('says who made records of the platform itself: somebody did', async () => {
    const fresh = await app.createOrg({ sampleData: true })
    const count = async (filter: object) =>
      (
        await fresh.call(
          'GET',
          `/leads?limit=1&count=exact&filter=${encodeURIComponent(JSON.stringify(filter))}`,
        )
      ).json<{ page: { count: number } }>().page.count
    const all = await count({})
    expect(all).toBeGreaterThan(0)
    expect(await count({ 'createdBy.type': 'system' })).toBe(all)
    expect(await count({ createdBy: { $exists: true } })).toBe(all)
    expect(await count({ createdBy: { $exists: false } })).toBe(0)
    expect(await count({ createdBy: null })).toBe(0)
    expect(await count({ 'createdBy.id': { $exists: true } })).toBe(0)
  })

  it('counts and sums by group', async () => {
    const fresh = await app.createOrg()
    await fresh.call('POST', '/leads/bulk', {
      create: [
        { name: 'A', status: 'new', score: 10 },
        { name: 'B', status: 'new', score: 20 },
        { name: 'C', status: 'qualified', score: 5 },
      ],
    })
    const answer = await fresh.call('POST', '/leads/aggregate', {
      groupBy: [{ field: 'status' }],
      measures: { n: { count: '*' }, total: { sum: 'score' } },
      sort: '-n',
    })
    expect(answer.json()).toEqual({
      data: [
        { status: 'new', n: 2, total: 30 },
        { status: 'qualified', n: 1, total: 5 },
      ],
    })
  })
})
