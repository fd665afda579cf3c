import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { uuidv7 } from '../database/uuid.ts'
import { createHistory, type History } from './history.ts'
import { createLedger, type Ledger } from './ledger.ts'
import { codeOf } from './testing/record-helpers.ts'
import {
  contextFor,
  entityOf,
  newOrgId,
  openFixture,
  type RecordsFixture,
  testCodecs,
} from './testing/records-fixture.ts'
import { createTimeline, type Timeline } from './timeline.ts'

let fixture: RecordsFixture
let ledger: Ledger
let history: History
let timeline: Timeline
beforeAll(async () => {
  fixture = await openFixture()
  const { db, reader } = fixture
  ledger = createLedger({ db, codecs: testCodecs })
  history = createHistory({ db, codecs: testCodecs, reader })
  timeline = createTimeline({ db, codecs: testCodecs, reader })
})
afterAll(() => fixture.close())

const leads = entityOf('leads')
const orders = entityOf('orders')
const activities = entityOf('activities')
const system = (orgId = newOrgId()) => contextFor({ orgId })
const hiding = (condition?: object) => ({
  all: { operations: ['manage'], entity: '*' },
  margin: {
    effect: 'deny' as const,
    operations: ['read'],
    entity: 'test.shop:order',
    fields: ['margin'],
    ...(condition ? { condition: condition as never } : {}),
  },
})

describe('the history of a record', () => {
  it('shows every version newest first, from its first values on', async () => {
    const userId = uuidv7()
    const rules = { all: { operations: ['manage'], entity: '*' } }
    const ctx = contextFor({ orgId: newOrgId(), userId, rules })
    const { writer } = fixture
    const placedAt = '2026-02-01T10:00:00.000Z'
    const order = await writer.create(ctx, orders, { name: 'a', margin: 5, placedAt })
    await writer.update(ctx, orders, order.id, { margin: 6, placedAt: null })
    await writer.update(ctx, orders, order.id, { name: 'b', details: { deep: [1, null] } })
    await writer.delete(ctx, orders, order.id)
    await writer.restore(ctx, orders, order.id)
    const { data, page } = await history.list(ctx, orders, order.id)
    const money = (amount: string) => ({ amount, currency: 'USD' })
    expect(page).toEqual({ nextCursor: null })
    expect(data.map(({ version, op, fields }) => ({ version, op, fields }))).toEqual([
      { version: 5, op: 'restore', fields: {} },
      { version: 4, op: 'delete', fields: {} },
      {
        version: 3,
        op: 'update',
        fields: { name: { from: 'a', to: 'b' }, details: { from: null, to: { deep: [1, null] } } },
      },
      {
        version: 2,
        op: 'update',
        fields: {
          margin: { from: money('5.00'), to: money('6.00') },
          placedAt: { from: placedAt, to: null },
        },
      },
      {
        version: 1,
        op: 'create',
        fields: {
          name: { from: null, to: 'a' },
          number: { from: null, to: 1 },
          margin: { from: null, to: money('5.00') },
          placedAt: { from: null, to: placedAt },
          rank: { from: null, to: 3 },
          ownerId: { from: null, to: userId },
        },
      },
    ])
    expect(data[0]).toMatchObject({
      changeId: expect.any(String),
      at: '2026-03-01T09:30:00.000Z',
      actor: { type: 'user', id: userId, name: 'Ann' },
    })
  })

  it('comes in pages', async () => {
    const ctx = system()
    const lead = await fixture.writer.create(ctx, leads, { name: 'v1' })
    for (let n = 2; n <= 5; n++) await fixture.writer.update(ctx, leads, lead.id, { name: `v${n}` })
    const versions: number[] = []
    let cursor: string | undefined
    do {
      const { data, page } = await history.list(ctx, leads, lead.id, { limit: 2, cursor })
      versions.push(...data.map(({ version }) => version))
      cursor = page.nextCursor ?? undefined
    } while (cursor)
    expect(versions).toEqual([5, 4, 3, 2, 1])
    expect(await codeOf(history.list(ctx, leads, lead.id, { cursor: 'x' }))).toBe('BAD_CURSOR')
  })

  it('hides a field without a trace, always or on some records', async () => {
    const orgId = newOrgId()
    const ctx = system(orgId)
    const { writer } = fixture
    const order = await writer.create(ctx, orders, { name: 'a', margin: 5 })
    await writer.update(ctx, orders, order.id, { margin: 6 })
    await writer.update(ctx, orders, order.id, { name: 'b', margin: 7 })
    const seen = async (rules: ReturnType<typeof hiding>) => {
      const reader = contextFor({ orgId, userId: uuidv7(), rules })
      const { data } = await history.list(reader, orders, order.id)
      return data.map(({ version, fields }) => `${version} ${Object.keys(fields)}`)
    }
    const without = ['3 name', '1 name,number,rank']
    expect(await seen(hiding())).toEqual(without)
    expect(await seen(hiding({ name: 'b' }))).toEqual(without)
    expect(await seen(hiding({ name: 'other' }))).toEqual([
      '3 name,margin',
      '2 margin',
      '1 margin,name,number,rank',
    ])
  })

  it('is 404 for who may not see the record', async () => {
    const orgId = newOrgId()
    const lead = await fixture.writer.create(system(orgId), leads, { name: 'Ada' })
    const nobody = contextFor({ orgId, userId: uuidv7(), rules: {} })
    expect(await codeOf(history.list(nobody, leads, lead.id))).toBe('NOT_FOUND')
    expect(await codeOf(history.list(system(), leads, lead.id))).toBe('NOT_FOUND')
    expect(await codeOf(timeline.list(nobody, leads, lead.id))).toBe('NOT_FOUND')
  })
})

