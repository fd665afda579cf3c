import { afterAll, beforeAll, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../tests/setup/test-database.ts'
import { baseLayers } from '../../tests/setup/test-layers.ts'
import { createDatabase, type Database } from '../database/postgres.ts'
import { uuidv7 } from '../database/uuid.ts'
import { composeModel } from './compose-model.ts'
import { createOrgStates } from './model-cache.ts'
import { createOrgModels } from './org-models.ts'

let test: TestDatabase
let db: Database
beforeAll(async () => {
  test = await createTestDatabase()
  db = createDatabase({ url: test.serverUrl, secretKey: test.secretKey })
})
afterAll(async () => {
  await db.close()
  await test.drop()
})

it('keeps nothing that was asked for before a change', async () => {
  const orgId = uuidv7()
  await db.query(orgId, {
    text: 'insert into tenant.org_state (org_id, name, slug) values ($1, $2, $3)',
    values: [orgId, 'Acme', `acme-${orgId}`],
  })
  /** The first answer is on its way until this ends. */
  let arrive = () => {}
  const way = new Promise<void>((resolve) => {
    arrive = resolve
  })
  let asked = 0
  let isRead = false
  const slow = {
    async query<R extends object>(...args: Parameters<Database['query']>) {
      const isFirst = ++asked === 1
      const answer = await db.query<R>(...args)
      isRead = true
      if (isFirst) await way
      return answer
    },
  }
  const models = createOrgModels(composeModel(baseLayers))
  const states = createOrgStates({ db: slow as Database, models, now: () => 0 })
  const before = states.get(orgId)
  await expect.poll(() => isRead).toBe(true)
  await db.query(orgId, {
    text: `update tenant.org_state set name = 'Beta', epoch = epoch + 1 where org_id = $1`,
    values: [orgId],
  })
  states.forget(orgId)
  expect((await states.get(orgId)).org.name).toBe('Beta')
  arrive()
  expect((await before).org.name).toBe('Acme')
  expect((await states.get(orgId)).org.name).toBe('Beta')
  expect(asked).toBe(2)
})
