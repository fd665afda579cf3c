import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RequestContext } from '../context/request-context.ts'
import type { Database, Statement } from '../database/postgres.ts'
import { uuidv7 } from '../database/uuid.ts'
import { createLedger, type Ledger } from './ledger.ts'
import { createRevert, type Revert } from './revert.ts'
import { conflictOf } from './revert-conflict.ts'
import { loadPlan } from './revert-plan.ts'
import { codeOf, rowsOf } from './testing/record-helpers.ts'
import {
  contextFor,
  entityOf,
  newOrgId,
  openFixture,
  type RecordsFixture,
  testCodecs,
} from './testing/records-fixture.ts'

let fixture: RecordsFixture
let ledger: Ledger
let revert: Revert['revert']
beforeAll(async () => {
  fixture = await openFixture()
  const { db, writer } = fixture
  ledger = createLedger({ db, codecs: testCodecs })
  revert = createRevert({ db, codecs: testCodecs, ledger, writer }).revert
})
afterAll(() => fixture.close())

const leads = entityOf('leads')
const accounts = entityOf('accounts')
const opportunities = entityOf('opportunities')
const orders = entityOf('orders')
const system = (orgId = newOrgId()) => contextFor({ orgId })
const lastChange = async (ctx: RequestContext) => (await ledger.list(ctx)).data[0]!

describe('taking a change back', () => {
  it('deletes what it created, restores what it deleted, sets back what it changed', async () => {
    const ctx = system()
    const { writer, reader } = fixture
    const kept = await writer.create(ctx, opportunities, { name: 'Kept', value: 5 })
    const gone = await writer.create(ctx, opportunities, { name: 'Gone' })
    const { changeSetId, results } = await writer.bulk(ctx, opportunities, {
      create: [{ name: 'New' }],
      update: [{ id: kept.id, name: 'Changed', value: { amount: 7, currency: 'EUR' } }],
      delete: [{ id: gone.id }],
    })
    const answer = await revert(ctx, changeSetId)
    expect(answer).toEqual({
      changeSetId: expect.any(String),
      reverted: 3,
      skipped: 0,
      conflicts: [],
    })
    expect(await reader.get(ctx, opportunities, kept.id)).toMatchObject({
      name: 'Kept',
      value: { amount: '5.00', currency: 'USD' },
      version: 3,
    })
    expect(await reader.get(ctx, opportunities, gone.id)).toMatchObject({
      name: 'Gone',
      version: 3,
    })
    expect(await codeOf(reader.get(ctx, opportunities, results[0]!.id!))).toBe('NOT_FOUND')
    expect(await ledger.find(ctx, changeSetId)).toMatchObject({
      state: 'reverted',
      revertedBy: answer.changeSetId,
    })
    expect(await ledger.find(ctx, answer.changeSetId!)).toMatchObject({
      parentId: changeSetId,
      door: 'revert',
      state: 'done',
      counts: { created: 0, updated: 1, deleted: 1, restored: 1 },
    })
    expect(await codeOf(revert(ctx, changeSetId))).toBe('STATE_CONFLICT')
  })

  it('can be taken back itself, and again', async () => {
    const ctx = system()
    const { writer, reader } = fixture
    const lead = await writer.create(ctx, leads, { name: 'Ada', region: 'North' })
    await writer.update(ctx, leads, lead.id, { name: 'Bea', region: null })
    const change = await lastChange(ctx)
    const undo = await revert(ctx, change.id)
    expect(await reader.get(ctx, leads, lead.id)).toMatchObject({ name: 'Ada', region: 'North' })
    const redo = await revert(ctx, undo.changeSetId!)
    expect(redo.conflicts).toEqual([])
    expect(await reader.get(ctx, leads, lead.id)).toMatchObject({ name: 'Bea', region: null })
    expect(await ledger.find(ctx, change.id)).toMatchObject({ state: 'done', revertedBy: null })
    await revert(ctx, change.id)
    expect(await reader.get(ctx, leads, lead.id)).toMatchObject({ name: 'Ada', region: 'North' })
  })

  it('of a record that was changed and deleted in one go leads back and forth any number of times', async () => {
    const ctx = system()
    const { writer, reader } = fixture
    const { id } = await writer.create(ctx, leads, { name: 'Ada', region: 'North' })
    const { changeSetId: first } = await writer.bulk(ctx, leads, {
      update: [{ id, name: 'Bea', region: null }],
      delete: [{ id }],
    })
    const undo = (await revert(ctx, first)).changeSetId!
    for (let n = 0; n < 2; n++) {
      expect(await reader.get(ctx, leads, id)).toMatchObject({ name: 'Ada', region: 'North' })
      const redo = (await revert(ctx, undo)).changeSetId!
      expect(await codeOf(reader.get(ctx, leads, id))).toBe('NOT_FOUND')
      await revert(ctx, redo)
    }
    await writer.update(ctx, leads, id, { name: 'Cleo' })
    expect(await codeOf(revert(ctx, undo))).toBe('CHANGE_CONFLICT')
    expect(await reader.get(ctx, leads, id)).toMatchObject({ name: 'Cleo', region: 'North' })
  })

  it('tells what would happen and writes nothing in a dry run', async () => {
    const ctx = system()
    const lead = await fixture.writer.create(ctx, leads, { name: 'Ada' })
    const change = await lastChange(ctx)
    expect(await revert(ctx, change.id, { dryRun: true })).toEqual({
      changeSetId: null,
      reverted: 1,
      skipped: 0,
      conflicts: [],
    })
    expect(await fixture.reader.get(ctx, leads, lead.id)).toEqual(lead)
    expect(await rowsOf(fixture.db, ctx, 'tenant.change_set')).toHaveLength(1)
    expect(await ledger.find(ctx, change.id)).toMatchObject({ state: 'done' })
  })

  it('brings back cascaded records and cleared relations with their target', async () => {
    const ctx = system()
    const { writer, reader } = fixture
    const account = await writer.create(ctx, accounts, { name: 'Acme' })
    const deal = await writer.create(ctx, opportunities, { name: 'D', accountId: account.id })
    const house = await writer.create(ctx, entityOf('houses'), { name: 'H', accountId: account.id })
    await writer.delete(ctx, accounts, account.id)
    await revert(ctx, (await lastChange(ctx)).id)
    expect(await reader.get(ctx, opportunities, deal.id)).toMatchObject({ accountId: account.id })
    expect(await reader.get(ctx, entityOf('houses'), house.id)).toMatchObject({
      accountId: account.id,
    })
    const order = await writer.create(ctx, orders, { name: 'O' })
    const line = await writer.create(ctx, entityOf('lines'), { text: 'a', orderId: order.id })
    await writer.delete(ctx, orders, order.id)
    await revert(ctx, (await lastChange(ctx)).id)
    expect(await reader.get(ctx, entityOf('lines'), line.id)).toMatchObject({ orderId: order.id })
  })
})

