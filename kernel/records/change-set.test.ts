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

const leads = entityOf('leads')
const accounts = entityOf('accounts')
const opportunities = entityOf('opportunities')
const system = (orgId = newOrgId()) => contextFor({ orgId })

describe('a transaction', () => {
  it('is one change set and all or nothing', async () => {
    const ctx = system()
    const done = await fixture.writer.transaction(ctx, async (inner) => {
      const account = await fixture.writer.create(inner, accounts, { name: 'Acme' })
      return fixture.writer.create(inner, opportunities, { name: 'D', accountId: account.id })
    })
    expect(done.accountId).toBeTruthy()
    const failing = fixture.writer.transaction(ctx, async (inner) => {
      await fixture.writer.create(inner, accounts, { name: 'Lost' })
      await fixture.writer.create(inner, opportunities, { name: 'D', accountId: uuidv7() })
    })
    expect(await codeOf(failing)).toBe('INVALID')
    expect(await rowsOf(fixture.db, ctx, 'tenant.crm_accounts_account')).toHaveLength(1)
    expect(await rowsOf(fixture.db, ctx, 'tenant.change_set')).toMatchObject([
      { state: 'done', counts: { created: 2 } },
    ])
    const outbox = await rowsOf(fixture.db, ctx, 'tenant.outbox')
    expect(new Set(outbox.map((row) => row.batch_id)).size).toBe(1)
  })

  it('goes on after an error that its author caught', async () => {
    const ctx = system()
    await fixture.writer.create(ctx, opportunities, { name: 'D', externalId: 'A1' })
    const code = await fixture.writer.transaction(ctx, async (inner) => {
      const refused = await codeOf(
        fixture.writer.create(inner, opportunities, { name: 'E', externalId: 'A1' }),
      )
      await fixture.writer.create(inner, opportunities, { name: 'F', externalId: 'A2' })
      return refused
    })
    expect(code).toBe('UNIQUE_TAKEN')
    expect(await rowsOf(fixture.db, ctx, 'tenant.crm_opportunities_opportunity')).toHaveLength(2)
  })

  it('leaves no empty change set behind', async () => {
    const ctx = system()
    await fixture.writer.transaction(ctx, async () => 'nothing')
    expect(await rowsOf(fixture.db, ctx, 'tenant.change_set')).toEqual([])
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
    await fixture.writer.create(open, leads, { name: 'Ada' })
    await fixture.writer.bulk(open, leads, { create: [{ name: 'Bea' }, { name: 'Cleo' }] })
    const again = await fixture.writer.resumeChangeSet(ctx, open.changeSet.id)
    const dora = await fixture.writer.create(again, leads, { name: 'Dora' })
    await fixture.writer.closeChangeSet(again)
    expect(await codeOf(fixture.writer.create(again, leads, { name: 'Eva' }))).toBe(
      'STATE_CONFLICT',
    )
    expect(await codeOf(fixture.writer.update(again, leads, dora.id, { name: 'Eva' }))).toBe(
      'STATE_CONFLICT',
    )
    expect(await codeOf(fixture.writer.resumeChangeSet(ctx, open.changeSet.id))).toBe(
      'STATE_CONFLICT',
    )
    expect(await codeOf(fixture.writer.resumeChangeSet(ctx, uuidv7()))).toBe('NOT_FOUND')
    expect(await rowsOf(fixture.db, ctx, 'tenant.change_set')).toMatchObject([
      { label: 'Import', door: 'import', state: 'done', workflows: 'skip', counts: { created: 4 } },
    ])
    const outbox = await rowsOf(fixture.db, ctx, 'tenant.outbox')
    expect(outbox.every((row) => row.workflows === 'skip')).toBe(true)
  })
})
