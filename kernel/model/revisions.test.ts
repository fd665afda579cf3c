import { DraftConflictError, InvalidError, NotFoundError, PlanStaleError } from '@runwaycrm/sdk'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../tests/setup/test-database.ts'
import { baseLayers, manifest } from '../../tests/setup/test-layers.ts'
import { createDatabase, type Database } from '../database/postgres.ts'
import { uuidv7 } from '../database/uuid.ts'
import { composeModel } from './compose-model.ts'
import { createOrgStates, type OrgStates } from './model-cache.ts'
import { createOrgModels } from './org-models.ts'
import { createPackages, type Packages } from './packages.ts'
import { createRevisions, type Published, type Revisions } from './revisions.ts'

const ada = { type: 'user', id: 'ada', name: 'Ada' } as const
const bob = { type: 'user', id: 'bob', name: 'Bob' } as const
const target = 'crm.leads:lead'
const models = createOrgModels(composeModel(baseLayers))

let test: TestDatabase
let db: Database
let orgStates: OrgStates
let revisions: Revisions
let packages: Packages
let orgId: string
let nowMs = 0
let counts: Record<string, number> = {}
const published: Published[] = []

beforeAll(async () => {
  test = await createTestDatabase()
  db = createDatabase({ url: test.serverUrl, secretKey: test.secretKey })
  orgStates = createOrgStates({ db, models, now: () => nowMs })
  let n = 0
  revisions = createRevisions({
    db,
    models,
    countWhere: async (_org, entity, filter) =>
      counts[`${entity.key} ${JSON.stringify(filter)}`] ?? 0,
    newStorageId: () => `f_${++n}`,
    onPublished: (event) => published.push(event),
  })
  packages = createPackages({ db, models })
})
afterAll(async () => {
  await db.close()
  await test.drop()
})
beforeEach(async () => {
  orgId = await newOrg()
  counts = {}
  published.length = 0
})

async function newOrg(): Promise<string> {
  const id = uuidv7()
  await db.query(id, {
    text: 'insert into tenant.org_state (org_id, name, slug) values ($1, $2, $3)',
    values: [id, 'Acme', `acme-${id}`],
  })
  return id
}

const budget = { entity: target, field: { type: 'number', label: 'Budget', required: true } }
const addBudget = { op: 'set', path: ['fields', 'budget'], value: budget } as const
const callIt = (value: string, from: string) =>
  ({ op: 'set', target, path: ['label'], from, value }) as const

async function publish(message = 'x'): Promise<number> {
  const { hash } = await revisions.plan(orgId)
  return (await revisions.publish(orgId, { hash, message }, ada)).revision
}

const storageOf = async () => {
  const { model } = await orgStates.get(orgId)
  const storage = model.entities.get(target)?.fields.get('budget')?.storage
  return storage?.in === 'custom' ? storage.id : undefined
}

const labelOf = async () =>
  (await orgStates.get(orgId)).model.entities.get(target)?.definition.label

