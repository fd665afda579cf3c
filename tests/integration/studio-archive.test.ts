import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Caller, startApp, type TestApp } from '../setup/test-app.ts'

/** What a publish takes away is kept, comes back, or is erased for good. */
let app: TestApp
let org: Caller

beforeAll(async () => {
  app = await startApp()
  org = await app.createOrg({ name: 'Acme Estates' })
  await publish(
    { op: 'set', path: ['fields', 'budget'], value: budget },
    { op: 'set', path: ['entities', 'property'], value: property },
  )
  for (const amount of ['100', '200']) {
    await ask('POST', '/leads', { name: 'Ada', budget: { amount, currency: 'EUR' } })
  }
  await ask('POST', '/leads', { name: 'Bob' })
  await ask('POST', '/properties', { street: 'Main Street 1' })
})
afterAll(() => app.stop())

// biome-ignore lint/suspicious/noExplicitAny: what comes is compared, never computed with.
type Json = any

async function ask(method: string, path: string, body?: unknown): Promise<Json> {
  const answer = await org.call(method, `/api/v1${path}`, body)
  if (answer.statusCode >= 300) throw new Error(`${method} ${path}: ${answer.body}`)
  return answer.statusCode === 204 ? null : answer.json()
}

async function publish(...ops: object[]): Promise<number> {
  if (ops.length > 0) await ask('PATCH', '/studio/draft', { ops })
  const { hash } = await ask('POST', '/studio/plan')
  return (await ask('POST', '/studio/publish', { hash })).revision
}

const budget = { entity: 'crm.leads:lead', field: { type: 'currency', label: 'Budget' } }
const property = {
  label: 'Property',
  labelPlural: 'Properties',
  plural: 'properties',
  titleField: 'street',
  fields: { street: { type: 'text', label: 'Street' } },
}
const archive = async () => (await ask('GET', '/studio/archive')).data
const budgets = async () =>
  (await ask('GET', '/leads?sort=createdAt')).data.map((lead: Json) => lead.budget?.amount ?? null)

describe('the archive', () => {
  it('lists fields and objects that are gone, with their values', async () => {
    expect(await archive()).toEqual([])
    await publish(
      { op: 'unset', path: ['fields', 'budget'], from: budget },
      { op: 'unset', path: ['entities', 'property'], from: property },
    )
    expect(await archive()).toEqual([
      {
        kind: 'field',
        path: 'fields/budget',
        label: 'Budget',
        entity: 'crm.leads:lead',
        entityLabel: 'Lead',
        type: 'currency',
        storageId: expect.stringMatching(/^f_/),
        revision: 1,
        removedIn: 2,
        removedAt: expect.stringMatching(/Z$/),
        values: 2,
      },
      expect.objectContaining({
        kind: 'entity',
        path: 'entities/property',
        label: 'Property',
        storageId: 't:property',
        values: 1,
      }),
    ])
  })

  it('gives back a field and an object under the same storage ids', async () => {
    const [{ storageId }] = await archive()
    for (const path of ['fields/budget', 'entities/property']) {
      await ask('POST', '/studio/archive/restore', {
        path,
        revision: path === 'fields/budget' ? 1 : 2,
      })
    }
    const lead = await org.call('GET', '/api/v1/leads?sort=createdAt&limit=1', undefined, {
      'x-runway-revision': 'draft',
    })
    expect(lead.json().data[0].budget).toMatchObject({ amount: '100.00' })
    await publish()
    expect(await budgets()).toEqual(['100.00', '200.00', null])
    expect((await ask('GET', '/properties')).data).toMatchObject([{ street: 'Main Street 1' }])
    expect(await archive()).toEqual([])
    const draft = await ask('GET', '/studio/draft')
    expect(draft.document.storageIds['fields/budget']).toBe(storageId)
    expect(draft.document).not.toHaveProperty('restores')
  })

  it('keeps apart a new field of the same key, and tells what stands in the way', async () => {
    await publish({ op: 'unset', path: ['fields', 'budget'], from: budget })
    await publish({ op: 'set', path: ['fields', 'budget'], value: budget })
    expect(await budgets()).toEqual([null, null, null])
    const [old] = await archive()
    expect(old).toMatchObject({ path: 'fields/budget', revision: 3, values: 2 })
    const restore = { path: 'fields/budget', revision: 3 }
    const answer = await org.call('POST', '/api/v1/studio/archive/restore', restore)
    expect(answer.json()).toMatchObject({ code: 'STATE_CONFLICT' })
    for (const path of ['fields/nothing', 'roles/x', '__proto__/x', 'fields/__proto__']) {
      const gone = await org.call('POST', '/api/v1/studio/archive/restore', { path, revision: 1 })
      expect(gone.json()).toMatchObject({ code: 'NOT_FOUND' })
    }
  })
})

describe('purging', () => {
  it('asks for the key, writes a file, and then leaves nothing of the values behind', async () => {
    const [{ path, storageId }] = await archive()
    const request = { path, storageId, confirm: 'yes' }
    const refused = await org.call('POST', '/api/v1/studio/archive/purge', request)
    expect(refused.json().errors).toMatchObject([{ path: 'confirm' }])
    const { jobId, file } = await ask('POST', '/studio/archive/purge', {
      ...request,
      confirm: 'budget',
    })
    expect(jobId).toMatch(/^[0-9a-f-]{36}$/)
    await expect.poll(async () => (await archive())[0].values).toBe(0)
    const answer = await org.call('GET', `/api/v1${file}`)
    const lines = answer.body
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(lines.map(({ values }) => values)).toEqual([
      { [storageId]: 1_000_000, [`${storageId}.currency`]: 'EUR' },
      { [storageId]: 2_000_000, [`${storageId}.currency`]: 'EUR' },
    ])
    const other = await app.createOrg({ name: 'Other' })
    expect((await other.call('GET', `/api/v1${file}`)).statusCode).toBe(404)
    const { data } = await ask('GET', '/leads')
    const history = await ask('GET', `/leads/${data[1].id}/history`)
    expect(JSON.stringify(history)).not.toContain('200')
  })

  it('erases the records of an object', async () => {
    await publish({ op: 'unset', path: ['entities', 'property'], from: property })
    const one = (await archive()).find(({ kind }: Json) => kind === 'entity')
    await ask('POST', '/studio/archive/purge', {
      path: one.path,
      storageId: one.storageId,
      confirm: 'property',
    })
    const values = async () => (await archive()).find(({ kind }: Json) => kind === 'entity').values
    await expect.poll(values).toBe(0)
    await ask('POST', '/studio/archive/restore', { path: one.path, revision: one.revision })
    await publish()
    expect((await ask('GET', '/properties')).data).toEqual([])
  })
})
