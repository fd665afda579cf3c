import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { uuidv7 } from '../database/uuid.ts'
import { codeOf, issuesOf } from './testing/record-helpers.ts'
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
const orders = entityOf('orders')
const everything = { all: { operations: ['manage'], entity: '*' } } as const
const system = (orgId = newOrgId()) => contextFor({ orgId })

describe('who may write', () => {
  const orgId = newOrgId()
  const me = uuidv7()
  const own = {
    read: { operations: ['read'], entity: 'crm.leads:lead' },
    own: {
      operations: ['create', 'update', 'delete', 'restore'],
      entity: 'crm.leads:lead',
      scope: 'own',
    },
  } as const

  it('answers 404 for what is not there, elsewhere, or invisible, and 403 for what is only readable', async () => {
    const ctx = system(orgId)
    const rep = contextFor({ orgId, userId: me, rules: own })
    const lead = await fixture.writer.create(ctx, leads, { name: 'Ada' })
    const foreign = await fixture.writer.create(system(), leads, { name: 'Theirs' })
    const blind = contextFor({ orgId, userId: me, rules: { own: own.own } })
    for (const id of [uuidv7(), foreign.id, 'no-uuid']) {
      expect(await codeOf(fixture.writer.update(rep, leads, id, { name: 'x' }))).toBe('NOT_FOUND')
      expect(await codeOf(fixture.writer.delete(rep, leads, id))).toBe('NOT_FOUND')
      expect(await codeOf(fixture.writer.restore(rep, leads, id))).toBe('NOT_FOUND')
    }
    expect(await codeOf(fixture.writer.update(blind, leads, lead.id, { name: 'x' }))).toBe(
      'NOT_FOUND',
    )
    expect(await codeOf(fixture.writer.update(rep, leads, lead.id, { name: 'x' }))).toBe(
      'FORBIDDEN',
    )
    expect(await codeOf(fixture.writer.delete(rep, leads, lead.id))).toBe('FORBIDDEN')
    const reader = contextFor({ orgId, userId: me, rules: { read: own.read } })
    expect(await codeOf(fixture.writer.update(reader, leads, lead.id, { name: 'x' }))).toBe(
      'FORBIDDEN',
    )
    expect(await codeOf(fixture.writer.update(reader, leads, uuidv7(), { name: 'x' }))).toBe(
      'NOT_FOUND',
    )
    expect(await codeOf(fixture.writer.create(reader, leads, { name: 'x' }))).toBe('FORBIDDEN')
    expect(await fixture.reader.get(ctx, leads, lead.id)).toEqual(lead)
  })

  it('lets a rep create and change only their own, new values included', async () => {
    const rep = contextFor({ orgId, userId: me, rules: own })
    const boss = await fixture.writer.create(system(orgId), entityOf('users'), { name: 'Boss' })
    const all = { ...own, users: { operations: ['read'], entity: 'kernel:user' } } as const
    const seeing = contextFor({ orgId, userId: me, rules: all })
    const mine = await fixture.writer.create(rep, leads, { name: 'Mine' })
    expect(
      await codeOf(fixture.writer.create(seeing, leads, { name: 'x', ownerId: boss.id })),
    ).toBe('FORBIDDEN')
    expect(await fixture.writer.update(rep, leads, mine.id, { name: 'Still mine' })).toMatchObject({
      version: 2,
    })
    const given = await fixture.writer.update(seeing, leads, mine.id, { ownerId: boss.id })
    expect(given.ownerId).toBe(boss.id)
    expect(await codeOf(fixture.writer.update(seeing, leads, mine.id, { name: 'x' }))).toBe(
      'FORBIDDEN',
    )
  })

  it('answers with id and version alone when the record is out of sight as it is now', async () => {
    const rules = {
      read: { operations: ['read'], entity: 'crm.leads:lead', condition: { company: 'Acme' } },
      write: { operations: ['create', 'update'], entity: 'crm.leads:lead' },
    } as const
    const rep = contextFor({ orgId, userId: me, rules })
    const hidden = await fixture.writer.create(rep, leads, { name: 'Ada', company: 'Other' })
    expect(hidden).toEqual({ id: hidden.id, version: 1 })
    const seen = await fixture.writer.create(rep, leads, { name: 'Ada', company: 'Acme' })
    expect(seen).toMatchObject({ name: 'Ada', company: 'Acme' })
    const left = await fixture.writer.update(rep, leads, seen.id, { company: 'Other' })
    expect(left).toEqual({ id: seen.id, version: 2 })
  })

  it('answers 403 FIELD_NOT_WRITABLE and saves nothing when a rep sends the margin', async () => {
    const rules = {
      ...everything,
      margin: {
        effect: 'deny',
        operations: ['create', 'update'],
        entity: 'test.shop:order',
        fields: ['margin'],
      },
    } as const
    const rep = contextFor({ orgId, userId: me, rules })
    const order = await fixture.writer.create(rep, orders, { name: 'a' })
    const refused = await fixture.writer
      .update(rep, orders, order.id, { name: 'b', margin: 5 })
      .catch((error) => error)
    expect(refused).toMatchObject({
      code: 'FIELD_NOT_WRITABLE',
      status: 403,
      extra: { fields: ['margin'] },
    })
    expect(await codeOf(fixture.writer.create(rep, orders, { name: 'c', margin: 5 }))).toBe(
      'FIELD_NOT_WRITABLE',
    )
    expect(await fixture.reader.get(rep, orders, order.id)).toEqual(order)
  })

  it('lets a field be written on some records only', async () => {
    const rules = {
      ...everything,
      margin: {
        effect: 'deny',
        operations: ['create', 'update'],
        entity: 'test.shop:order',
        fields: ['margin'],
        condition: { name: 'closed' },
      },
    } as const
    const rep = contextFor({ orgId, userId: me, rules })
    const open = await fixture.writer.create(rep, orders, { name: 'open', margin: 1 })
    expect(await fixture.writer.update(rep, orders, open.id, { margin: 2 })).toMatchObject({
      version: 2,
    })
    expect(await codeOf(fixture.writer.create(rep, orders, { name: 'closed', margin: 1 }))).toBe(
      'FIELD_NOT_WRITABLE',
    )
    const closed = await fixture.writer.create(rep, orders, { name: 'closed' })
    expect(await codeOf(fixture.writer.update(rep, orders, closed.id, { margin: 2 }))).toBe(
      'FIELD_NOT_WRITABLE',
    )
    expect(await fixture.writer.update(rep, orders, closed.id, { name: 'still' })).toMatchObject({
      version: 2,
    })
  })

  it('asks for no right to what the model fills in, for one record and among others', async () => {
    const rules = {
      ...everything,
      rank: {
        effect: 'deny',
        operations: ['create', 'update'],
        entity: 'test.shop:order',
        fields: ['rank'],
        condition: { name: 'closed' },
      },
    } as const
    const rep = contextFor({ orgId, userId: me, rules })
    const closed = await fixture.writer.create(rep, orders, { name: 'closed' })
    expect(closed).toMatchObject({ rank: 3 })
    const given = { name: 'closed', rank: 3 }
    expect(await codeOf(fixture.writer.create(rep, orders, given))).toBe('FIELD_NOT_WRITABLE')
    const create = [
      { name: 'closed' },
      given,
      { name: 'open', rank: 5 },
      { name: 'closed', margin: 2 },
    ]
    const { results } = await fixture.writer.bulk(rep, orders, { create, atomic: false })
    expect(results.map(({ status, problem }) => problem?.code ?? status)).toEqual([
      'created',
      'FIELD_NOT_WRITABLE',
      'created',
      'created',
    ])
  })

  it('treats a hidden field like one that does not exist', async () => {
    const rules = {
      ...everything,
      margin: {
        effect: 'deny',
        operations: ['read'],
        entity: 'test.shop:order',
        fields: ['margin'],
      },
    } as const
    const rep = contextFor({ orgId, userId: me, rules })
    expect(
      await issuesOf(fixture.writer.create(rep, orders, { name: 'a', margin: 5, ghost: 5 })),
    ).toEqual(['margin UNKNOWN_FIELD', 'ghost UNKNOWN_FIELD'])
    const order = await fixture.writer.create(rep, orders, { name: 'a' })
    expect(order).not.toHaveProperty('margin')
  })

  it('never writes from a draft', async () => {
    const draft = { ...system(orgId), draft: true }
    expect(await codeOf(fixture.writer.create(draft, leads, { name: 'x' }))).toBe('STATE_CONFLICT')
    expect(await codeOf(fixture.writer.bulk(draft, leads, { create: [{ name: 'x' }] }))).toBe(
      'STATE_CONFLICT',
    )
  })
})