describe('the draft', () => {
  it('is what is published until somebody edits it', async () => {
    const draft = await revisions.draft(orgId)
    expect(draft).toMatchObject({ revision: 0, changed: false, review: [] })
    const edited = await revisions.edit(orgId, [callIt('Prospect', 'Lead')], ada)
    expect(edited.changed).toBe(true)
    expect(await labelOf()).toBe('Lead')
    const model = await orgStates.draft(orgId)
    expect(model.entities.get(target)?.definition.label).toBe('Prospect')
    await revisions.discard(orgId, ada)
    expect(await revisions.draft(orgId)).toEqual(draft)
    expect((await orgStates.draft(orgId)).hash).toBe((await orgStates.get(orgId)).model.hash)
  })

  it('lets two admins work side by side, and stops only who would overwrite the other', async () => {
    await Promise.all([
      revisions.edit(orgId, [callIt('Prospect', 'Lead')], ada),
      revisions.edit(orgId, [addBudget], bob),
    ])
    const error = await revisions
      .edit(orgId, [callIt('Enquiry', 'Lead'), { ...addBudget, from: budget }], bob)
      .catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(DraftConflictError)
    expect((error as InstanceType<typeof DraftConflictError>).extra).toEqual({
      conflicts: [{ index: 0, target, path: ['label'], from: 'Lead', now: 'Prospect' }],
    })
    const { document } = await revisions.draft(orgId)
    expect(document.contributes).toEqual({ fields: { budget } })
    expect(document.overrides).toHaveLength(1)
  })

  it('keeps all operations or none, and tells everything that is wrong', async () => {
    const error = await revisions
      .edit(
        orgId,
        [
          addBudget,
          { op: 'set', path: ['roles', 'guest'], value: { rules: {} } },
          { op: 'set', target, path: ['fields', 'score', 'min'], from: 0, value: -1 },
        ],
        ada,
      )
      .catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(InvalidError)
    expect((error as InstanceType<typeof InvalidError>).errors).toMatchObject([
      { path: 'roles/guest/label', code: 'REQUIRED' },
      { path: `overrides/entities/${target}/fields/score/min`, code: 'OUT_OF_RANGE' },
    ])
    expect((await revisions.draft(orgId)).changed).toBe(false)
  })

  it.each([
    ['no list', {}],
    ['an unknown operation', [{ op: 'move', path: ['a'] }]],
    ['an empty path', [{ op: 'set', path: [], value: 1 }]],
    ['a path of numbers', [{ op: 'set', path: [1], value: 1 }]],
  ])('refuses %s', async (_name, operations) => {
    await expect(revisions.edit(orgId, operations as never, ada)).rejects.toBeInstanceOf(
      InvalidError,
    )
  })
})

describe('plan and publish', () => {
  it('says in plain words what would change, the worst first, with counts', async () => {
    counts = { 'lead {}': 214, 'lead {"status":{"$eq":"lost"}}': 1 }
    await revisions.edit(
      orgId,
      [
        addBudget,
        callIt('Prospect', 'Lead'),
        {
          op: 'set',
          target,
          path: ['fields', 'status', 'options', 'lost'],
          from: { order: 3 },
          value: null,
        },
      ],
      ada,
    )
    const { items } = await revisions.plan(orgId)
    expect(items.map(({ severity, text }) => `${severity}: ${text}`)).toEqual([
      'destructive: 1 prospect has the option "lost" of Status, which goes away: the value stays and is shown as "lost", but nobody can choose it again.',
      'breaking: Adds the field "Budget" to leads. 214 leads have no Budget.',
      'safe: Calls "Lead" from now on "Prospect".',
    ])
    expect(items[1]).toMatchObject({
      path: `entities/${target}/fields/budget`,
      affects: [{ entity: target, records: 214 }],
    })
  })

  it('makes a revision, raises the epoch and tells it', async () => {
    const before = await orgStates.get(orgId)
    await revisions.edit(orgId, [callIt('Prospect', 'Lead')], ada)
    expect(await publish('Our words')).toBe(1)
    expect(published).toEqual([{ orgId, revision: 1, epoch: before.epoch + 1 }])
    const after = await orgStates.get(orgId, before.epoch + 1)
    expect(after).toMatchObject({ revision: 1, epoch: before.epoch + 1 })
    expect(after.model.entities.get(target)?.definition.label).toBe('Prospect')
    expect(await revisions.list(orgId)).toMatchObject([
      { revision: 1, message: 'Our words', author: ada, restores: null },
    ])
    expect((await revisions.draft(orgId)).changed).toBe(false)
  })

  it('refuses a plan that somebody changed meanwhile', async () => {
    await revisions.edit(orgId, [callIt('Prospect', 'Lead')], ada)
    const { hash } = await revisions.plan(orgId)
    await revisions.edit(orgId, [addBudget], bob)
    await expect(revisions.publish(orgId, { hash, message: '' }, ada)).rejects.toBeInstanceOf(
      PlanStaleError,
    )
    expect(await revisions.list(orgId)).toEqual([])
  })

  it('takes a plan in spite of an index that was completed meanwhile', async () => {
    const indexed = { ...budget, field: { ...budget.field, indexed: true } }
    await revisions.edit(orgId, [{ ...addBudget, value: indexed }], ada)
    await publish()
    await revisions.edit(orgId, [callIt('Prospect', 'Lead')], ada)
    const { hash } = await revisions.plan(orgId)
    const before = await orgStates.draft(orgId)
    await db.query(orgId, {
      text: `insert into tenant.slot_fill (org_id, entity, slot, storage_id, is_ready) values ($1, $2, 'f1', $3, true)`,
      values: [orgId, target, await storageOf()],
    })
    expect((await orgStates.draft(orgId)).hash).not.toBe(before.hash)
    expect(await revisions.publish(orgId, { hash, message: '' }, ada)).toEqual({ revision: 2 })
  })

  it('publishes a plan once, however many press the button', async () => {
    await revisions.edit(orgId, [callIt('Prospect', 'Lead')], ada)
    const { hash } = await revisions.plan(orgId)
    const results = await Promise.allSettled(
      [ada, bob, ada].map((actor) => revisions.publish(orgId, { hash, message: '' }, actor)),
    )
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(await revisions.list(orgId)).toHaveLength(1)
  })

  it('never changes a revision, not even for the server', async () => {
    await revisions.edit(orgId, [addBudget], ada)
    await publish()
    const change = { text: 'update tenant.layer_revision set message = $1', values: ['other'] }
    await expect(db.query(orgId, change)).rejects.toThrow('permission denied')
  })
})