describe('a conflict', () => {
  async function edited() {
    const orgId = newOrgId()
    const ctx = system(orgId)
    const { writer } = fixture
    const lead = await writer.create(ctx, leads, { name: 'Ada', company: 'Acme', budget: 5 })
    await writer.update(ctx, leads, lead.id, { name: 'Bea', company: 'Bolt', budget: 6 })
    const change = await lastChange(ctx)
    const userId = uuidv7()
    const rules = { all: { operations: ['manage'], entity: '*' } }
    const ann = contextFor({ orgId, userId, rules })
    await writer.update(ann, leads, lead.id, { name: 'Cleo', budget: 7 })
    return { ctx, lead, change, by: { type: 'user' as const, id: userId, name: 'Ann' } }
  }

  it('stops the whole, and says what it was, what it is and who changed it', async () => {
    const { ctx, lead, change, by } = await edited()
    const error = await revert(ctx, change.id).catch((caught) => caught)
    expect(error).toMatchObject({ code: 'CHANGE_CONFLICT', status: 409 })
    const money = (amount: string) => ({ amount, currency: 'USD' })
    const budget = { left: money('6.00'), now: money('7.00') }
    expect(error.extra.conflicts).toEqual([
      conflictOf('leads', lead.id, 'name', { left: 'Bea', now: 'Cleo' }, by),
      conflictOf('leads', lead.id, 'budget', budget, by),
    ])
    expect(await fixture.reader.get(ctx, leads, lead.id)).toMatchObject({
      company: 'Bolt',
      version: 3,
    })
    expect(await ledger.find(ctx, change.id)).toMatchObject({ state: 'done' })
    expect(await revert(ctx, change.id, { dryRun: true })).toMatchObject({
      changeSetId: null,
      conflicts: error.extra.conflicts,
    })
  })

  it('is skipped when told to, and the rest goes back', async () => {
    const { ctx, lead, change } = await edited()
    const answer = await revert(ctx, change.id, { onConflict: 'skip' })
    expect(answer).toMatchObject({ reverted: 1, skipped: 1 })
    expect(answer.conflicts.map(({ field }) => field)).toEqual(['name', 'budget'])
    expect(await fixture.reader.get(ctx, leads, lead.id)).toMatchObject({
      name: 'Cleo',
      company: 'Acme',
      budget: { amount: '7.00', currency: 'USD' },
    })
  })

  it('keeps a created record that somebody has worked on', async () => {
    const ctx = system()
    const { writer } = fixture
    const { changeSetId, results } = await writer.bulk(ctx, leads, {
      create: [{ name: 'Ada' }, { name: 'Bea' }],
    })
    const [ada, bea] = results.map(({ id }) => id!)
    await writer.update(ctx, leads, ada!, { name: 'Ada Lovelace' })
    expect(await codeOf(revert(ctx, changeSetId))).toBe('CHANGE_CONFLICT')
    expect(await revert(ctx, changeSetId, { onConflict: 'skip' })).toMatchObject({
      reverted: 1,
      skipped: 1,
      conflicts: [
        conflictOf('leads', ada!, 'name', { left: 'Ada', now: 'Ada Lovelace' }, system().principal),
      ].map(({ by: _, ...rest }) => rest),
    })
    expect(await codeOf(fixture.reader.get(ctx, leads, bea!))).toBe('NOT_FOUND')
  })

  it('is none when somebody set the value back already', async () => {
    const { ctx, lead, change } = await edited()
    await fixture.writer.update(ctx, leads, lead.id, { name: 'Ada', budget: 5 })
    expect(await revert(ctx, change.id)).toMatchObject({ conflicts: [], reverted: 1 })
  })

  it('is a unique value that is taken, and a target that is in use', async () => {
    const ctx = system()
    const { writer } = fixture
    const deal = await writer.create(ctx, opportunities, { name: 'A', externalId: 'a' })
    await writer.delete(ctx, opportunities, deal.id)
    const deleted = await lastChange(ctx)
    await writer.create(ctx, opportunities, { name: 'B', externalId: 'a' })
    expect(await revert(ctx, deleted.id, { dryRun: true })).toMatchObject({
      conflicts: [{ entity: 'opportunities', id: deal.id, field: 'externalId' }],
    })
    expect(await codeOf(revert(ctx, deleted.id))).toBe('CHANGE_CONFLICT')
    const account = await writer.create(ctx, accounts, { name: 'Acme' })
    const created = await lastChange(ctx)
    await writer.create(ctx, orders, { name: 'O', accountId: account.id })
    expect(await revert(ctx, created.id, { onConflict: 'skip' })).toMatchObject({
      reverted: 0,
      skipped: 1,
      conflicts: [{ id: account.id, reason: expect.stringContaining('refer to this record') }],
    })
  })
})

