import type { FieldValues } from '@runwaycrm/sdk'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { uuidv7 } from '../database/uuid.ts'
import { codeOf, issuesOf, rowsOf } from './testing/record-helpers.ts'
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
const orders = entityOf('orders')
const houses = entityOf('houses')
const everything = { all: { operations: ['manage'], entity: '*' } } as const
const system = (orgId = newOrgId()) => contextFor({ orgId })

it('has a model without problems', () => {
  // Only the manifests are read here, without the folders beside them that others may override.
  expect(testModel.problems.filter(({ notice }) => !notice)).toEqual([])
})

describe('a new record', () => {
  it('comes back with its values, defaults and system fields', async () => {
    const userId = uuidv7()
    const ctx = contextFor({ orgId: newOrgId(), userId, rules: everything })
    const lead = await fixture.writer.create(ctx, leads, {
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
    const lead = await fixture.writer.create(ctx, leads, { name: 'Ada' })
    const [changeSet] = await rowsOf(fixture.db, ctx, 'tenant.change_set')
    expect(changeSet).toMatchObject({
      state: 'done',
      door: 'api',
      parent_id: null,
      counts: { created: 1 },
      actor: { type: 'system', id: null, name: 'System' },
    })
    expect(await rowsOf(fixture.db, ctx, 'tenant.ledger')).toMatchObject([
      {
        change_set_id: changeSet?.id,
        entity: 'crm.leads:lead',
        record_id: lead.id,
        op: 'create',
        version: 1,
        fields: null,
      },
    ])
    expect(await rowsOf(fixture.db, ctx, 'tenant.outbox')).toMatchObject([
      { event: 'record.created', record_id: lead.id, version: 1, seq: null, workflows: 'run' },
    ])
    const silent = system()
    await codeOf(fixture.writer.create(silent, leads, { name: 'Ada', campaignId: uuidv7() }))
    for (const table of ['change_set', 'ledger', 'outbox', 'crm_leads_lead'])
      expect(await rowsOf(fixture.db, silent, `tenant.${table}`)).toEqual([])
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
    const problems = await issuesOf(fixture.writer.create(system(), leads, values))
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
    const order = (values: FieldValues) => issuesOf(fixture.writer.create(system(), orders, values))
    expect(await order({ name: 'x'.repeat(41) })).toEqual(['name TOO_LONG'])
    expect(await order({ name: 'a\u0000b' })).toEqual(['name BAD_FORMAT'])
    expect(await order({ name: 'a\ud800' })).toEqual(['name BAD_FORMAT'])
    expect(await order({ name: 'a', details: { deep: ['\u0000'] } })).toEqual([
      'details BAD_FORMAT',
    ])
    expect(await order({ name: '  ' })).toEqual(['name REQUIRED'])
    const lines = entityOf('lines')
    const line = (values: FieldValues) => issuesOf(fixture.writer.create(system(), lines, values))
    expect(await line({ text: 'a', amount: 101 })).toEqual(['amount OUT_OF_RANGE'])
    expect(await line({ text: 'a', amount: -1 })).toEqual(['amount OUT_OF_RANGE'])
    expect(await issuesOf(fixture.writer.create(system(), leads, [] as never))).toEqual([
      ' WRONG_TYPE',
    ])
  })

  it('refuses computed, numbered and read-only fields from outside, and takes them from code', async () => {
    const contacts = entityOf('contacts')
    expect(
      await issuesOf(fixture.writer.create(system(), contacts, { lastName: 'L', name: 'x' })),
    ).toEqual(['name READ_ONLY'])
    expect(
      await issuesOf(fixture.writer.create(system(), orders, { name: 'a', number: 7 })),
    ).toEqual(['number READ_ONLY'])
    const orgId = newOrgId()
    const user = contextFor({ orgId, userId: uuidv7(), rules: everything })
    expect(await issuesOf(fixture.writer.create(user, orders, { name: 'a', stamp: 's' }))).toEqual([
      'stamp READ_ONLY',
    ])
    const action = contextFor({ orgId, userId: uuidv7(), rules: everything, door: 'action' })
    expect(await fixture.writer.create(action, orders, { name: 'a', stamp: 's' })).toMatchObject({
      stamp: 's',
    })
  })

  it('gets its numbers without gaps, also when others are refused or many come at once', async () => {
    const ctx = system()
    const made = await Promise.all(
      [1, 2, 3].map((n) => fixture.writer.create(ctx, orders, { name: `order ${n}` })),
    )
    await codeOf(fixture.writer.create(ctx, orders, { name: 'x', accountId: uuidv7() }))
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
    const account = await fixture.writer.create(ctx, accounts, { name: 'Acme' })
    const house = await fixture.writer.create(ctx, houses, {
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
    expect(
      await codeOf(fixture.writer.create(ctx, houses, { name: 'X', accountId: uuidv7() })),
    ).toBe('INVALID')
    const changed = await fixture.writer.update(ctx, houses, house.id, { rooms: null, price: 3 })
    expect(changed).toMatchObject({ rooms: null, price: { amount: '3.00', currency: 'USD' } })
    const [, update] = await rowsOf(fixture.db, ctx, 'tenant.ledger').then((all) =>
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
