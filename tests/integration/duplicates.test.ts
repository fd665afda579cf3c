import path from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { joinOrg } from '../setup/join-org.ts'
import { type Caller, startApp, type TestApp } from '../setup/test-app.ts'

let app: TestApp
let org: Caller
let rep: Caller & { readonly userId: string }

beforeAll(async () => {
  app = await startApp({}, [path.resolve(import.meta.dirname, '../fixtures/links')])
  org = await app.signUp({ orgName: 'Twice' })
  rep = await joinOrg(app, org, 'platform.people:rep')
})
afterAll(() => app?.stop())

interface Entry extends Readonly<Record<string, unknown>> {
  readonly id: string
  readonly version: number
}
interface Group {
  readonly score: number
  readonly records: readonly { readonly id: string; readonly title: string }[]
  readonly reasons: readonly { readonly field: string; readonly points: number }[]
}

async function make(plural: string, fields: object, who: Caller = org): Promise<Entry> {
  const answer = await who.call('POST', `/${plural}`, fields)
  expect(answer.body && answer.statusCode).toBe(201)
  return answer.json<Entry>()
}
async function read(plural: string, id: string): Promise<Entry> {
  const answer = await org.call('GET', `/${plural}/${id}`)
  expect(answer.body && answer.statusCode).toBe(200)
  return answer.json<Entry>()
}
const run = (action: string, input: object, who: Caller = org) =>
  who.call('POST', `/actions/platform.duplicates:${action}`, { input })
async function find(input: object, who: Caller = org) {
  const answer = await run('find_duplicates', input, who)
  expect(answer.body && answer.statusCode).toBe(200)
  return answer.json<{ output: { groups: Group[]; compared: number; complete: boolean } }>().output
}
async function merge(input: object, who: Caller = org) {
  const answer = await run('merge_records', input, who)
  expect(answer.body && answer.statusCode).toBe(200)
  return answer.json<{
    output: { id: string; merged: number; repointed: number; fields: string[] }
  }>().output
}
async function lastChange(plural: string, id: string): Promise<string> {
  const { data } = (await org.call('GET', `/${plural}/${id}/history`)).json<{
    data: { changeId: string }[]
  }>()
  return data[0]?.changeId ?? ''
}
const idsOf = (groups: readonly Group[]) => groups.map((group) => group.records.map(({ id }) => id))

/** Names apart from all other tests, so that each finds its own. */
let names = 0
const surname = () => `Qz${'abcdefghijklmnop'[names++ % 16]}x${names}v`

describe('find_duplicates', () => {
  it('groups what has the same email, phone or nearly the same name, and says why', async () => {
    const name = surname()
    const a = await make('leads', { name: `Jörg ${name}`, email: `${name}+news@dup.test` })
    const b = await make('leads', { name: `Jorg ${name}`, email: `${name}@dup.test` })
    const c = await make('leads', { name: 'Somebody', phone: '+4722334455', company: 'Fjord AS' })
    const d = await make('leads', { name: 'Else', phone: '+4722334455', company: 'fjord' })
    await make('leads', { name: 'Alone', email: 'alone@dup.test' })
    const { groups, complete } = await find({ entity: 'leads' })
    expect(complete).toBe(true)
    expect(idsOf(groups)).toEqual([
      [a.id, b.id],
      [c.id, d.id],
    ])
    expect(groups[0]).toMatchObject({
      score: 100,
      reasons: [
        { field: 'email', points: 70 },
        { field: 'name', points: 45 },
      ],
    })
    expect(groups[1]).toMatchObject({ score: 70 })
    const like = await find({ entity: 'leads', recordId: b.id })
    expect(idsOf(like.groups)).toEqual([[a.id, b.id]])
    const some = await find({ entity: 'crm.leads:lead', filter: { id: { $in: [a.id, c.id] } } })
    expect(some).toMatchObject({ groups: [], compared: 2 })
  })

  it('compares only what the caller may see', async () => {
    const name = surname()
    const mine = await make('leads', { name, email: `${name}@seen.test`, ownerId: rep.userId })
    const stranger = await joinOrg(app, org, 'platform.people:editor')
    const hidden = { name, email: `${name}@seen.test`, ownerId: stranger.userId }
    const { id } = await make('leads', hidden)
    const { groups } = await find({ entity: 'leads', recordId: mine.id }, rep)
    expect(groups).toEqual([])
    expect(idsOf((await find({ entity: 'leads', recordId: mine.id })).groups)).toEqual([
      [mine.id, id],
    ])
    expect((await run('find_duplicates', { entity: 'leads', recordId: id }, rep)).statusCode).toBe(
      404,
    )
  })

  it('says what is wrong with the question', async () => {
    const codes = async (input: object) => (await run('find_duplicates', input)).json()
    expect(await codes({ entity: 'nothing' })).toMatchObject({ status: 422, code: 'INVALID' })
    expect(await codes({ entity: 'users' })).toMatchObject({ status: 422, code: 'INVALID' })
    expect(await codes({ entity: 'offices' })).toMatchObject({ status: 422, code: 'INVALID' })
    expect(await codes({ entity: 'leads', filter: { nope: 1 } })).toMatchObject({ status: 400 })
  })
})

