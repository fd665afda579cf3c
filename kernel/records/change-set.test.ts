import { readFileSync } from 'node:fs'
import type { FieldValues } from '@runwaycrm/sdk'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RequestContext } from '../context/request-context.ts'
import { uuidv7 } from '../database/uuid.ts'
import {
  contextFor,
  entityOf,
  newOrgId,
  openFixture,
  type RecordsFixture,
  testModel,
} from './testing/records-fixture.ts'

let fixture: RecordsFixture
beforeAll(async () => {
  fixture = await openFixture()
})
afterAll(() => fixture.close())

const leads = entityOf('leads')
const accounts = entityOf('accounts')
const opportunities = entityOf('opportunities')
const orders = entityOf('orders')
const houses = entityOf('houses')
const everything = { all: { operations: ['manage'], entity: '*' } } as const

const system = (orgId = newOrgId()) => contextFor({ orgId })
const write = {
  create: (ctx: RequestContext, entity: typeof leads, values: FieldValues) =>
    fixture.writer.create(ctx, entity, values),
  update: (
    ctx: RequestContext,
    entity: typeof leads,
    id: string,
    values: FieldValues,
    version?: number,
  ) => fixture.writer.update(ctx, entity, id, values, version),
}
async function rows(ctx: RequestContext, table: string): Promise<Record<string, unknown>[]> {
  const text = `select * from ${table} where org_id = $1 order by 2`
  return (
    await fixture.db.query<Record<string, unknown>>(ctx.org.id, { text, values: [ctx.org.id] })
  ).rows
}
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'fine',
    (error: { code: string }) => error.code,
  )
const issuesOf = (promise: Promise<unknown>) =>
  promise.then(
    () => [],
    (error: { errors?: { path: string; code: string }[] }) =>
      (error.errors ?? []).map(({ path, code }) => `${path} ${code}`),
  )

it('has a model without problems', () => {
  expect(testModel.problems).toEqual([])
})

