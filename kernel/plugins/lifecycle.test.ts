import { NotFoundError, StateConflictError } from '@runwaycrm/sdk'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../tests/setup/test-database.ts'
import { baseLayers } from '../../tests/setup/test-layers.ts'
import { createDatabase, type Database } from '../database/postgres.ts'
import { uuidv7 } from '../database/uuid.ts'
import { composeModel } from '../model/compose-model.ts'
import { createOrgStates, type OrgStates } from '../model/model-cache.ts'
import { createOrgModels } from '../model/org-models.ts'
import { createLifecycle, type Lifecycle } from './lifecycle.ts'

const ada = { type: 'user', id: 'ada', name: 'Ada' } as const
const deployment = composeModel(baseLayers)

let test: TestDatabase
let db: Database
let lifecycle: Lifecycle
let orgStates: OrgStates
const orgId = uuidv7()
const otherOrg = uuidv7()

beforeAll(async () => {
  test = await createTestDatabase()
  db = createDatabase({ url: test.serverUrl, secretKey: test.secretKey })
  const models = createOrgModels(deployment)
  lifecycle = createLifecycle({ db, deployment: { layers: deployment.stack }, models })
  orgStates = createOrgStates({ db, models })
  for (const id of [orgId, otherOrg]) {
    await db.query(id, {
      text: 'insert into tenant.org_state (org_id, name, slug) values ($1, $2, $3)',
      values: [id, 'Acme', id],
    })
  }
})
afterAll(async () => {
  await db.close()
  await test.drop()
})

const change = (plugin: string, state: 'enabled' | 'disabled' | 'suspended' | 'archived') =>
  lifecycle.change(orgId, plugin, { state, reason: 'A test' }, ada)

it('has every plugin of the checkout enabled until the organisation says otherwise', async () => {
  const plugins = await lifecycle.list(orgId)
  expect(plugins.map(({ id, state }) => `${id} ${state}`)).toEqual([
    'crm.accounts enabled',
    'crm.leads enabled',
    'platform.fields enabled',
  ])
  expect(plugins[0]?.neededBy).toEqual(['crm.leads'])
})

it('takes a disabled plugin, and what needs it, out of the model at the next epoch', async () => {
  const { epoch } = await change('crm.accounts', 'disabled')
  const state = await orgStates.get(orgId, epoch)
  expect(state.model.layers).toEqual(['kernel', 'platform.fields'])
  expect((await orgStates.get(otherOrg)).model).toBe(deployment)
  expect((await lifecycle.list(orgId))[0]).toMatchObject({ state: 'disabled', reason: 'A test' })
  const back = await change('crm.accounts', 'enabled')
  expect((await orgStates.get(orgId, back.epoch)).model).toBe(deployment)
})

it('refuses what cannot follow, what is unknown, and enabling before what it needs', async () => {
  await expect(change('crm.leads', 'archived')).rejects.toBeInstanceOf(StateConflictError)
  await expect(change('crm.deals', 'disabled')).rejects.toBeInstanceOf(NotFoundError)
  await expect(change('kernel', 'disabled')).rejects.toBeInstanceOf(NotFoundError)
  await change('crm.accounts', 'disabled')
  await change('crm.leads', 'disabled')
  await expect(change('crm.leads', 'enabled')).rejects.toThrow('Enable crm.accounts first.')
})
