import { afterAll, beforeAll, expect, it } from 'vitest'
import { uuidv7 } from '../database/uuid.ts'
import { quietLog } from '../events/testing/quiet-log.ts'
import {
  contextFor,
  entityOf,
  newOrgId,
  openFixture,
  type RecordsFixture,
} from '../records/testing/records-fixture.ts'
import { createIndexer } from './index-events.ts'

let fixture: RecordsFixture
beforeAll(async () => {
  fixture = await openFixture()
})
afterAll(() => fixture.close())

it('reads a changed record only when something changed that is searched', async () => {
  const ctx = contextFor({ orgId: newOrgId() })
  const leads = entityOf('leads')
  const read: string[] = []
  const indexer = createIndexer({
    db: fixture.db,
    reader: {
      getMany(inner, entity, ids, options) {
        read.push(...ids)
        return fixture.reader.getMany(inner, entity, ids, options)
      },
    },
    systemContext: async () => ctx,
    refill: () => Promise.reject(new Error('The index was to be filled again.')),
    log: quietLog(),
  })
  const { id } = await fixture.writer.create(ctx, leads, { name: 'Ada', score: 1 })
  const tell = (event: string, fields?: readonly string[]) =>
    indexer(ctx.org.id, [
      {
        batchId: uuidv7(),
        id: uuidv7(),
        seq: 1,
        changeSetId: null,
        event,
        entity: leads.ref,
        recordId: id,
        version: 1,
        payload: fields ? { fields } : {},
        workflows: 'run',
        createdAt: new Date().toISOString(),
      },
    ])
  await tell('record.updated', ['score'])
  expect(read).toEqual([])
  await tell('record.updated', ['score', 'name'])
  expect(read).toEqual([id])
  await tell('record.created')
  expect(read).toEqual([id, id])
})
