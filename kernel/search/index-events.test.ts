import { afterAll, beforeAll, expect, it } from 'vitest'
import { uuidv7 } from '../database/uuid.ts'
import {
  contextFor,
  entityOf,
  newOrgId,
  openFixture,
  type RecordsFixture,
} from '../records/testing/records-fixture.ts'
import { createEventIndexer } from './index-events.ts'
import { searchMark } from './searched-fields.ts'

let fixture: RecordsFixture
beforeAll(async () => {
  fixture = await openFixture()
})
afterAll(() => fixture.close())

it('reads a changed record only when something changed that is searched', async () => {
  const ctx = contextFor({ orgId: newOrgId() })
  const { id: orgId } = ctx.org
  const leads = entityOf('leads')
  const read: string[] = []
  const indexEvents = createEventIndexer({
    db: fixture.db,
    reader: {
      getMany(inner, entity, ids, options) {
        read.push(...ids)
        return fixture.reader.getMany(inner, entity, ids, options)
      },
    },
  })
  const { id } = await fixture.writer.create(ctx, leads, { name: 'Ada', score: 1 })
  const { db } = fixture
  await db.query(orgId, {
    text: 'insert into tenant.search_state (org_id, mark) values ($1, $2)',
    values: [orgId, searchMark(ctx.model)],
  })
  const { rows } = await db.query<{ token: number }>(null, {
    text: 'select token from kernel.claim_outbox(1, 60000, $1::uuid[])',
    values: [[orgId]],
  })
  const tell = async (event: string, fields?: readonly string[]) => {
    await db.query(orgId, {
      text: `insert into tenant.outbox (org_id, batch_id, id, seq, event, entity, record_id, version, payload, created_at)
        select $1, $2, $2, kernel.take_seq($3, 1, 60000), $4, $5, $6, 1, $7, now()`,
      values: [orgId, uuidv7(), rows[0]!.token, event, leads.ref, id, fields ? { fields } : {}],
    })
    expect(await indexEvents(ctx)).toBe('done')
  }
  await tell('record.updated', ['score'])
  expect(read).toEqual([])
  await tell('record.updated', ['score', 'name'])
  expect(read).toEqual([id])
  await tell('record.created')
  expect(read).toEqual([id, id])
})