describe('a new record', () => {
  it('comes back with its values, defaults and system fields', async () => {
    const userId = uuidv7()
    const ctx = contextFor({ orgId: newOrgId(), userId, rules: everything })
    const lead = await write.create(ctx, leads, {
      name: 'Ada',
      email: 'ADA@example.com',
      phone: '+1 202 555 0143',
      region: 'North',
      budget: 5,
    })
    expect(lead).toMatchObject({
      version: 1,
      name: 'Ada',
      email: 'ada@example.com',
      phone: '+12025550143',
      status: 'new',
      company: null,
      region: 'North',
      budget: { amount: '5.00', currency: 'USD' },
      ownerId: userId,
      createdAt: '2026-03-01T09:30:00.000Z',
      createdBy: { type: 'user', id: userId, name: 'Ann' },
    })
    expect(await fixture.reader.get(ctx, leads, lead.id)).toEqual(lead)
  })

  it('is written with its change set, ledger row, event and note for the relay, or not at all', async () => {
    const ctx = system()
    const lead = await write.create(ctx, leads, { name: 'Ada' })
    const [changeSet] = await rows(ctx, 'tenant.change_set')
    expect(changeSet).toMatchObject({
      state: 'done',
      door: 'api',
      parent_id: null,
      counts: { created: 1 },
      actor: { type: 'system', id: null, name: 'System' },
    })
    expect(await rows(ctx, 'tenant.ledger')).toMatchObject([
      {
        change_set_id: changeSet?.id,
        entity: 'crm.leads:lead',
        record_id: lead.id,
        op: 'create',
        version: 1,
        fields: null,
      },
    ])
    expect(await rows(ctx, 'tenant.outbox')).toMatchObject([
      { event: 'record.created', record_id: lead.id, version: 1, seq: null, workflows: 'run' },
    ])
    const silent = system()
    await codeOf(write.create(silent, leads, { name: 'Ada', campaignId: uuidv7() }))
    for (const table of ['change_set', 'ledger', 'outbox', 'crm_leads_lead'])
      expect(await rows(silent, `tenant.${table}`)).toEqual([])
  })

  it('names every problem at once', async () => {
    const values = {
      email: 'no',
      score: 101.5,
      status: 'gone',
      nonsense: 1,
      id: uuidv7(),
      createdAt: '2026-01-01T00:00:00Z',
      ['constructor']: 1,
      ...JSON.parse('{"__proto__": 1, "prototype": 2}'),
    }
    const problems = await issuesOf(write.create(system(), leads, values))
    expect(problems.sort()).toEqual([
      '__proto__ UNKNOWN_FIELD',
      'constructor UNKNOWN_FIELD',
      'createdAt READ_ONLY',
      'email BAD_FORMAT',
      'id READ_ONLY',
      'name REQUIRED',
      'nonsense UNKNOWN_FIELD',
      'prototype UNKNOWN_FIELD',
      'score WRONG_TYPE',
      'status UNKNOWN_OPTION',
    ])
  })

  it('refuses what cannot be kept, is too long or out of range', async () => {
    const order = (values: FieldValues) => issuesOf(write.create(system(), orders, values))
    expect(await order({ name: 'x'.repeat(41) })).toEqual(['name TOO_LONG'])
    expect(await order({ name: 'a\u0000b' })).toEqual(['name BAD_FORMAT'])
    expect(await order({ name: 'a\ud800' })).toEqual(['name BAD_FORMAT'])
    expect(await order({ name: 'a', details: { deep: ['\u0000'] } })).toEqual([
      'details BAD_FORMAT',
    ])
    expect(await order({ name: '  ' })).toEqual(['name REQUIRED'])
    const lines = entityOf('lines')
    const line = (values: FieldValues) => issuesOf(write.create(system(), lines, values))
    expect(await line({ text: 'a', amount: 101 })).toEqual(['amount OUT_OF_RANGE'])
    expect(await line({ text: 'a', amount: -1 })).toEqual(['amount OUT_OF_RANGE'])
    expect(await issuesOf(write.create(system(), leads, [] as never))).toEqual([' WRONG_TYPE'])
  })

  it('refuses computed, numbered and read-only fields from outside, and takes them from code', async () => {
    const contacts = entityOf('contacts')
    expect(await issuesOf(write.create(system(), contacts, { lastName: 'L', name: 'x' }))).toEqual([
      'name READ_ONLY',
    ])
    expect(await issuesOf(write.create(system(), orders, { name: 'a', number: 7 }))).toEqual([
      'number READ_ONLY',
    ])
    const orgId = newOrgId()
    const user = contextFor({ orgId, userId: uuidv7(), rules: everything })
    expect(await issuesOf(write.create(user, orders, { name: 'a', stamp: 's' }))).toEqual([
      'stamp READ_ONLY',
    ])
    const action = contextFor({ orgId, userId: uuidv7(), rules: everything, door: 'action' })
    expect(await write.create(action, orders, { name: 'a', stamp: 's' })).toMatchObject({
      stamp: 's',
    })
  })

  it('gets its numbers without gaps, also when others are refused or many come at once', async () => {
    const ctx = system()
    const made = await Promise.all(
      [1, 2, 3].map((n) => write.create(ctx, orders, { name: `order ${n}` })),
    )
    await codeOf(write.create(ctx, orders, { name: 'x', accountId: uuidv7() }))
    const { results } = await fixture.writer.bulk(ctx, orders, {
      create: [{ name: 'a' }, { name: 'b' }],
    })
    const last = await fixture.reader.getMany(
      ctx,
      orders,
      results.map((one) => one.id!),
    )
    expect(made.map((one) => one.number).sort()).toEqual([1, 2, 3])
    expect([...last.values()].map((one) => one.number)).toEqual([4, 5])
  })

  it('of an own object lives in the shared table, with all of its fields', async () => {
    const ctx = system()
    const account = await write.create(ctx, accounts, { name: 'Acme' })
    const house = await write.create(ctx, houses, {
      name: 'Villa',
      rooms: 7,
      price: { amount: '10.50', currency: 'EUR' },
      accountId: account.id,
      tags: ['old', 'dear'],
    })
    expect(house).toMatchObject({
      rooms: 7,
      price: { amount: '10.50', currency: 'EUR' },
      accountId: account.id,
      tags: ['old', 'dear'],
    })
    expect(await fixture.reader.get(ctx, houses, house.id)).toEqual(house)
    expect(await codeOf(write.create(ctx, houses, { name: 'X', accountId: uuidv7() }))).toBe(
      'INVALID',
    )
    const changed = await write.update(ctx, houses, house.id, { rooms: null, price: 3 })
    expect(changed).toMatchObject({ rooms: null, price: { amount: '3.00', currency: 'USD' } })
    const [, update] = await rows(ctx, 'tenant.ledger').then((all) =>
      all.filter((row) => row.entity === houses.ref),
    )
    expect(Object.values(update?.fields as object)).toEqual(
      expect.arrayContaining([
        [7, null],
        [105_000, 30_000],
        ['EUR', 'USD'],
      ]),
    )
  })
})

