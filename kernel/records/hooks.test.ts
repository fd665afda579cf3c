import type { AfterChange, HookChange, HookOutcome } from '@runwaycrm/sdk'
import { StateConflictError } from '@runwaycrm/sdk'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { RequestContext } from '../context/request-context.ts'
import { uuidv7 } from '../database/uuid.ts'
import { createHookRunner, type HookRunner } from './hooks.ts'
import { codeOf, issuesOf, rowsOf } from './testing/record-helpers.ts'
import {
  contextFor,
  entityOf,
  newOrgId,
  openFixture,
  type RecordsFixture,
  testModel,
} from './testing/records-fixture.ts'

type Hook = (change: HookChange) => HookOutcome | undefined

const orders = entityOf('orders')
let hook: Hook = () => undefined
let clock = 0
const seen: HookChange[] = []
const followed: AfterChange[] = []
let follow: (change: AfterChange, ctx: RequestContext) => Promise<void> = async () => {}
const operations = ['create', 'update', 'delete'] as const

/** The hook on orders that the test sets, called as a plugin's would be. */
const model = {
  ...testModel,
  hooks: new Map([
    [
      orders.ref,
      [
        ...operations.map((before) => ({
          ref: `test.shop:${before}`,
          plugin: 'test.shop',
          key: before,
          overriddenBy: [],
          definition: { entity: orders.ref, before, handler: 'watch' },
        })),
        ...([...operations, 'restore'] as const).map((after) => ({
          ref: `test.shop:after_${after}`,
          plugin: 'test.shop',
          key: `after_${after}`,
          overriddenBy: [],
          definition: { entity: orders.ref, after, handler: 'follow' },
        })),
      ],
    ],
  ]),
}
const hooks: HookRunner = createHookRunner({
  call(_ctx, _ref, _plugin, _handler, change) {
    seen.push(change)
    return hook(change)
  },
  async callAfter(ctx, _plugin, _handler, change) {
    followed.push(change)
    await follow(change, ctx)
  },
  clock: () => clock,
})

let fixture: RecordsFixture
beforeAll(async () => {
  fixture = await openFixture({ hooks })
})
afterAll(() => fixture.close())
beforeEach(() => {
  seen.length = 0
  followed.length = 0
  follow = async () => {}
  hook = () => undefined
})
const system = () => ({ ...contextFor({ orgId: newOrgId() }), model: model as typeof testModel })

describe('a hook', () => {
  it('sees the record before and the values that are written', async () => {
    const ctx = system()
    const { writer } = fixture
    const order = await writer.create(ctx, orders, { name: 'a', margin: 5 })
    await writer.update(ctx, orders, order.id, { name: 'b' })
    await writer.delete(ctx, orders, order.id)
    expect(seen).toEqual([
      { operation: 'create', before: null, values: { name: 'a', margin: 5 } },
      { operation: 'update', before: order, values: { name: 'b' } },
      { operation: 'delete', before: { ...order, name: 'b', version: 2 }, values: {} },
    ])
  })

  it('adds values, read-only ones too, that are noted like any other', async () => {
    const ctx = system()
    hook = ({ operation }) => ({ set: { stamp: operation } })
    const order = await fixture.writer.create(ctx, orders, { name: 'a' })
    expect(order.stamp).toBe('create')
    const changed = await fixture.writer.update(ctx, orders, order.id, { name: 'b' })
    expect(changed.stamp).toBe('update')
    const ledger = await rowsOf(fixture.db, ctx, 'tenant.ledger')
    expect(ledger[1]?.fields).toEqual({ name: ['a', 'b'], stamp: ['create', 'update'] })
  })

  it('refuses with a place or without, and nothing is written', async () => {
    const ctx = system()
    const { writer } = fixture
    const order = await writer.create(ctx, orders, { name: 'a' })
    hook = () => ({ refuse: { message: 'Too cheap.', field: 'margin' } })
    expect(await issuesOf(writer.update(ctx, orders, order.id, { margin: 1 }))).toEqual([
      'margin BAD_FORMAT',
    ])
    hook = () => ({ refuse: { message: 'The books are closed.' } })
    expect(await codeOf(writer.delete(ctx, orders, order.id))).toBe('STATE_CONFLICT')
    expect(await codeOf(writer.create(ctx, orders, { name: 'b' }))).toBe('STATE_CONFLICT')
    expect(await fixture.reader.get(ctx, orders, order.id)).toEqual(order)
  })

  it('refuses nobody before their rights do, whatever they write', async () => {
    const orgId = newOrgId()
    const userId = uuidv7()
    const entity = orders.ref
    const rules = {
      look: { operations: ['read'], entity },
      name: { operations: ['create', 'update', 'delete'], entity, condition: { name: 'mine' } },
    } as const
    const rep = { ...contextFor({ orgId, userId, rules }), model: model as typeof testModel }
    const { writer } = fixture
    const theirs = await writer.create(contextFor({ orgId }), orders, { name: 'theirs' })
    hook = () => ({ refuse: { message: 'Too cheap.', field: 'margin' } })
    const answers = [
      await codeOf(writer.create(rep, orders, { name: 'theirs' })),
      await codeOf(writer.update(rep, orders, theirs.id, { margin: 1 })),
      await codeOf(writer.delete(rep, orders, theirs.id)),
      await codeOf(writer.create(rep, orders, { name: 'mine' })),
    ]
    expect(answers).toEqual(['FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN', 'INVALID'])
    const create = [{ name: 'mine' }, { name: 'theirs' }]
    const { results } = await writer.bulk(rep, orders, { create, atomic: false })
    expect(results.map(({ problem }) => problem?.code)).toEqual(['INVALID', 'FORBIDDEN'])
  })

  it('fails alone in a bulk that is not atomic', async () => {
    const ctx = system()
    hook = ({ values }) =>
      values.name === 'bad' ? { refuse: { message: 'No.', field: 'name' } } : undefined
    const { results } = await fixture.writer.bulk(ctx, orders, {
      atomic: false,
      create: [{ name: 'good' }, { name: 'bad' }],
    })
    expect(results.map(({ status }) => status)).toEqual(['created', 'failed'])
  })

  it('that takes longer than 50 ms undoes the write', async () => {
    const ctx = system()
    hook = () => {
      clock += 60
      return undefined
    }
    expect(await codeOf(fixture.writer.create(ctx, orders, { name: 'a' }))).toBe('INTERNAL')
    expect(await rowsOf(fixture.db, ctx, orders.table)).toEqual([])
  })

  it('that sets what is not valid is told so', async () => {
    const ctx = system()
    hook = () => ({ set: { ghost: 1 } })
    expect(await codeOf(fixture.writer.create(ctx, orders, { name: 'a' }))).toBe('INVALID')
  })
})

