import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { uuidv7 } from '../database/uuid.ts'
import { codeOf, issuesOf, rowsOf } from './testing/record-helpers.ts'
import {
  contextFor,
  entityOf,
  newOrgId,
  openFixture,
  type RecordsFixture,
} from './testing/records-fixture.ts'

let fixture: RecordsFixture
beforeAll(async () => {
  fixture = await openFixture()
})
afterAll(() => fixture.close())

const leads = entityOf('leads')
const opportunities = entityOf('opportunities')
const system = (orgId = newOrgId()) => contextFor({ orgId })
const statuses = (results: readonly { op: string; status: string }[]) =>
  results.map(({ op, status }) => `${op} ${status}`)

describe('many at once', () => {
  it('creates, updates, upserts and deletes in this order, in one change set', async () => {
    const ctx = system()
    const { writer, db } = fixture
    const first = await writer.create(ctx, opportunities, { name: 'A', externalId: 'a' })
    const gone = await writer.create(ctx, opportunities, { name: 'B', externalId: 'b' })
    const { changeSetId, results } = await writer.bulk(ctx, opportunities, {
      create: [{ name: 'C', externalId: 'c' }],
      update: [{ id: first.id, version: 1, name: 'A2' }],
      upsert: {
        by: 'externalId',
        records: [
          { externalId: 'c', name: 'C2' },
          { externalId: 'd', name: 'D' },
          { externalId: 'a', name: 'A2' },
        ],
      },
      delete: [{ id: gone.id }],
    })
    expect(statuses(results)).toEqual([
      'create created',
      'update updated',
      'upsert updated',
      'upsert created',
      'upsert unchanged',
      'delete deleted',
    ])
    const sets = await rowsOf(db, ctx, 'tenant.change_set')
    expect(sets.find((set) => set.id === changeSetId)).toMatchObject({
      state: 'done',
      counts: { created: 2, updated: 2, deleted: 1 },
    })
    const { data } = await fixture.reader.list(ctx, opportunities, { sort: 'name' })
    expect(data.map((deal) => deal.name)).toEqual(['A2', 'C2', 'D'])
  })

  it('is all or nothing, and names every problem with its place', async () => {
    const ctx = system()
    const lead = await fixture.writer.create(ctx, leads, { name: 'Ada' })
    const request = fixture.writer.bulk(ctx, leads, {
      create: [{ name: 'Bea' }, { email: 'no', name: 'C' }, { name: '' }, { name: 'D', ghost: 1 }],
      update: [{ id: lead.id, score: 'x' }],
    })
    expect(await issuesOf(request)).toEqual([
      'create[1].email BAD_FORMAT',
      'create[2].name REQUIRED',
      'create[3].ghost UNKNOWN_FIELD',
      'update[0].score WRONG_TYPE',
    ])
    expect(await rowsOf(fixture.db, ctx, leads.table)).toHaveLength(1)
    expect(await rowsOf(fixture.db, ctx, 'tenant.change_set')).toHaveLength(1)
  })

  it('undoes what was written when a later item is stale, missing or taken', async () => {
    const ctx = system()
    const { writer } = fixture
    const deal = await writer.create(ctx, opportunities, { name: 'A', externalId: 'a' })
    const create = [{ name: 'New' }]
    const stale = writer.bulk(ctx, opportunities, {
      create,
      update: [{ id: deal.id, version: 7, name: 'x' }],
    })
    expect(await codeOf(stale)).toBe('STALE_VERSION')
    const missing = writer.bulk(ctx, opportunities, { create, delete: [{ id: uuidv7() }] })
    expect(await codeOf(missing)).toBe('NOT_FOUND')
    const taken = writer.bulk(ctx, opportunities, {
      create: [...create, { name: 'B', externalId: 'a' }],
    })
    await expect(taken).rejects.toMatchObject({
      code: 'UNIQUE_TAKEN',
      extra: { field: 'externalId', path: 'create[1].externalId' },
    })
    const twice = writer.bulk(ctx, opportunities, {
      create: [
        { name: 'B', externalId: 'b' },
        { name: 'C', externalId: 'b' },
      ],
    })
    await expect(twice).rejects.toMatchObject({ extra: { path: 'create[1].externalId' } })
    const relation = writer.bulk(ctx, opportunities, {
      create: [...create, { name: 'B', accountId: uuidv7() }],
    })
    expect(await issuesOf(relation)).toEqual(['create[1].accountId UNKNOWN_RECORD'])
    expect(await rowsOf(fixture.db, ctx, opportunities.table)).toHaveLength(1)
  })

  it('gives every item its own fate when it is not atomic', async () => {
    const ctx = system()
    const { writer } = fixture
    const deal = await writer.create(ctx, opportunities, { name: 'A', externalId: 'a' })
    const { results, changeSetId } = await writer.bulk(ctx, opportunities, {
      atomic: false,
      create: [
        { name: 'B', externalId: 'b' },
        { name: 'C', externalId: 'a' },
        { name: '' },
        { name: 'D', externalId: 'b' },
        { name: 'E', accountId: uuidv7() },
        { name: 'F' },
      ],
      update: [
        { id: deal.id, version: 9, name: 'x' },
        { id: uuidv7(), name: 'x' },
        { id: deal.id, name: 'A2' },
        { id: deal.id, name: 'A3' },
      ],
      delete: [{ id: 'no-uuid' }],
    })
    expect(
      results.map(({ op, index, status, problem }) => `${op}[${index}] ${problem?.code ?? status}`),
    ).toEqual([
      'create[0] created',
      'create[1] UNIQUE_TAKEN',
      'create[2] INVALID',
      'create[3] UNIQUE_TAKEN',
      'create[4] INVALID',
      'create[5] created',
      'update[0] STALE_VERSION',
      'update[1] NOT_FOUND',
      'update[2] updated',
      'update[3] updated',
      'delete[0] NOT_FOUND',
    ])
    expect(results[2]?.problem).toMatchObject({
      status: 422,
      errors: [{ path: 'name', code: 'REQUIRED' }],
    })
    const sets = await rowsOf(fixture.db, ctx, 'tenant.change_set')
    expect(sets.find((set) => set.id === changeSetId)?.counts).toEqual({ created: 2, updated: 2 })
    expect(await fixture.reader.get(ctx, opportunities, deal.id)).toMatchObject({
      name: 'A3',
      version: 3,
    })
  })

  it('takes at most 1,000 items, and writes them in one go', async () => {
    const ctx = system()
    const create = Array.from({ length: 1000 }, (_, n) => ({ name: `Lead ${n}`, region: `r${n}` }))
    const { results } = await fixture.writer.bulk(ctx, leads, { create })
    expect(results.every(({ status }) => status === 'created')).toBe(true)
    const update = results.map(({ id }, n) => ({ id: id!, score: n }))
    const changed = await fixture.writer.bulk(ctx, leads, { update })
    expect(changed.results.every(({ status }) => status === 'updated')).toBe(true)
    expect(await fixture.reader.count(ctx, leads, { score: { $gte: 500 } })).toBe(500)
    expect(await rowsOf(fixture.db, ctx, 'tenant.ledger')).toHaveLength(2000)
    expect(await rowsOf(fixture.db, ctx, 'tenant.outbox')).toHaveLength(2000)
    const tooMany = fixture.writer.bulk(ctx, leads, { create: [...create, { name: 'x' }] })
    expect(await codeOf(tooMany)).toBe('TOO_LARGE')
  })
})