describe('a change', () => {
  it('keeps what is absent, clears what is null, and notes before and after', async () => {
    const ctx = system()
    const lead = await write.create(ctx, leads, { name: 'Ada', company: 'Acme', budget: 5 })
    const changed = await write.update(ctx, leads, lead.id, { company: null, score: 9 })
    expect(changed).toMatchObject({ version: 2, name: 'Ada', company: null, score: 9 })
    expect(await fixture.reader.get(ctx, leads, lead.id)).toEqual(changed)
    const [, update] = await rows(ctx, 'tenant.ledger')
    expect(update?.fields).toEqual({ company: ['Acme', null], score: [null, 9] })
    const events = await rows(ctx, 'tenant.outbox')
    expect(events.find((event) => event.event === 'record.updated')?.payload).toEqual({
      fields: ['score', 'company'],
    })
  })

  it('that changes nothing is not written and keeps the version', async () => {
    const ctx = system()
    const lead = await write.create(ctx, leads, { name: 'Ada', budget: 5, region: 'North' })
    const same = await write.update(ctx, leads, lead.id, {
      name: 'Ada',
      budget: '5.0',
      region: 'North',
    })
    expect(same).toEqual(lead)
    expect(await write.update(ctx, leads, lead.id, {})).toEqual(lead)
    expect(await rows(ctx, 'tenant.change_set')).toHaveLength(1)
  })

  it('notes a value of two parts whole when one part changed', async () => {
    const ctx = system()
    const deal = await write.create(ctx, opportunities, { name: 'Deal', value: 5 })
    await write.update(ctx, opportunities, deal.id, { value: 6 })
    const [, update] = await rows(ctx, 'tenant.ledger')
    expect(update?.fields).toEqual({ value: [50_000, 60_000], 'value.currency': ['USD', 'USD'] })
  })

  it('is refused when the record has moved on', async () => {
    const ctx = system()
    const lead = await write.create(ctx, leads, { name: 'Ada' })
    await write.update(ctx, leads, lead.id, { name: 'Bea' }, 1)
    expect(await codeOf(write.update(ctx, leads, lead.id, { name: 'Cleo' }, 1))).toBe(
      'STALE_VERSION',
    )
    expect(await codeOf(fixture.writer.delete(ctx, leads, lead.id, 1))).toBe('STALE_VERSION')
  })

  it('of two at the same time with the same version: one wins, the other is told', async () => {
    const ctx = system()
    const lead = await write.create(ctx, leads, { name: 'Ada' })
    const codes = await Promise.all(
      ['Bea', 'Cleo', 'Dora', 'Eva'].map((name) =>
        codeOf(write.update(ctx, leads, lead.id, { name }, 1)),
      ),
    )
    expect(codes.sort()).toEqual(['STALE_VERSION', 'STALE_VERSION', 'STALE_VERSION', 'fine'])
  })

  it('of two at the same time to different fields: none is lost', async () => {
    const ctx = system()
    const lead = await write.create(ctx, leads, { name: 'Ada' })
    await Promise.all([
      write.update(ctx, leads, lead.id, { company: 'Acme', region: 'North' }),
      write.update(ctx, leads, lead.id, { title: 'CEO', budget: 5 }),
      write.update(ctx, leads, lead.id, { score: 5 }),
    ])
    expect(await fixture.reader.get(ctx, leads, lead.id)).toMatchObject({
      version: 4,
      company: 'Acme',
      region: 'North',
      title: 'CEO',
      score: 5,
      budget: { amount: '5.00', currency: 'USD' },
    })
  })

  it('may not clear what is required', async () => {
    const ctx = system()
    const lead = await write.create(ctx, leads, { name: 'Ada' })
    expect(await issuesOf(write.update(ctx, leads, lead.id, { name: null }))).toEqual([
      'name REQUIRED',
    ])
  })
})