describe('change sets', () => {
  it('are listed newest first with what they did, and opened with their records in pages', async () => {
    const ctx = system()
    const { writer } = fixture
    const lead = await writer.create(ctx, leads, { name: 'Ada' })
    await writer.update(ctx, leads, lead.id, { name: 'Bea', score: 3 })
    const { changeSetId } = await writer.bulk(ctx, leads, {
      create: [{ name: 'x' }, { name: 'y' }],
    })
    const { data } = await ledger.list(ctx)
    expect(data.map(({ counts }) => [counts.created, counts.updated])).toEqual([
      [2, 0],
      [0, 1],
      [1, 0],
    ])
    expect(data[1]).toMatchObject({
      state: 'done',
      door: 'api',
      parentId: null,
      actor: { type: 'system' },
    })
    const first = await ledger.get(ctx, changeSetId, { limit: 1 })
    expect(first.records.data).toMatchObject([
      { entity: 'leads', op: 'create', version: 1, fields: [] },
    ])
    const cursor = first.records.page.nextCursor ?? undefined
    const second = await ledger.get(ctx, changeSetId, { limit: 1, cursor })
    expect(second.records.data[0]?.id).not.toBe(first.records.data[0]?.id)
    expect(second.records.page.nextCursor).toBeNull()
    const update = await ledger.get(ctx, data[1]!.id)
    expect(update.records.data).toMatchObject([
      { entity: 'leads', id: lead.id, op: 'update', version: 2, fields: ['name', 'score'] },
    ])
    const page = await ledger.list(ctx, { limit: 2 })
    const rest = await ledger.list(ctx, { limit: 2, cursor: page.page.nextCursor! })
    expect([...page.data, ...rest.data]).toEqual(data)
  })

  it('show and count only records that the reader may read', async () => {
    const orgId = newOrgId()
    const ctx = system(orgId)
    const me = uuidv7()
    const { writer } = fixture
    const rules = {
      own: { operations: ['create', 'read', 'update'], entity: 'crm.leads:lead', scope: 'own' },
    } as const
    const rep = contextFor({ orgId, userId: me, rules })
    const mine = await writer.create(rep, leads, { name: 'Mine' })
    const theirs = await writer.create(ctx, leads, { name: 'Theirs' })
    const both = await writer.bulk(ctx, leads, {
      update: [
        { id: mine.id, name: 'x' },
        { id: theirs.id, name: 'y' },
      ],
    })
    const { data } = await ledger.list(rep)
    expect(data.map(({ counts }) => counts.created + counts.updated)).toEqual([1, 1])
    const detail = await ledger.get(rep, both.changeSetId)
    expect(detail.records.data.map(({ id }) => id)).toEqual([mine.id])
    const hidden = (await ledger.list(ctx)).data.find(
      ({ id }) => !data.some((one) => one.id === id),
    )
    expect(await codeOf(ledger.get(rep, hidden!.id))).toBe('NOT_FOUND')
    expect(await codeOf(ledger.get(system(), both.changeSetId))).toBe('NOT_FOUND')
    expect(await codeOf(ledger.get(ctx, 'no-uuid'))).toBe('NOT_FOUND')
  })
})

describe('the timeline of a record', () => {
  it('mixes its changes with what is about it, newest first, by kind and in pages', async () => {
    const orgId = newOrgId()
    const { writer } = fixture
    const at = (minute: number) =>
      contextFor({ orgId, now: new Date(Date.UTC(2026, 2, 1, 10, minute)) })
    const lead = await writer.create(at(0), leads, { name: 'Ada' })
    const about = { entity: 'leads', id: lead.id }
    const call = await writer.create(at(1), activities, {
      type: 'call',
      subject: 'First call',
      about,
    })
    await writer.update(at(2), leads, lead.id, { status: 'contacted' })
    await writer.create(at(3), activities, { type: 'note', subject: 'Likes tea', about })
    await writer.create(at(4), entityOf('tasks'), { title: 'Send offer', about })
    await writer.create(at(5), activities, { subject: 'Elsewhere' })
    const ctx = at(9)
    const { data } = await timeline.list(ctx, leads, lead.id)
    expect(data.map(({ kind, title }) => `${kind}: ${title}`)).toEqual([
      'task: Send offer',
      'note: Likes tea',
      'change: Changed Status',
      'call: First call',
      'change: Created',
    ])
    expect(data[3]).toMatchObject({
      id: call.id,
      at: '2026-03-01T10:01:00.000Z',
      actor: { type: 'system' },
      record: { entity: 'activities', id: call.id },
    })
    expect(data[2]?.data).toMatchObject({ fields: { status: { from: 'new', to: 'contacted' } } })
    const paged: string[] = []
    let cursor: string | undefined
    do {
      const page = await timeline.list(ctx, leads, lead.id, { limit: 2, cursor })
      paged.push(...page.data.map(({ id }) => id))
      cursor = page.page.nextCursor ?? undefined
    } while (cursor)
    expect(paged).toEqual(data.map(({ id }) => id))
    const calls = await timeline.list(ctx, leads, lead.id, { types: ['call', 'task'] })
    expect(calls.data.map(({ kind }) => kind)).toEqual(['task', 'call'])
  })
})