describe('the right to take back', () => {
  it('is the right to change all of it', async () => {
    const orgId = newOrgId()
    const ctx = system(orgId)
    const { writer } = fixture
    const me = uuidv7()
    const rules = {
      read: { operations: ['read'], entity: '*' },
      own: {
        operations: ['create', 'update', 'delete', 'restore'],
        entity: 'crm.leads:lead',
        scope: 'own',
      },
    } as const
    const rep = contextFor({ orgId, userId: me, rules })
    const mine = await writer.create(rep, leads, { name: 'Mine' })
    const theirs = await writer.create(ctx, leads, { name: 'Theirs' })
    const { changeSetId } = await writer.bulk(ctx, leads, {
      update: [
        { id: mine.id, name: 'x' },
        { id: theirs.id, name: 'y' },
      ],
    })
    expect(await codeOf(revert(rep, changeSetId))).toBe('FORBIDDEN')
    expect(await codeOf(revert(rep, changeSetId, { onConflict: 'skip' }))).toBe('FORBIDDEN')
    expect(await fixture.reader.get(ctx, leads, mine.id)).toMatchObject({ name: 'x' })
    await writer.update(rep, leads, mine.id, { name: 'z' })
    expect(await revert(rep, (await ledger.list(rep)).data[0]!.id)).toMatchObject({ reverted: 1 })
    const noField = contextFor({
      orgId,
      userId: me,
      rules: {
        ...rules,
        locked: {
          effect: 'deny',
          operations: ['update'],
          entity: 'crm.leads:lead',
          fields: ['name'],
        },
      },
    })
    await writer.update(ctx, leads, mine.id, { name: 'q' })
    expect(await codeOf(revert(noField, (await lastChange(ctx)).id))).toBe('FORBIDDEN')
    const blind = contextFor({ orgId, userId: me, rules: { own: rules.own } })
    expect(await codeOf(revert(blind, changeSetId))).toBe('NOT_FOUND')
    expect(await codeOf(revert(system(), changeSetId))).toBe('NOT_FOUND')
  })
})

