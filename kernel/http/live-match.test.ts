import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { uuidv7 } from '../database/uuid.ts'
import { eventsAfter, type OutboxEvent } from '../events/outbox.ts'
import { openStream } from '../events/stream.ts'
import { createWriter, type Writer } from '../records/change-set.ts'
import { createReader, type Reader } from '../records/read.ts'
import {
  contextFor,
  entityOf,
  openFixture,
  type RecordsFixture,
  type TestActor,
  testCodecs,
} from '../records/testing/records-fixture.ts'
import { createLiveMatcher, mentions } from './live-match.ts'

type Rules = NonNullable<TestActor['rules']>
type RoleRule = Rules[string]

let fixture: RecordsFixture
let reader: Reader
let writer: Writer
let orgId: string
const lead = entityOf('leads')

beforeAll(async () => {
  fixture = await openFixture()
  reader = createReader({ db: fixture.db, codecs: testCodecs })
  writer = createWriter({ db: fixture.db, codecs: testCodecs, reader })
})
afterAll(() => fixture.close())
beforeEach(() => {
  orgId = uuidv7()
})

const system = () => contextFor({ orgId })
const readAll: RoleRule = { operations: ['read'], entity: '*' }

/** What happened in the organisation, numbered as the relay does it. */
async function events(): Promise<OutboxEvent[]> {
  const { db } = fixture
  const { rows } = await db.query<{ token: number }>(null, {
    text: 'select token from kernel.claim_outbox(1, 15000, $1)',
    values: [[orgId]],
  })
  const token = rows[0]?.token
  if (token) await openStream({ db, orgId, token, leaseMs: 15_000 }).each(async () => {})
  return (await db.query<OutboxEvent>(orgId, eventsAfter(orgId, 0, 1000))).rows
}

async function notices(rules: Rules, filter = {}, userId = uuidv7()) {
  const matcher = createLiveMatcher(
    {
      db: fixture.db,
      reader,
      codecs: testCodecs,
      systemContext: async () => system(),
    },
    await events(),
  )
  const ctx = contextFor({ orgId, userId, rules })
  return matcher.noticesFor(ctx, { entity: lead.ref, filter })
}

describe('what a listener hears', () => {
  it('names no field that is hidden from them, whether the field came with the entity or later', async () => {
    const made = await writer.create(system(), lead, { name: 'Ada' })
    const changes = { score: 7, company: 'Acme', region: 'North', budget: 5 }
    await writer.update(system(), lead, made.id, changes)
    const hidden: RoleRule = {
      effect: 'deny',
      operations: ['read'],
      entity: lead.ref,
      fields: ['score', 'budget'],
    }
    const heard = await notices({ readAll, hidden })
    expect(heard.map((notice) => notice.fields)).toEqual([[], ['company', 'region']])
    const all = await notices({ readAll })
    expect(all.at(-1)?.fields).toEqual(['budget', 'company', 'region', 'score'])
  })

  it('names a field that is hidden on some records only where it is seen', async () => {
    const seen = await writer.create(system(), lead, { name: 'Ada', company: 'Open' })
    const unseen = await writer.create(system(), lead, { name: 'Bo', company: 'Secret' })
    for (const { id } of [seen, unseen])
      await writer.update(system(), lead, id, { score: 7, name: 'New' })
    const hidden: RoleRule = {
      effect: 'deny',
      operations: ['read'],
      entity: lead.ref,
      fields: ['score'],
      condition: { company: 'Secret' },
    }
    const heard = await notices({ readAll, hidden })
    const fieldsOf = (id: string) => heard.findLast((notice) => notice.id === id)?.fields
    expect(fieldsOf(seen.id)).toEqual(['name', 'score'])
    expect(fieldsOf(unseen.id)).toEqual(['name'])
  })

  it('cannot be filtered by a hidden field', async () => {
    await writer.create(system(), lead, { name: 'Ada', score: 7 })
    const hidden: RoleRule = {
      effect: 'deny',
      operations: ['read'],
      entity: lead.ref,
      fields: ['score'],
    }
    await expect(notices({ readAll, hidden }, { score: 7 })).rejects.toMatchObject({
      code: 'UNKNOWN_FIELD',
    })
  })

  it('is a removal when a rule’s condition stops holding, and nothing when it never held', async () => {
    const seen = await writer.create(system(), lead, { name: 'Ada', status: 'new' })
    const never = await writer.create(system(), lead, { name: 'Bo', status: 'contacted' })
    await writer.update(system(), lead, seen.id, { status: 'qualified', score: 3 })
    await writer.update(system(), lead, seen.id, { score: 4 })
    await writer.update(system(), lead, never.id, { status: 'qualified' })
    const onlyNew: RoleRule = {
      operations: ['read'],
      entity: lead.ref,
      condition: { status: 'new' },
    }
    const heard = await notices({ onlyNew })
    expect(heard).toMatchObject([{ event: 'record.removed', id: seen.id, version: 2, fields: [] }])
  })

  it('is nothing of an entity that they may not read', async () => {
    await writer.create(system(), lead, { name: 'Ada' })
    const other: RoleRule = { operations: ['read'], entity: 'crm.accounts:account' }
    expect(await notices({ other })).toEqual([])
  })

  it('is asked for once for all with equal rights and filters', async () => {
    for (let i = 0; i < 3; i++) await writer.create(system(), lead, { name: `Lead ${i}` })
    let asked = 0
    const counting: Reader = {
      ...reader,
      list: (...args) => {
        asked++
        return reader.list(...args)
      },
    }
    const deps = {
      db: fixture.db,
      reader: counting,
      codecs: testCodecs,
      systemContext: async () => system(),
    }
    const matcher = createLiveMatcher(deps, await events())
    for (let i = 0; i < 50; i++) {
      const ctx = contextFor({ orgId, userId: uuidv7(), rules: { readAll } })
      expect(await matcher.noticesFor(ctx, { entity: lead.ref, filter: {} })).toHaveLength(3)
    }
    expect(asked).toBe(1)
  })
})

describe('whether a filter looks at a field', () => {
  it.each([
    [{ score: { $gte: 8 } }, 'score', true],
    [{ $or: [{ status: 'new' }, { $not: { score: 1 } }] }, 'score', true],
    [{ 'account.industry': 'software' }, 'accountId', true],
    [{ 'value.currency': 'EUR' }, 'value', true],
    [{ score: 1 }, 'company', false],
    [{ company: { $eq: 'score' } }, 'score', false],
    [{}, 'score', false],
  ])('%j and %s: %s', (filter, name, expected) => {
    expect(mentions(filter, name)).toBe(expected)
  })
})
