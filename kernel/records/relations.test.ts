import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { uuidv7 } from '../database/uuid.ts'
import { codeOf, rowsOf } from './testing/record-helpers.ts'
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

const accounts = entityOf('accounts')
const opportunities = entityOf('opportunities')
const orders = entityOf('orders')
const lines = entityOf('lines')
const houses = entityOf('houses')
const system = (orgId = newOrgId()) => contextFor({ orgId })

describe('deleting a record that others point to', () => {
  it('clears their relation, in columns and in own fields, within the same change set', async () => {
    const ctx = system()
    const { writer, reader, db } = fixture
    const account = await writer.create(ctx, accounts, { name: 'Acme' })
    const deal = await writer.create(ctx, opportunities, { name: 'D', accountId: account.id })
    const house = await writer.create(ctx, houses, { name: 'H', accountId: account.id })
    await writer.delete(ctx, accounts, account.id)
    expect(await reader.get(ctx, opportunities, deal.id)).toMatchObject({
      accountId: null,
      version: 2,
    })
    expect(await reader.get(ctx, houses, house.id)).toMatchObject({ accountId: null, version: 2 })
    const sets = await rowsOf(db, ctx, 'tenant.change_set')
    expect(sets.at(-1)).toMatchObject({ counts: { deleted: 1, updated: 2 } })
  })

  it('does so whatever the actor may change there, and only for a delete that is allowed', async () => {
    const orgId = newOrgId()
    const ctx = system(orgId)
    const { writer, reader } = fixture
    const account = await writer.create(ctx, accounts, { name: 'Acme' })
    const deal = await writer.create(ctx, opportunities, { name: 'D', accountId: account.id })
    const rules = {
      read: { operations: ['read'], entity: '*' },
      delete: { operations: ['delete'], entity: 'crm.accounts:account' },
    }
    const { delete: _, ...readOnly } = rules
    const userId = uuidv7()
    const viewer = contextFor({ orgId, userId, rules: readOnly })
    expect(await codeOf(writer.delete(viewer, accounts, account.id))).toBe('FORBIDDEN')
    expect(await reader.get(ctx, opportunities, deal.id)).toMatchObject({ accountId: account.id })
    await writer.delete(contextFor({ orgId, userId, rules }), accounts, account.id)
    expect(await reader.get(ctx, opportunities, deal.id)).toMatchObject({
      accountId: null,
      updatedBy: { id: userId },
    })
  })

  it('is refused by a relation that restricts, and nothing happens', async () => {
    const ctx = system()
    const { writer, reader } = fixture
    const account = await writer.create(ctx, accounts, { name: 'Acme' })
    const deal = await writer.create(ctx, opportunities, { name: 'D', accountId: account.id })
    const order = await writer.create(ctx, orders, { name: 'O', accountId: account.id })
    await expect(writer.delete(ctx, accounts, account.id)).rejects.toMatchObject({
      code: 'RELATION_IN_USE',
      status: 409,
      extra: { entity: 'test.shop:order', field: 'accountId', count: 1 },
    })
    expect(await reader.get(ctx, opportunities, deal.id)).toMatchObject({ accountId: account.id })
    const free = await writer.create(ctx, accounts, { name: 'Free' })
    const { results } = await writer.bulk(ctx, accounts, {
      atomic: false,
      delete: [{ id: account.id }, { id: free.id }],
    })
    expect(results.map(({ status }) => status)).toEqual(['failed', 'deleted'])
    await writer.delete(ctx, orders, order.id)
    await writer.delete(ctx, accounts, account.id)
  })

  it('takes along what cascades, and what points to that', async () => {
    const ctx = system()
    const { writer, reader, db } = fixture
    const order = await writer.create(ctx, orders, { name: 'O' })
    const { results } = await writer.bulk(ctx, lines, {
      create: [{ text: 'a', orderId: order.id }, { text: 'b', orderId: order.id }, { text: 'c' }],
    })
    await writer.delete(ctx, orders, order.id)
    const left = await reader.list(ctx, lines)
    expect(left.data.map((line) => line.id)).toEqual([results[2]?.id])
    const sets = await rowsOf(db, ctx, 'tenant.change_set')
    expect(sets.at(-1)).toMatchObject({ counts: { deleted: 3 } })
  })

  it('at the same time as somebody points to it: either the target stays or the relation is not made', async () => {
    const ctx = system()
    const { writer, reader } = fixture
    for (let round = 0; round < 15; round++) {
      const account = await writer.create(ctx, accounts, { name: `Acme ${round}` })
      const entity = round % 2 ? orders : houses
      const [deleted, made] = await Promise.all([
        codeOf(writer.delete(ctx, accounts, account.id)),
        writer
          .create(ctx, entity, { name: 'x', accountId: account.id })
          .catch((error: { code: string }) => error.code),
      ])
      const stays = await codeOf(reader.get(ctx, accounts, account.id))
      if (typeof made === 'string') {
        expect(made).toBe('INVALID')
        expect(deleted).toBe('fine')
      } else {
        // The relation was first: it restricts the delete, or it was cleared by it.
        const { accountId } = await reader.get(ctx, entity, made.id)
        if (entity === orders) expect([deleted, stays]).toEqual(['RELATION_IN_USE', 'fine'])
        else expect([deleted, accountId]).toEqual(['fine', null])
      }
    }
  })
})

describe("two writers that want each other's records", () => {
  it('get both through: the one that PostgreSQL stopped begins again', async () => {
    const ctx = system()
    const { writer, reader } = fixture
    const create = Array.from({ length: 40 }, (_, n) => ({ name: `A ${n}` }))
    const { results } = await writer.bulk(ctx, accounts, { create })
    const ids = results.map(({ id }) => id!)
    const change = (order: readonly string[], country: string) =>
      writer.bulk(ctx, accounts, { update: order.map((id) => ({ id, country })) })
    const one = (order: readonly string[], country: string) =>
      writer.transaction(ctx, async (inner) => {
        for (const id of order) await writer.update(inner, accounts, id, { country })
      })
    await Promise.all([change(ids, 'a'), change(ids.toReversed(), 'b'), change(ids, 'c')])
    const codes = await Promise.all([codeOf(one(ids, 'd')), codeOf(one(ids.toReversed(), 'e'))])
    // Work of somebody else is not repeated: it may have done more than write.
    for (const code of codes) expect(['fine', 'STATE_CONFLICT']).toContain(code)
    expect(codes).toContain('fine')
    expect(await reader.count(ctx, accounts)).toBe(40)
  })
})