describe('a field that is hidden from whoever takes back', () => {
  const rules = {
    all: { operations: ['manage'], entity: '*' },
    noScore: {
      effect: 'deny',
      operations: ['read'],
      entity: 'crm.leads:lead',
      fields: ['score'],
    },
  } as const

  it('is not theirs to set back', async () => {
    const orgId = newOrgId()
    const ctx = system(orgId)
    const { writer, reader } = fixture
    const lead = await writer.create(ctx, leads, { name: 'Ada', score: 1 })
    await writer.update(ctx, leads, lead.id, { score: 2 })
    const blind = contextFor({ orgId, userId: uuidv7(), rules })
    expect(await codeOf(revert(blind, (await lastChange(ctx)).id))).toBe('FORBIDDEN')
    expect(await reader.get(ctx, leads, lead.id)).toMatchObject({ score: 2 })
  })

  it('is not named among what is in the way', async () => {
    const orgId = newOrgId()
    const ctx = system(orgId)
    const { writer } = fixture
    const lead = await writer.create(ctx, leads, { name: 'Ada', score: 1 })
    const { id: creation } = await lastChange(ctx)
    await writer.update(ctx, leads, lead.id, { score: 2 })
    const blind = contextFor({ orgId, userId: uuidv7(), rules })
    const { conflicts } = await revert(blind, creation, { dryRun: true, onConflict: 'skip' })
    expect(conflicts).toMatchObject([{ id: lead.id, field: null, then: null, now: null }])
  })
})

