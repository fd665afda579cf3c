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
const accounts = entityOf('accounts')
const opportunities = entityOf('opportunities')
const houses = entityOf('houses')
const system = (orgId = newOrgId()) => contextFor({ orgId })

describe('a change', () => {
  it('keeps what is absent, clears what is null, and notes before and after', async () => {
    const ctx = system()
    const lead = await fixture.writer.create(ctx, leads, {
      name: 'Ada',
      company: 'Acme',
      budget: 5,
    })
    const changed = await fixture.writer.update(ctx, leads, lead.id, { company: null, score: 9 })
    expect(changed).toMatchObject({ version: 2, name: 'Ada', company: null, score: 9 })
    expect(await fixture.reader.get(ctx, leads, lead.id)).toEqual(changed)
    const [, update] = await rowsOf(fixture.db, ctx, 'tenant.ledger')
    expect(update?.fields).toEqual({ company: ['Acme', null], score: [null, 9] })
    const events = await rowsOf(fixture.db, ctx, 'tenant.outbox')
    expect(events.find((event) => event.event === 'record.updated')?.payload).toEqual({
      fields: ['score', 'company'],
    })
  })

  it('that changes nothing is not written and keeps the version', async () => {
    const ctx = system()
    const lead = await fixture.writer.create(ctx, leads, {
      name: 'Ada',
      budget: 5,
      region: 'North',
    })
    const same = await fixture.writer.update(ctx, leads, lead.id, {
      name: 'Ada',
      budget: '5.0',
      region: 'North',
    })
    expect(same).toEqual(lead)
    expect(await fixture.writer.update(ctx, leads, lead.id, {})).toEqual(lead)
    expect(await rowsOf(fixture.db, ctx, 'tenant.change_set')).toHaveLength(1)
  })

  it('notes a value of two parts whole when one part changed', async () => {
    const ctx = system()
    const deal = await fixture.writer.create(ctx, opportunities, { name: 'Deal', value: 5 })
    await fixture.writer.update(ctx, opportunities, deal.id, { value: 6 })
    const [, update] = await rowsOf(fixture.db, ctx, 'tenant.ledger')
    expect(update?.fields).toEqual({ value: [50_000, 60_000], 'value.currency': ['USD', 'USD'] })
  })

  it('is refused when the record has moved on', async () => {
    const ctx = system()
    const lead = await fixture.writer.create(ctx, leads, { name: 'Ada' })
    await fixture.writer.update(ctx, leads, lead.id, { name: 'Bea' }, 1)
    expect(await codeOf(fixture.writer.update(ctx, leads, lead.id, { name: 'Cleo' }, 1))).toBe(
      'STALE_VERSION',
    )
    expect(await codeOf(fixture.writer.delete(ctx, leads, lead.id, 1))).toBe('STALE_VERSION')
  })

  it('of two at the same time with the same version: one wins, the other is told', async () => {
    const ctx = system()
    const lead = await fixture.writer.create(ctx, leads, { name: 'Ada' })
    const codes = await Promise.all(
      ['Bea', 'Cleo', 'Dora', 'Eva'].map((name) =>
        codeOf(fixture.writer.update(ctx, leads, lead.id, { name }, 1)),
      ),
    )
    expect(codes.sort()).toEqual(['STALE_VERSION', 'STALE_VERSION', 'STALE_VERSION', 'fine'])
  })

  it('of two at the same time to different fields: none is lost', async () => {
    const ctx = system()
    const lead = await fixture.writer.create(ctx, leads, { name: 'Ada' })
    await Promise.all([
      fixture.writer.update(ctx, leads, lead.id, { company: 'Acme', region: 'North' }),
      fixture.writer.update(ctx, leads, lead.id, { title: 'CEO', budget: 5 }),
      fixture.writer.update(ctx, leads, lead.id, { score: 5 }),
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
    const lead = await fixture.writer.create(ctx, leads, { name: 'Ada' })
    expect(await issuesOf(fixture.writer.update(ctx, leads, lead.id, { name: null }))).toEqual([
      'name REQUIRED',
    ])
  })
})

describe('a unique value', () => {
  it('is taken once, free again when its record is deleted, and taken back by nobody twice', async () => {
    const ctx = system()
    const deal = (externalId: string) =>
      fixture.writer.create(ctx, opportunities, { name: 'D', externalId })
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
    expect(
      await codeOf(fixture.writer.update(ctx, opportunities, third.id, { externalId: 'A1' })),
    ).toBe('UNIQUE_TAKEN')
  })

  it('wanted by many at the same time goes to one', async () => {
    const ctx = system()
    const codes = await Promise.all(
      Array.from({ length: 6 }, () =>
        codeOf(fixture.writer.create(ctx, opportunities, { name: 'D', externalId: 'A1' })),
      ),
    )
    expect(codes.filter((code) => code === 'fine')).toHaveLength(1)
    expect(codes.filter((code) => code === 'UNIQUE_TAKEN')).toHaveLength(5)
  })

  it('kept in an own field is guarded like one in a column', async () => {
    const ctx = system()
    const { writer } = fixture
    const name = { ...houses.fields.get('name')!, unique: true }
    const unique = {
      ...houses,
      fields: new Map([...houses.fields, ['name', name]]),
      byApiName: new Map([...houses.byApiName, ['name', name]]),
    }
    const first = await writer.create(ctx, unique, { name: 'Villa' })
    const second = await writer.create(ctx, unique, { name: 'Barn' })
    const taken = { code: 'UNIQUE_TAKEN', extra: { field: 'name' } }
    await expect(writer.create(ctx, unique, { name: 'Villa' })).rejects.toMatchObject(taken)
    await expect(writer.update(ctx, unique, second.id, { name: 'Villa' })).rejects.toMatchObject(
      taken,
    )
    await writer.update(ctx, unique, first.id, { name: 'Castle' })
    await writer.update(ctx, unique, second.id, { name: 'Villa' })
    await writer.delete(ctx, unique, second.id)
    const third = await writer.create(ctx, unique, { name: 'Villa' })
    expect(await codeOf(writer.restore(ctx, unique, second.id))).toBe('UNIQUE_TAKEN')
    await writer.delete(ctx, unique, third.id)
    await writer.restore(ctx, unique, second.id)
    expect(await rowsOf(fixture.db, ctx, 'tenant.unique_value')).toHaveLength(2)
  })

  it('of another organisation is none of ours', async () => {
    await fixture.writer.create(system(), opportunities, { name: 'D', externalId: 'A1' })
    await fixture.writer.create(system(), opportunities, { name: 'D', externalId: 'A1' })
  })
})

describe('a relation', () => {
  it('must lead to a record that is there and visible', async () => {
    const orgId = newOrgId()
    const userId = uuidv7()
    const rep = contextFor({ orgId, userId, roles: ['platform.people:rep'] })
    const ctx = system(orgId)
    const hidden = await fixture.writer.create(ctx, accounts, { name: 'Hidden', ownerId: null })
    const other = await fixture.writer.create(system(), accounts, { name: 'Theirs' })
    const gone = await fixture.writer.create(ctx, accounts, { name: 'Gone' })
    await fixture.writer.delete(ctx, accounts, gone.id)
    for (const accountId of [uuidv7(), other.id, gone.id])
      expect(
        await issuesOf(fixture.writer.create(ctx, opportunities, { name: 'D', accountId })),
      ).toEqual(['accountId UNKNOWN_RECORD'])
    expect(
      await fixture.writer.create(rep, opportunities, { name: 'D', accountId: hidden.id }),
    ).toBeTruthy()
    const users = entityOf('users')
    const boss = await fixture.writer.create(ctx, users, { name: 'Boss' })
    await fixture.writer.update(ctx, accounts, hidden.id, { ownerId: boss.id })
    expect(
      await issuesOf(
        fixture.writer.create(rep, opportunities, { name: 'D', accountId: hidden.id }),
      ),
    ).toEqual(['accountId UNKNOWN_RECORD'])
    expect(
      await issuesOf(fixture.writer.create(ctx, leads, { name: 'A', ownerId: uuidv7() })),
    ).toEqual(['ownerId UNKNOWN_RECORD'])
  })

  it('that stays as it was is not checked again', async () => {
    const ctx = system()
    const account = await fixture.writer.create(ctx, accounts, { name: 'Acme' })
    const house = await fixture.writer.create(ctx, houses, { name: 'Villa', accountId: account.id })
    await fixture.db.query(ctx.org.id, {
      text: 'update tenant.crm_accounts_account set deleted_at = now() where id = $1',
      values: [account.id],
    })
    const values = { accountId: account.id, rooms: 3 }
    expect(await fixture.writer.update(ctx, houses, house.id, values)).toMatchObject({
      version: 2,
      rooms: 3,
    })
  })

  it('to anything is kept by the reference of its entity and checked too', async () => {
    const ctx = system()
    const activities = entityOf('activities')
    const lead = await fixture.writer.create(ctx, leads, { name: 'Ada' })
    const about = { entity: 'leads', id: lead.id }
    const call = await fixture.writer.create(ctx, activities, { subject: 'Call', about })
    expect(call.about).toEqual(about)
    const [row] = await rowsOf(fixture.db, ctx, 'tenant.crm_activities_activity')
    expect(row?.about_entity).toBe('crm.leads:lead')
    for (const missing of [
      { entity: 'accounts', id: lead.id },
      { entity: 'leads', id: uuidv7() },
      { entity: 'ghosts', id: lead.id },
    ])
      expect(
        await issuesOf(fixture.writer.create(ctx, activities, { subject: 'Call', about: missing })),
      ).toEqual(['about UNKNOWN_RECORD'])
  })
})

describe('deleting and restoring', () => {
  it('is soft, answers 404 the second time, and comes back with its values', async () => {
    const ctx = system()
    const lead = await fixture.writer.create(ctx, leads, { name: 'Ada', region: 'North' })
    await fixture.writer.delete(ctx, leads, lead.id)
    expect(await codeOf(fixture.reader.get(ctx, leads, lead.id))).toBe('NOT_FOUND')
    expect(await codeOf(fixture.writer.delete(ctx, leads, lead.id))).toBe('NOT_FOUND')
    expect(await codeOf(fixture.writer.update(ctx, leads, lead.id, { name: 'x' }))).toBe(
      'NOT_FOUND',
    )
    expect(await codeOf(fixture.writer.restore(ctx, leads, lead.id, 1))).toBe('STALE_VERSION')
    const back = await fixture.writer.restore(ctx, leads, lead.id, 2)
    expect(back).toMatchObject({ version: 3, name: 'Ada', region: 'North' })
    expect(await fixture.writer.restore(ctx, leads, lead.id)).toEqual(back)
  })
})