/** Two accounts with everything that can lead to them. */
async function twins() {
  const name = surname()
  const keep = await make('accounts', { name, country: 'Norway' })
  const gone = await make('accounts', { name, country: 'Sweden', industry: 'software' })
  const child = await make('accounts', { name: `${name} child`, parentId: gone.id })
  const contact = await make('contacts', { lastName: name, accountId: gone.id })
  const project = await make('projects', { name, accountId: gone.id })
  const call = await make('activities', {
    type: 'call',
    subject: name,
    about: { entity: 'accounts', id: gone.id },
  })
  return { keep, gone, child, contact, project, call }
}

describe('merge_records', () => {
  it('makes one of two: values, relations, references; and takes it all back', async () => {
    const { keep, gone, child, contact, project, call } = await twins()
    const merged = await merge({ entity: 'accounts', keepId: keep.id, otherIds: [gone.id] })
    expect(merged).toMatchObject({ id: keep.id, merged: 1, repointed: 4, fields: ['industry'] })
    expect(await read('accounts', keep.id)).toMatchObject({
      country: 'Norway',
      industry: 'software',
    })
    expect((await org.call('GET', `/accounts/${gone.id}`)).statusCode).toBe(404)
    expect(await read('accounts', child.id)).toMatchObject({ parentId: keep.id })
    expect(await read('contacts', contact.id)).toMatchObject({ accountId: keep.id })
    expect(await read('projects', project.id)).toMatchObject({ accountId: keep.id })
    expect(await read('activities', call.id)).toMatchObject({
      about: { entity: 'accounts', id: keep.id },
    })

    const change = await lastChange('accounts', keep.id)
    const reverted = await org.call('POST', `/changes/${change}/revert`, {})
    expect(reverted.json()).toMatchObject({ reverted: 6, conflicts: [] })
    expect(await read('accounts', keep.id)).toMatchObject({ industry: null })
    expect(await read('accounts', gone.id)).toMatchObject({ country: 'Sweden' })
    expect(await read('accounts', child.id)).toMatchObject({ parentId: gone.id })
    expect(await read('contacts', contact.id)).toMatchObject({ accountId: gone.id })
    expect(await read('activities', call.id)).toMatchObject({
      about: { entity: 'accounts', id: gone.id },
    })
  })

  it('takes chosen values, puts lists together and keeps each record once in lists', async () => {
    const [a, b, c] = [
      await make('contacts', { lastName: 'A' }),
      await make('contacts', { lastName: 'B' }),
      await make('contacts', { lastName: 'C' }),
    ]
    const both = await make('projects', { name: 'Both', contactIds: [a.id, c.id, b.id] })
    const other = await make('projects', { name: 'Other', contactIds: [b.id] })
    await merge({
      entity: 'contacts',
      keepId: a.id,
      otherIds: [b.id],
      choices: { lastName: b.id },
    })
    expect(await read('contacts', a.id)).toMatchObject({ lastName: 'B' })
    expect(await read('projects', both.id)).toMatchObject({ contactIds: [a.id, c.id] })
    expect(await read('projects', other.id)).toMatchObject({ contactIds: [a.id] })

    const force = await make('task-forces', { name: 'T', projectIds: [both.id, other.id] })
    await merge({ entity: 'projects', keepId: other.id, otherIds: [both.id] })
    expect(await read('projects', other.id)).toMatchObject({ contactIds: [a.id, c.id] })
    expect(await read('task-forces', force.id)).toMatchObject({ projectIds: [other.id] })
    const change = await lastChange('projects', other.id)
    await org.call('POST', `/changes/${change}/revert`, {})
    expect(await read('task-forces', force.id)).toMatchObject({ projectIds: [both.id, other.id] })
    expect(await read('projects', other.id)).toMatchObject({ contactIds: [a.id] })
  })

  it('moves a unique value, and gives it back', async () => {
    const keep = await make('opportunities', { name: 'Keep' })
    const gone = await make('opportunities', { name: 'Gone', externalId: surname() })
    await merge({ entity: 'opportunities', keepId: keep.id, otherIds: [gone.id] })
    expect(await read('opportunities', keep.id)).toMatchObject({ externalId: gone['externalId'] })
    const change = await lastChange('opportunities', keep.id)
    const reverted = await org.call('POST', `/changes/${change}/revert`, {})
    expect(reverted.json()).toMatchObject({ reverted: 2, conflicts: [] })
    expect(await read('opportunities', gone.id)).toMatchObject({ externalId: gone['externalId'] })
    expect(await read('opportunities', keep.id)).toMatchObject({ externalId: null })
  })

  it('clears what would lead to itself', async () => {
    const gone = await make('accounts', { name: surname() })
    const keep = await make('accounts', { name: surname(), parentId: gone.id })
    await merge({ entity: 'accounts', keepId: keep.id, otherIds: [gone.id] })
    expect(await read('accounts', keep.id)).toMatchObject({ parentId: null })
  })

  it('lets one of two merges at once through, and tells the other 409', async () => {
    const { keep, gone } = await twins()
    const third = await make('accounts', { name: surname() })
    // Both have seen the record that goes before either may take it.
    const holder = new pg.Client({ connectionString: app.database.adminUrl })
    await holder.connect()
    await holder.query('begin')
    await holder.query('select 1 from tenant.crm_accounts_account where id = $1 for update', [
      gone.id,
    ])
    const merging = Promise.all([
      run('merge_records', { entity: 'accounts', keepId: keep.id, otherIds: [gone.id] }),
      run('merge_records', { entity: 'accounts', keepId: third.id, otherIds: [gone.id] }),
    ])
    const held = async () => {
      const { rows } = await holder.query(
        `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      )
      return rows.length
    }
    await expect.poll(held, { interval: 5 }).toBe(2)
    await holder.end()
    const answers = await merging
    expect(answers.map((answer) => answer.statusCode).sort()).toEqual([200, 409])
  })

  it('names what was edited since when it is taken back, and takes back the rest when asked', async () => {
    const { keep, gone, contact } = await twins()
    await merge({ entity: 'accounts', keepId: keep.id, otherIds: [gone.id] })
    const change = await lastChange('accounts', keep.id)
    const elsewhere = await make('accounts', { name: surname() })
    await org.call('PATCH', `/contacts/${contact.id}`, { accountId: elsewhere.id })
    const stopped = await org.call('POST', `/changes/${change}/revert`, {})
    expect(stopped.statusCode).toBe(409)
    expect(stopped.json()).toMatchObject({
      code: 'CHANGE_CONFLICT',
      conflicts: [
        {
          entity: 'contacts',
          id: contact.id,
          field: 'accountId',
          then: keep.id,
          now: elsewhere.id,
        },
      ],
    })
    expect((await org.call('GET', `/accounts/${gone.id}`)).statusCode).toBe(404)
    const skipped = await org.call('POST', `/changes/${change}/revert`, { onConflict: 'skip' })
    expect(skipped.json()).toMatchObject({ skipped: 1 })
    expect((await org.call('GET', `/accounts/${gone.id}`)).statusCode).toBe(200)
    expect(await read('contacts', contact.id)).toMatchObject({ accountId: elsewhere.id })
  })

  it('needs the right to change and to delete all that it takes, and changes nothing without', async () => {
    const own = { ownerId: rep.userId }
    const keep = await make('accounts', { name: surname(), ...own })
    const gone = await make('accounts', { name: surname(), ...own })
    const stranger = await joinOrg(app, org, 'platform.people:editor')
    const theirs = await make('contacts', {
      lastName: 'Theirs',
      accountId: gone.id,
      ownerId: stranger.userId,
    })
    const input = { entity: 'accounts', keepId: keep.id, otherIds: [gone.id] }
    const refused = await run('merge_records', input, rep)
    expect(refused.statusCode).toBe(403)
    expect(refused.body).not.toContain(theirs.id)
    expect(await read('accounts', gone.id)).toMatchObject({ version: gone.version })
    expect(await read('contacts', theirs.id)).toMatchObject({ accountId: gone.id })
    await org.call('PATCH', `/contacts/${theirs.id}`, own)
    expect((await run('merge_records', input, rep)).statusCode).toBe(200)

    const foreign = await make('accounts', { name: surname(), ownerId: null })
    const reader = await run(
      'merge_records',
      { entity: 'accounts', keepId: keep.id, otherIds: [foreign.id] },
      rep,
    )
    expect(reader.statusCode).toBe(403)
  })

  it('says what is wrong with the input, and hides what is hidden', async () => {
    const a = await make('accounts', { name: surname() })
    const b = await make('accounts', { name: surname() })
    const merged = (input: object, who: Caller = org) =>
      run('merge_records', { entity: 'accounts', keepId: a.id, otherIds: [b.id], ...input }, who)
    expect((await merged({ otherIds: [a.id] })).statusCode).toBe(422)
    expect((await merged({ choices: { nope: a.id } })).statusCode).toBe(422)
    expect((await merged({ choices: { name: uuid } })).statusCode).toBe(422)
    expect((await merged({ otherIds: [uuid] })).statusCode).toBe(404)
    const other = await app.createOrg()
    expect((await merged({}, other)).statusCode).toBe(404)
    expect(await read('accounts', b.id)).toMatchObject({ version: 1 })
  })
})

const uuid = '01a21472-aeb3-7521-befb-59aa9338c6cf'