describe('a change set of many batches', () => {
  it('is taken back batch by batch, and stops before the first when there is a conflict', async () => {
    const ctx = system()
    const { writer, reader } = fixture
    const open = await writer.openChangeSet(ctx, { door: 'import', workflows: 'skip' })
    const ids: string[] = []
    for (let batch = 0; batch < 3; batch++) {
      const create = Array.from({ length: 700 }, (_, n) => ({ name: `Lead ${batch} ${n}` }))
      const { results } = await writer.bulk(open, leads, { create, atomic: false })
      ids.push(...results.map(({ id }) => id!))
    }
    await writer.closeChangeSet(open)
    await writer.update(ctx, leads, ids[0]!, { name: 'Touched' })
    expect(await codeOf(revert(ctx, open.changeSet.id))).toBe('CHANGE_CONFLICT')
    expect(await reader.count(ctx, leads)).toBe(2100)
    const answer = await revert(ctx, open.changeSet.id, { onConflict: 'skip' })
    expect(answer).toMatchObject({ reverted: 2099, skipped: 1 })
    expect(await reader.count(ctx, leads)).toBe(1)
    expect(await ledger.find(ctx, answer.changeSetId!)).toMatchObject({
      state: 'done',
      counts: { deleted: 2099 },
    })
  })

  it('is taken back in batches whole: nothing with a conflict, and on from where it stopped', async () => {
    const ctx = system()
    const { writer, reader } = fixture
    const { revertInBatches } = createRevert({ ...fixture, codecs: testCodecs, ledger })
    const made = await writer.openChangeSet(ctx, { door: 'import', workflows: 'skip' })
    const ids: string[] = []
    for (let batch = 0; batch < 3; batch++) {
      const create = Array.from({ length: 800 }, (_, n) => ({ name: `Lead ${batch} ${n}` }))
      const { results } = await writer.bulk(made, leads, { create })
      ids.push(...results.map(({ id }) => id!))
    }
    await writer.closeChangeSet(made)
    await writer.update(ctx, leads, ids[0]!, { name: 'Touched' })
    const options = { door: 'revert', parentId: made.changeSet.id } as const
    const first = await writer.openChangeSet(ctx, options)
    const stopped = revertInBatches(first, made.changeSet.id, 'stop', async () => {})
    expect(await codeOf(stopped)).toBe('CHANGE_CONFLICT')
    expect(await reader.count(ctx, leads)).toBe(2400)

    await writer.update(ctx, leads, ids[0]!, { name: 'Lead 0 0' })
    const open = await writer.openChangeSet(ctx, options)
    const crash = new Error('The process died.')
    const died = revertInBatches(open, made.changeSet.id, 'stop', () => Promise.reject(crash))
    await expect(died).rejects.toBe(crash)
    expect(await reader.count(ctx, leads)).toBe(1400)
    expect(await ledger.find(ctx, made.changeSet.id)).toMatchObject({ state: 'done' })
    const written: number[] = []
    await revertInBatches(open, made.changeSet.id, 'stop', async ({ reverted }) => {
      written.push(reverted)
    })
    expect(written).toEqual([0, 1000, 400])
    expect(await reader.count(ctx, leads)).toBe(0)
    expect(await ledger.find(ctx, made.changeSet.id)).toMatchObject({
      state: 'reverted',
      revertedBy: open.changeSet.id,
    })
  })

  it('of 20,000 records has a thousand in memory at a time, the newest first', async () => {
    const ctx = system()
    const { db } = fixture
    const changeSetId = uuidv7()
    await db.query(ctx.org.id, {
      text: `insert into tenant.ledger (org_id, id, change_set_id, entity, record_id, op, version, at, actor)
 select $1, uuidv7(), $2, $3, uuidv7(), 'create', 1, now(), '{}' from generate_series(1, 20000)`,
      values: [ctx.org.id, changeSetId, leads.ref],
    })
    let most = 0
    const watched: Pick<Database, 'query'> = {
      async query<R>(orgId: string | null, statement: Statement) {
        const result = await db.query<R>(orgId, statement)
        most = Math.max(most, result.rows.length)
        return result
      },
    }
    const plan = await loadPlan(ctx, watched, [changeSetId])
    const ids: string[] = []
    for await (const batch of plan.batches(ctx)) ids.push(...batch.map(({ item }) => item.id))
    expect(most).toBe(1000)
    expect(ids.length).toBe(20_000)
    expect(ids).toEqual(ids.toSorted().reverse())
  })

  it('goes back in order: values first, then what returns, then what was made', async () => {
    const ctx = system()
    const { writer, reader } = fixture
    const made = (prefix: string, length: number) =>
      Array.from({ length }, (_, n) => ({ name: `${prefix} ${n}` }))
    const before = await writer.bulk(ctx, leads, { create: made('Old', 900) })
    const ids = before.results.map(({ id }) => id!)
    const open = await writer.openChangeSet(ctx)
    const update = ids.map((id) => ({ id, name: 'Changed' }))
    await writer.bulk(open, leads, { update, create: made('New', 100) })
    await writer.bulk(open, leads, {
      create: made('Newer', 300),
      delete: ids.slice(0, 300).map((id) => ({ id })),
    })
    await writer.closeChangeSet(open)
    const answer = await revert(ctx, open.changeSet.id)
    expect(answer).toMatchObject({ skipped: 0, conflicts: [] })
    expect(await reader.count(ctx, leads)).toBe(900)
    expect(await reader.count(ctx, leads, { name: { $startsWith: 'Old' } })).toBe(900)
    const again = await revert(ctx, answer.changeSetId!)
    expect(again).toMatchObject({ skipped: 0, conflicts: [] })
    expect(await reader.count(ctx, leads, { name: 'Changed' })).toBe(600)
    expect(await reader.count(ctx, leads, { name: { $startsWith: 'New' } })).toBe(400)
  })
})