describe('storage ids', () => {
  it('stay with a field, and a new field of the same key gets another', async () => {
    await revisions.edit(orgId, [addBudget], ada)
    await publish()
    nowMs += 2_000
    const first = await storageOf()
    expect(first).toMatch(/^f_\d+$/)
    await revisions.edit(orgId, [callIt('Prospect', 'Lead')], ada)
    await publish()
    nowMs += 2_000
    expect(await storageOf()).toBe(first)

    counts = { 'lead {"budget":{"$exists":true}}': 3 }
    await revisions.edit(orgId, [{ op: 'unset', path: ['fields', 'budget'], from: budget }], ada)
    expect((await revisions.plan(orgId)).items).toMatchObject([
      {
        severity: 'destructive',
        text: 'Removes the field "Budget" from leads. 3 leads have a value in it, which can no longer be reached.',
      },
    ])
    const removed = await publish()
    await revisions.edit(orgId, [addBudget], ada)
    await publish()
    nowMs += 2_000
    expect(await storageOf()).not.toBe(first)

    await revisions.rollback(orgId, removed - 1, ada)
    nowMs += 2_000
    expect(await storageOf()).toBe(first)
  })
})

describe('roll back', () => {
  it('publishes an older document as a new revision and leaves the draft alone', async () => {
    await revisions.edit(orgId, [callIt('Prospect', 'Lead')], ada)
    await publish()
    await revisions.edit(orgId, [callIt('Enquiry', 'Prospect')], ada)
    await publish()
    await revisions.edit(orgId, [addBudget], bob)
    expect(await revisions.rollback(orgId, 1, bob)).toEqual({ revision: 3 })
    nowMs += 2_000
    expect(await labelOf()).toBe('Prospect')
    expect((await revisions.list(orgId))[0]).toMatchObject({
      revision: 3,
      restores: 1,
      author: bob,
    })
    expect((await revisions.draft(orgId)).document.contributes).toEqual({ fields: { budget } })
    expect(await revisions.document(orgId, 2)).toMatchObject({ overrides: [{ to: 'Enquiry' }] })
    await expect(revisions.rollback(orgId, 9, bob)).rejects.toBeInstanceOf(NotFoundError)
  })
})