describe('upsert', () => {
  it('needs a unique field that the actor sees', async () => {
    const ctx = system()
    const by = (field: string) =>
      codeOf(fixture.writer.bulk(ctx, opportunities, { upsert: { by: field, records: [] } }))
    expect(await by('ghost')).toBe('UNKNOWN_FIELD')
    expect(await by('name')).toBe('UNKNOWN_PARAMETER')
    expect(await by('id')).toBe('UNKNOWN_PARAMETER')
    expect(await by('externalId')).toBe('fine')
  })

  it('treats the same key twice like two requests, skips or creates when told to', async () => {
    const ctx = system()
    const upsert = (onDuplicate: 'update' | 'skip', name: string) =>
      fixture.writer.bulk(ctx, opportunities, {
        upsert: {
          by: 'externalId',
          onDuplicate,
          records: [
            { externalId: 'a', name },
            { externalId: 'a', name: `${name} again` },
          ],
        },
      })
    expect(statuses((await upsert('update', 'one')).results)).toEqual([
      'upsert created',
      'upsert updated',
    ])
    expect(statuses((await upsert('skip', 'two')).results)).toEqual([
      'upsert skipped',
      'upsert skipped',
    ])
    const { data } = await fixture.reader.list(ctx, opportunities)
    expect(data.map((deal) => deal.name)).toEqual(['one again'])
    const none = fixture.writer.bulk(ctx, opportunities, {
      upsert: { by: 'externalId', records: [{ name: 'x' }, { externalId: ' ', name: 'y' }] },
    })
    expect(await issuesOf(none)).toEqual([
      'upsert.records[0].externalId REQUIRED',
      'upsert.records[1].externalId REQUIRED',
    ])
  })

  it('from many sides at once makes one record', async () => {
    const ctx = system()
    const once = (name: string) =>
      fixture.writer.bulk(ctx, opportunities, {
        atomic: false,
        upsert: { by: 'externalId', records: [{ externalId: 'a', name }] },
      })
    const all = await Promise.all(['a', 'b', 'c', 'd'].map(once))
    const made = all.flatMap(({ results }) => statuses(results))
    expect(made.filter((one) => one === 'upsert created')).toHaveLength(1)
    expect(made.filter((one) => one === 'upsert updated')).toHaveLength(3)
  })

  it('does not tell of a record that the actor may not see, beyond that its value is taken', async () => {
    const orgId = newOrgId()
    const boss = await fixture.writer.create(system(orgId), entityOf('users'), { name: 'Boss' })
    await fixture.writer.create(system(orgId), opportunities, {
      name: 'Secret',
      externalId: 'a',
      ownerId: boss.id,
    })
    const rep = contextFor({ orgId, userId: uuidv7(), roles: ['platform.people:rep'] })
    const { results } = await fixture.writer.bulk(rep, opportunities, {
      atomic: false,
      upsert: { by: 'externalId', records: [{ externalId: 'a', name: 'Mine' }] },
    })
    expect(results[0]?.problem?.code).toBe('UNIQUE_TAKEN')
    expect(results[0]?.id).toBeUndefined()
  })
})