describe('a hook that follows a write', () => {
  it('hears of every operation once, with the records as they were', async () => {
    const ctx = system()
    const { writer } = fixture
    const order = await writer.create(ctx, orders, { name: 'a' })
    await writer.update(ctx, orders, order.id, { name: 'b' })
    await writer.update(ctx, orders, order.id, { name: 'b' })
    await writer.delete(ctx, orders, order.id)
    await writer.restore(ctx, orders, order.id)
    expect(followed).toEqual([
      { operation: 'create', door: ctx.door, records: [{ id: order.id, before: null }] },
      { operation: 'update', door: ctx.door, records: [{ id: order.id, before: order }] },
      {
        operation: 'delete',
        door: ctx.door,
        records: [{ id: order.id, before: { ...order, name: 'b', version: 2 } }],
      },
      { operation: 'restore', door: ctx.door, records: [{ id: order.id, before: null }] },
    ])
  })

  it('writes in the same transaction and change set', async () => {
    const ctx = system()
    const { writer } = fixture
    const first = await writer.create(ctx, orders, { name: 'first' })
    follow = async ({ operation }, inner) => {
      if (operation !== 'create') return
      await writer.update({ ...inner, door: 'hook' }, orders, first.id, { margin: 7 })
    }
    await writer.create(ctx, orders, { name: 'second' })
    expect(await fixture.reader.get(ctx, orders, first.id)).toMatchObject({
      margin: { amount: '7.00' },
    })
    const ledger = await rowsOf(fixture.db, ctx, 'tenant.ledger')
    expect(ledger).toHaveLength(3)
    expect(ledger[2]?.change_set_id).toBe(ledger[1]?.change_set_id)
  })

  it('undoes the write when it refuses, and of several only that one', async () => {
    const ctx = system()
    const { writer } = fixture
    follow = async ({ records }, inner) => {
      const made = await fixture.reader.get(inner, orders, records[0]!.id)
      if (records.length > 1 || made.name === 'bad') throw new StateConflictError('No.')
    }
    expect(await codeOf(writer.create(ctx, orders, { name: 'bad' }))).toBe('STATE_CONFLICT')
    const { results } = await writer.bulk(ctx, orders, {
      atomic: false,
      create: [{ name: 'good' }, { name: 'bad' }],
    })
    expect(results.map(({ status }) => status)).toEqual(['created', 'failed'])
    const names = (await fixture.reader.list(ctx, orders, {})).data.map(({ name }) => name)
    expect(names).toEqual(['good'])
  })
})
