import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { type Caller, startApp, type TestApp } from '../setup/test-app.ts'

/** What lies in the trash comes back all at once: all that match a filter, or records by id. */
interface Change {
  readonly state: string
  readonly counts: Record<string, number>
  readonly job?: {
    readonly matched: number
    readonly refused: number
    readonly refusals: readonly object[]
  }
}
interface Started {
  readonly changeSetId: string
  readonly matched: number
}

let app: TestApp
let address: string

beforeAll(async () => {
  app = await startApp()
  address = await app.listen()
})
afterAll(() => app?.stop())

async function bulk(by: Caller, plural: string, request: object) {
  const answer = await by.call('POST', `/${plural}/bulk`, request)
  expect(answer.statusCode, answer.body).toBeLessThan(300)
  return answer.json<{ results: { id: string }[] } & Started>()
}
const idsOf = ({ results }: { results: { id: string }[] }) => results.map(({ id }) => id)

async function restoreAll(by: Caller, plural: string, filter: object): Promise<Started> {
  const answer = await by.call('POST', `/${plural}/bulk`, { filter, restore: true })
  expect(answer.statusCode, answer.body).toBe(202)
  return answer.json<Started>()
}

async function done(by: Caller, changeSetId: string): Promise<Change> {
  const look = async () => (await by.call('GET', `/changes/${changeSetId}`)).json<Change>()
  await expect.poll(look).toMatchObject({ state: 'done' })
  return look()
}

async function count(by: Caller, plural: string, deleted = ''): Promise<number> {
  const answer = await by.call('GET', `/${plural}?limit=1&count=exact${deleted}`)
  return answer.json<{ page: { count: number } }>().page.count
}
const inTrash = (by: Caller, plural: string) => count(by, plural, '&deleted=only')

/** Opportunities with these unique values, deleted one after the other. */
async function deletedDeals(by: Caller, ...externalIds: string[]): Promise<string[]> {
  const ids: string[] = []
  for (const externalId of externalIds) {
    const made = await by.call('POST', '/opportunities', { name: externalId, externalId })
    const { id } = made.json<{ id: string }>()
    await by.call('DELETE', `/opportunities/${id}`)
    ids.push(id)
  }
  return ids
}

/** A key in a role of these rules over leads. */
async function withRole(org: Caller, rules: Record<string, object>): Promise<Caller> {
  const entity = 'crm.leads:lead'
  const value = {
    label: 'Special',
    rules: Object.fromEntries(
      Object.entries(rules).map(([key, rule]) => [key, { entity, ...rule }]),
    ),
  }
  const ops = [{ op: 'set', path: ['roles', 'special'], value }]
  await org.call('PATCH', '/studio/draft', { ops })
  const { hash } = (await org.call('POST', '/studio/plan')).json<{ hash: string }>()
  const published = await org.call('POST', '/studio/publish', { hash, message: 'Special' })
  expect(published.statusCode, published.body).toBe(201)
  return app.createKey(org.orgId, { role: 't:special' })
}