describe('a unique value', () => {
  it('is taken once, free again when its record is deleted, and taken back by nobody twice', async () => {
    const ctx = system()
    const deal = (externalId: string) => write.create(ctx, opportunities, { name: 'D', externalId })
    const first = await deal('A1')
    const taken = await deal('A1').catch((error) => error)
    expect(taken).toMatchObject({
      code: 'UNIQUE_TAKEN',
      status: 409,
      extra: { field: 'externalId' },
    })
    await fixture.writer.delete(ctx, opportunities, first.id)
    const second = await deal('A1')
    expect(await codeOf(fixture.writer.restore(ctx, opportunities, first.id))).toBe('UNIQUE_TAKEN')
    await fixture.writer.delete(ctx, opportunities, second.id)
    expect(await fixture.writer.restore(ctx, opportunities, first.id)).toMatchObject({ version: 3 })
    const third = await deal('A2')
    expect(await codeOf(write.update(ctx, opportunities, third.id, { externalId: 'A1' }))).toBe(
      'UNIQUE_TAKEN',
    )
  })

  it('wanted by many at the same time goes to one', async () => {
    const ctx = system()
    const codes = await Promise.all(
      Array.from({ length: 6 }, () =>
        codeOf(write.create(ctx, opportunities, { name: 'D', externalId: 'A1' })),
      ),
    )
    expect(codes.filter((code) => code === 'fine')).toHaveLength(1)
    expect(codes.filter((code) => code === 'UNIQUE_TAKEN')).toHaveLength(5)
  })

  it('of another organisation is none of ours', async () => {
    await write.create(system(), opportunities, { name: 'D', externalId: 'A1' })
    await write.create(system(), opportunities, { name: 'D', externalId: 'A1' })
  })
})