describe('the cache of states', () => {
  it('answers from memory, looks again when it must, and never for another organisation', async () => {
    const other = await newOrg()
    const state = await orgStates.get(orgId)
    expect(await orgStates.get(orgId)).toBe(state)
    expect(state.org).toMatchObject({ id: orgId, name: 'Acme', currency: 'USD', timeZone: 'UTC' })
    await revisions.edit(orgId, [callIt('Prospect', 'Lead')], ada)
    await publish()
    expect((await orgStates.get(orgId)).revision).toBe(0)
    expect((await orgStates.get(orgId, state.epoch + 1)).revision).toBe(1)
    expect((await orgStates.get(other)).model.entities.get(target)?.definition.label).toBe('Lead')
    await expect(orgStates.get(uuidv7())).rejects.toBeInstanceOf(NotFoundError)
  })

  it('notices by itself within a second what nobody told it', async () => {
    await orgStates.get(orgId)
    await revisions.edit(orgId, [callIt('Prospect', 'Lead')], ada)
    await publish()
    nowMs += 1_001
    expect(await labelOf()).toBe('Prospect')
  })

  it('shares one model between organisations with equal layers', async () => {
    const states = []
    for (let i = 0; i < 2; i++) {
      orgId = await newOrg()
      await revisions.edit(orgId, [callIt('Prospect', 'Lead')], ada)
      await publish()
      states.push(await orgStates.get(orgId))
    }
    expect(states[0]?.model).toBe(states[1]?.model)
  })

  it('stays within its bytes, the least recently used leaving first', async () => {
    const small = createOrgStates({ db, models, maxBytes: 5_000, now: () => nowMs })
    const orgs = [await newOrg(), await newOrg(), await newOrg()] as const
    await small.get(orgs[0])
    await small.get(orgs[1])
    await small.get(orgs[0])
    await small.get(orgs[2])
    expect(small.stats.orgs).toBe(2)
    expect(small.stats.bytes).toBeLessThanOrEqual(5_000)
  })
})

describe('packages', () => {
  const pack = (label: string, version = '1.0.0') =>
    manifest('acme.pack', {
      tier: 'declarative',
      version,
      requires: { 'crm.leads': '^1.0.0' },
      contributes: { roles: { guest: { label, rules: {} } } },
      overrides: [{ point: 'entities', target, path: ['label'], from: 'Lead', to: label }],
    })

  it('stand between the plugins and the own layer', async () => {
    await packages.install(orgId, pack('Caller'), ada)
    nowMs += 2_000
    const { model } = await orgStates.get(orgId)
    expect(model.layers.at(-1)).toBe('acme.pack')
    expect(model.roles.get('acme.pack:guest')?.definition.label).toBe('Caller')
    expect(await packages.list(orgId)).toMatchObject([{ id: 'acme.pack', version: '1.0.0' }])
    await revisions.edit(orgId, [callIt('Visitor', 'Caller')], ada)
    await publish()
    nowMs += 2_000
    expect(await labelOf()).toBe('Visitor')
  })

  it('are upgraded in spite of overrides, which come back for review and are not lost', async () => {
    await packages.install(orgId, pack('Caller'), ada)
    await revisions.edit(orgId, [callIt('Visitor', 'Caller')], ada)
    await publish()
    const { review } = await packages.install(orgId, pack('Stranger', '1.1.0'), ada)
    expect(review).toMatchObject([{ fate: 'review', theirs: 'Stranger' }])
    nowMs += 2_000
    expect(await labelOf()).toBe('Visitor')
    expect((await revisions.draft(orgId)).review).toHaveLength(1)
    await packages.remove(orgId, 'acme.pack')
    nowMs += 2_000
    expect(await labelOf()).toBe('Visitor')
  })

  it.each([
    ['code', { ...pack('x'), tier: 'trusted' }],
    ['a missing requirement', { ...pack('x'), requires: { 'crm.deals': '*' } }],
    ['what it does not declare', { ...pack('x'), requires: {} }],
    ['something else altogether', 'text'],
  ])('are refused with %s', async (_name, document) => {
    await expect(packages.install(orgId, document, ada)).rejects.toBeInstanceOf(InvalidError)
    expect(await packages.list(orgId)).toEqual([])
  })
})