describe('restoring all that match', () => {
  it('brings back what is in the trash, with progress, as one change that can be taken back', async () => {
    const org = await app.createOrg()
    const create = Array.from({ length: 450 }, (_, i) => ({ name: `Lead ${i}`, score: i }))
    const ids = idsOf(await bulk(org, 'leads', { create }))
    await bulk(org, 'leads', { delete: ids.slice(30).map((id) => ({ id })) })
    const heard = await listen(org, 'bulk_by_filter')

    const { changeSetId, matched } = await restoreAll(org, 'leads', { score: { $lt: 440 } })
    expect(matched).toBe(410)
    expect(await done(org, changeSetId)).toMatchObject({
      counts: { created: 0, updated: 0, deleted: 0, restored: 410 },
      job: { matched: 410, refused: 0, refusals: [] },
    })
    expect([await count(org, 'leads'), await inTrash(org, 'leads')]).toEqual([440, 10])
    const steps = () => heard().map(({ written, isDone }) => [written, isDone])
    await expect.poll(steps).toEqual([
      [200, false],
      [400, false],
      [410, false],
      [410, true],
    ])
    expect(heard().at(-1)).toMatchObject({ changeSetId, matched: 410, refused: 0 })

    const back = await org.call('POST', `/changes/${changeSetId}/revert`)
    expect(back.json()).toMatchObject({ reverted: 410, conflicts: [] })
    expect([await count(org, 'leads'), await inTrash(org, 'leads')]).toEqual([30, 420])
  })

  it('names each record whose unique value is taken, and brings back the others', async () => {
    const org = await app.createOrg()
    const [one, taken, elder, younger] = await deletedDeals(org, '1', '2', '3', '3')
    await org.call('POST', '/opportunities', { name: 'Newer', externalId: '2' })

    const { changeSetId, matched } = await restoreAll(org, 'opportunities', {})
    expect(matched).toBe(4)
    const change = await done(org, changeSetId)
    expect(change).toMatchObject({ counts: { restored: 2 }, job: { matched: 4, refused: 2 } })
    const problem = { entity: 'opportunities', code: 'UNIQUE_TAKEN', field: 'externalId' }
    expect(change.job?.refusals).toEqual(
      // The trash is gone through from the newest.
      [elder, taken].map((id) => ({
        ...problem,
        id,
        detail: expect.stringContaining('"externalId"'),
      })),
    )
    const living = (await org.call('GET', '/opportunities')).json<{ data: { id: string }[] }>().data
    expect(living.map(({ id }) => id)).toEqual(expect.arrayContaining([one, younger]))
  })

  it('promises nothing when every record is refused, and finds nothing in an empty trash', async () => {
    const org = await app.createOrg()
    await deletedDeals(org, '1')
    await org.call('POST', '/opportunities', { name: 'Newer', externalId: '1' })
    const before = (await org.call('GET', '/changes')).body
    const restore = { filter: { name: '1' }, restore: true }
    const refused = await org.call('POST', '/opportunities/bulk', restore)
    expect(refused.json()).toMatchObject({ status: 409, code: 'UNIQUE_TAKEN', field: 'externalId' })
    expect((await org.call('GET', '/changes')).body).toBe(before)
    // Living records are not asked.
    const none = await restoreAll(org, 'opportunities', { name: 'Newer' })
    expect(none.matched).toBe(0)
    expect(await done(org, none.changeSetId)).toMatchObject({ counts: { restored: 0 } })
  })

  it('restores what each record allows, and tells what was refused only to whoever asked', async () => {
    const org = await app.createOrg()
    const by = await withRole(org, {
      read: { operations: ['read'] },
      hot: { operations: ['restore'], condition: { score: { $gte: 50 } } },
    })
    const create = [{ score: 10 }, { score: 60 }].map((one) => ({ name: 'Lead', ...one }))
    const ids = idsOf(await bulk(org, 'leads', { create }))
    await bulk(org, 'leads', { delete: ids.map((id) => ({ id })) })
    // What they may not restore is not in their trash.
    const { changeSetId } = await restoreAll(by, 'leads', {})
    expect(await done(by, changeSetId)).toMatchObject({
      counts: { restored: 1 },
      job: { matched: 1, refused: 0 },
    })
    const { data } = (await org.call('GET', '/leads')).json<{ data: { id: string }[] }>()
    expect(data.map(({ id }) => id)).toEqual([ids[1]])
    const seen = await done(org, changeSetId)
    expect(seen).toMatchObject({ counts: { restored: 1 } })
    expect(seen).not.toHaveProperty('job')
    const viewer = await app.createKey(org.orgId, { role: 'viewer' })
    const refused = await viewer.call('POST', '/leads/bulk', { filter: {}, restore: true })
    expect(refused.json()).toMatchObject({ status: 403, code: 'FORBIDDEN' })
  })

  it('names what a change or a delete of all was refused for, too', async () => {
    const org = await app.createOrg()
    await bulk(org, 'leads', { create: [90, 10].map((score) => ({ name: 'Lead', score })) })
    const by = await withRole(org, {
      read: { operations: ['read'] },
      cold: { operations: ['update'], condition: { score: { $lt: 50 } } },
    })
    const { changeSetId } = await bulk(by, 'leads', { filter: {}, update: { company: 'Acme' } })
    expect(await done(by, changeSetId)).toMatchObject({
      counts: { updated: 1 },
      job: { matched: 2, refused: 1, refusals: [{ entity: 'leads', code: 'FORBIDDEN' }] },
    })
  })
})

describe('restoring by id', () => {
  it('is all or nothing, naming the item whose value is taken, or each for itself', async () => {
    const org = await app.createOrg()
    const [one, twin, other] = await deletedDeals(org, '1', '1', '2')
    const restore = [one, twin, other].map((id) => ({ id }))
    const refused = await org.call('POST', '/opportunities/bulk', { restore })
    expect(refused.json()).toMatchObject({ code: 'UNIQUE_TAKEN', path: 'restore[1].externalId' })
    expect(await count(org, 'opportunities')).toBe(0)

    const { results } = await bulk(org, 'opportunities', { restore, atomic: false })
    expect(results).toMatchObject([
      { op: 'restore', index: 0, status: 'restored', id: one },
      { op: 'restore', index: 1, status: 'failed', problem: { code: 'UNIQUE_TAKEN' } },
      { op: 'restore', index: 2, status: 'restored', id: other },
    ])
    const again = await bulk(org, 'opportunities', { restore: [{ id: one }] })
    expect(again.results).toMatchObject([{ status: 'unchanged' }])
  })

  it('says at its place what is wrong with the request', async () => {
    const org = await app.createOrg()
    const paths = async (body: object) =>
      (await org.call('POST', '/leads/bulk', body))
        .json<{ errors: { path: string }[] }>()
        .errors.map(({ path }) => path)
    expect(await paths({ restore: [{ name: 'x' }] })).toEqual(['restore[0].id'])
    expect(await paths({ filter: {}, restore: false })).toEqual(['update'])
    expect(await paths({ filter: {}, restore: true, delete: true })).toEqual(['update'])
    expect(await paths({ filter: {} })).toEqual(['update'])
  })
})

/** What a page hears on a topic. */
async function listen(
  by: Caller,
  topic: string,
): Promise<() => readonly Record<string, unknown>[]> {
  const socket = new WebSocket(`${address.replace('http', 'ws')}/api/v1/live`, {
    headers: by.headers,
  })
  const heard: { type: string; data?: Record<string, unknown> }[] = []
  await new Promise((resolve, reject) => {
    socket.on('message', (data) => {
      heard.push(JSON.parse(String(data)))
      resolve(null)
    })
    socket.once('error', reject)
    const hello = { type: 'subscribe', id: 'page', topics: [{ topic }] }
    socket.once('open', () => socket.send(JSON.stringify(hello)))
  })
  return () => heard.flatMap(({ type, data }) => (type === 'event' && data ? [data] : []))
}