describe('a relation', () => {
  it('must lead to a record that is there and visible', async () => {
    const orgId = newOrgId()
    const userId = uuidv7()
    const rep = contextFor({ orgId, userId, roles: ['platform.people:rep'] })
    const ctx = system(orgId)
    const hidden = await write.create(ctx, accounts, { name: 'Hidden', ownerId: null })
    const other = await write.create(system(), accounts, { name: 'Theirs' })
    const gone = await write.create(ctx, accounts, { name: 'Gone' })
    await fixture.writer.delete(ctx, accounts, gone.id)
    for (const accountId of [uuidv7(), other.id, gone.id])
      expect(await issuesOf(write.create(ctx, opportunities, { name: 'D', accountId }))).toEqual([
        'accountId UNKNOWN_RECORD',
      ])
    expect(await write.create(rep, opportunities, { name: 'D', accountId: hidden.id })).toBeTruthy()
    const users = entityOf('users')
    const boss = await write.create(ctx, users, { name: 'Boss' })
    await write.update(ctx, accounts, hidden.id, { ownerId: boss.id })
    expect(
      await issuesOf(write.create(rep, opportunities, { name: 'D', accountId: hidden.id })),
    ).toEqual(['accountId UNKNOWN_RECORD'])
    expect(await issuesOf(write.create(ctx, leads, { name: 'A', ownerId: uuidv7() }))).toEqual([
      'ownerId UNKNOWN_RECORD',
    ])
  })

  it('that stays as it was is not checked again', async () => {
    const ctx = system()
    const account = await write.create(ctx, accounts, { name: 'Acme' })
    const house = await write.create(ctx, houses, { name: 'Villa', accountId: account.id })
    await fixture.db.query(ctx.org.id, {
      text: 'update tenant.crm_accounts_account set deleted_at = now() where id = $1',
      values: [account.id],
    })
    const values = { accountId: account.id, rooms: 3 }
    expect(await write.update(ctx, houses, house.id, values)).toMatchObject({
      version: 2,
      rooms: 3,
    })
  })

  it('to anything is kept by the reference of its entity and checked too', async () => {
    const ctx = system()
    const activities = entityOf('activities')
    const lead = await write.create(ctx, leads, { name: 'Ada' })
    const about = { entity: 'leads', id: lead.id }
    const call = await write.create(ctx, activities, { subject: 'Call', about })
    expect(call.about).toEqual(about)
    const [row] = await rows(ctx, 'tenant.crm_activities_activity')
    expect(row?.about_entity).toBe('crm.leads:lead')
    for (const missing of [
      { entity: 'accounts', id: lead.id },
      { entity: 'leads', id: uuidv7() },
      { entity: 'ghosts', id: lead.id },
    ])
      expect(
        await issuesOf(write.create(ctx, activities, { subject: 'Call', about: missing })),
      ).toEqual(['about UNKNOWN_RECORD'])
  })
})

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
    const lead = await write.create(ctx, leads, { name: 'Ada' })
    const foreign = await write.create(system(), leads, { name: 'Theirs' })
    const blind = contextFor({ orgId, userId: me, rules: { own: own.own } })
    for (const id of [uuidv7(), foreign.id, 'no-uuid']) {
      expect(await codeOf(write.update(rep, leads, id, { name: 'x' }))).toBe('NOT_FOUND')
      expect(await codeOf(fixture.writer.delete(rep, leads, id))).toBe('NOT_FOUND')
      expect(await codeOf(fixture.writer.restore(rep, leads, id))).toBe('NOT_FOUND')
    }
    expect(await codeOf(write.update(blind, leads, lead.id, { name: 'x' }))).toBe('NOT_FOUND')
    expect(await codeOf(write.update(rep, leads, lead.id, { name: 'x' }))).toBe('FORBIDDEN')
    expect(await codeOf(fixture.writer.delete(rep, leads, lead.id))).toBe('FORBIDDEN')
    const reader = contextFor({ orgId, userId: me, rules: { read: own.read } })
    expect(await codeOf(write.update(reader, leads, lead.id, { name: 'x' }))).toBe('FORBIDDEN')
    expect(await codeOf(write.update(reader, leads, uuidv7(), { name: 'x' }))).toBe('NOT_FOUND')
    expect(await codeOf(write.create(reader, leads, { name: 'x' }))).toBe('FORBIDDEN')
    expect(await fixture.reader.get(ctx, leads, lead.id)).toEqual(lead)
  })

  it('lets a rep create and change only their own, new values included', async () => {
    const rep = contextFor({ orgId, userId: me, rules: own })
    const boss = await write.create(system(orgId), entityOf('users'), { name: 'Boss' })
    const all = { ...own, users: { operations: ['read'], entity: 'kernel:user' } } as const
    const seeing = contextFor({ orgId, userId: me, rules: all })
    const mine = await write.create(rep, leads, { name: 'Mine' })
    expect(await codeOf(write.create(seeing, leads, { name: 'x', ownerId: boss.id }))).toBe(
      'FORBIDDEN',
    )
    expect(await write.update(rep, leads, mine.id, { name: 'Still mine' })).toMatchObject({
      version: 2,
    })
    const given = await write.update(seeing, leads, mine.id, { ownerId: boss.id })
    expect(given.ownerId).toBe(boss.id)
    expect(await codeOf(write.update(seeing, leads, mine.id, { name: 'x' }))).toBe('FORBIDDEN')
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
    const order = await write.create(rep, orders, { name: 'a' })
    const refused = await write
      .update(rep, orders, order.id, { name: 'b', margin: 5 })
      .catch((e) => e)
    expect(refused).toMatchObject({
      code: 'FIELD_NOT_WRITABLE',
      status: 403,
      extra: { fields: ['margin'] },
    })
    expect(await codeOf(write.create(rep, orders, { name: 'c', margin: 5 }))).toBe(
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
    const open = await write.create(rep, orders, { name: 'open', margin: 1 })
    expect(await write.update(rep, orders, open.id, { margin: 2 })).toMatchObject({ version: 2 })
    expect(await codeOf(write.create(rep, orders, { name: 'closed', margin: 1 }))).toBe(
      'FIELD_NOT_WRITABLE',
    )
    const closed = await write.create(rep, orders, { name: 'closed' })
    expect(await codeOf(write.update(rep, orders, closed.id, { margin: 2 }))).toBe(
      'FIELD_NOT_WRITABLE',
    )
    expect(await write.update(rep, orders, closed.id, { name: 'still' })).toMatchObject({
      version: 2,
    })
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
    expect(await issuesOf(write.create(rep, orders, { name: 'a', margin: 5, ghost: 5 }))).toEqual([
      'margin UNKNOWN_FIELD',
      'ghost UNKNOWN_FIELD',
    ])
    const order = await write.create(rep, orders, { name: 'a' })
    expect(order).not.toHaveProperty('margin')
  })

  it('never writes from a draft', async () => {
    const draft = { ...system(orgId), draft: true }
    expect(await codeOf(write.create(draft, leads, { name: 'x' }))).toBe('STATE_CONFLICT')
    expect(await codeOf(fixture.writer.bulk(draft, leads, { create: [{ name: 'x' }] }))).toBe(
      'STATE_CONFLICT',
    )
  })
})

describe('deleting and restoring', () => {
  it('is soft, answers 404 the second time, and comes back with its values', async () => {
    const ctx = system()
    const lead = await write.create(ctx, leads, { name: 'Ada', region: 'North' })
    await fixture.writer.delete(ctx, leads, lead.id)
    expect(await codeOf(fixture.reader.get(ctx, leads, lead.id))).toBe('NOT_FOUND')
    expect(await codeOf(fixture.writer.delete(ctx, leads, lead.id))).toBe('NOT_FOUND')
    expect(await codeOf(write.update(ctx, leads, lead.id, { name: 'x' }))).toBe('NOT_FOUND')
    expect(await codeOf(fixture.writer.restore(ctx, leads, lead.id, 1))).toBe('STALE_VERSION')
    const back = await fixture.writer.restore(ctx, leads, lead.id, 2)
    expect(back).toMatchObject({ version: 3, name: 'Ada', region: 'North' })
    expect(await fixture.writer.restore(ctx, leads, lead.id)).toEqual(back)
  })
})

describe('a transaction', () => {
  it('is one change set and all or nothing', async () => {
    const ctx = system()
    const done = await fixture.writer.transaction(ctx, async (inner) => {
      const account = await write.create(inner, accounts, { name: 'Acme' })
      return write.create(inner, opportunities, { name: 'D', accountId: account.id })
    })
    expect(done.accountId).toBeTruthy()
    const failing = fixture.writer.transaction(ctx, async (inner) => {
      await write.create(inner, accounts, { name: 'Lost' })
      await write.create(inner, opportunities, { name: 'D', accountId: uuidv7() })
    })
    expect(await codeOf(failing)).toBe('INVALID')
    expect(await rows(ctx, 'tenant.crm_accounts_account')).toHaveLength(1)
    expect(await rows(ctx, 'tenant.change_set')).toMatchObject([
      { state: 'done', counts: { created: 2 } },
    ])
    const outbox = await rows(ctx, 'tenant.outbox')
    expect(new Set(outbox.map((row) => row.batch_id)).size).toBe(1)
  })

  it('goes on after an error that its author caught', async () => {
    const ctx = system()
    await write.create(ctx, opportunities, { name: 'D', externalId: 'A1' })
    const code = await fixture.writer.transaction(ctx, async (inner) => {
      const refused = await codeOf(
        write.create(inner, opportunities, { name: 'E', externalId: 'A1' }),
      )
      await write.create(inner, opportunities, { name: 'F', externalId: 'A2' })
      return refused
    })
    expect(code).toBe('UNIQUE_TAKEN')
    expect(await rows(ctx, 'tenant.crm_opportunities_opportunity')).toHaveLength(2)
  })

  it('leaves no empty change set behind', async () => {
    const ctx = system()
    await fixture.writer.transaction(ctx, async () => 'nothing')
    expect(await rows(ctx, 'tenant.change_set')).toEqual([])
  })
})

describe('an open change set', () => {
  it('takes batches until it is closed', async () => {
    const ctx = system()
    const open = await fixture.writer.openChangeSet(ctx, {
      label: 'Import',
      door: 'import',
      workflows: 'skip',
    })
    await write.create(open, leads, { name: 'Ada' })
    await fixture.writer.bulk(open, leads, { create: [{ name: 'Bea' }, { name: 'Cleo' }] })
    const again = await fixture.writer.resumeChangeSet(ctx, open.changeSet.id)
    const dora = await write.create(again, leads, { name: 'Dora' })
    await fixture.writer.closeChangeSet(again)
    expect(await codeOf(write.create(again, leads, { name: 'Eva' }))).toBe('STATE_CONFLICT')
    expect(await codeOf(write.update(again, leads, dora.id, { name: 'Eva' }))).toBe(
      'STATE_CONFLICT',
    )
    expect(await codeOf(fixture.writer.resumeChangeSet(ctx, open.changeSet.id))).toBe(
      'STATE_CONFLICT',
    )
    expect(await codeOf(fixture.writer.resumeChangeSet(ctx, uuidv7()))).toBe('NOT_FOUND')
    expect(await rows(ctx, 'tenant.change_set')).toMatchObject([
      { label: 'Import', door: 'import', state: 'done', workflows: 'skip', counts: { created: 4 } },
    ])
    const outbox = await rows(ctx, 'tenant.outbox')
    expect(outbox.every((row) => row.workflows === 'skip')).toBe(true)
  })
})

it('knows no event name beside those of the plan', () => {
  const text = readFileSync(new URL('./write-sql.ts', import.meta.url), 'utf8')
  for (const name of ['created', 'updated', 'deleted', 'restored'])
    expect(text).toContain(`'${name}'`)
})
