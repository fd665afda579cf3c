import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Caller, startApp, type TestApp } from '../setup/test-app.ts'

/** An organisation comes back to a copy of itself, in full or in part, and nobody else notices. */
let app: TestApp
let acme: Caller
let other: Caller

beforeAll(async () => {
  app = await startApp()
  acme = await app.createOrg({ name: 'Acme' })
  other = await app.createOrg({ name: 'Other' })
})
afterAll(() => app.stop())

type Data = Record<string, unknown> & { id: string }

async function run(action: string, input: object, who = acme) {
  const answer = await who.call('POST', `/actions/platform.snapshots:${action}`, { input })
  expect(answer.statusCode, answer.body).toBe(200)
  return answer.json().output
}

async function settled(id: string): Promise<Data> {
  return expect
    .poll(async () => (await acme.call('GET', `/snapshots/${id}`)).json<Data>())
    .toMatchObject({ status: expect.stringMatching(/ready|failed/) })
    .then(async () => (await acme.call('GET', `/snapshots/${id}`)).json())
}

async function take(input: object = {}): Promise<Data> {
  const { id } = await run('take', input)
  const snapshot = await settled(id)
  expect(snapshot['status'], String(snapshot['outcome'])).toBe('ready')
  return snapshot
}

async function restored(input: { id: string } & Record<string, unknown>): Promise<Data> {
  await run('restore', input)
  return settled(input.id)
}

const made = async (plural: string, values: object, who = acme): Promise<Data> => {
  const answer = await who.call('POST', `/${plural}`, values)
  expect(answer.statusCode, answer.body).toBe(201)
  return answer.json()
}

/** All that somebody wrote, whoever wrote it when. */
async function valuesOf(plural: string, who = acme): Promise<object[]> {
  const { data } = (await who.call('GET', `/${plural}?sort=id&limit=200`)).json<{ data: Data[] }>()
  return data.map(({ version, updatedAt, updatedBy, ...values }) => values)
}

describe('a snapshot', () => {
  let snapshot: Data
  let before: object[]
  let theirs: object[]
  let changed: Data
  let gone: Data

  it('is a copy of what is there, taken in the background', async () => {
    const account = await made('accounts', { name: 'Globex' })
    changed = await made('leads', { name: 'Ada', score: 10, notes: 'First' })
    gone = await made('leads', { name: 'Bo' })
    await made('contacts', { lastName: 'Cy', accountId: account.id, email: 'cy@example.test' })
    await made('opportunities', {
      name: 'Boat',
      externalId: 'X-1',
      value: '100',
      accountId: account.id,
    })
    await made('leads', { name: 'Theirs' }, other)
    before = await valuesOf('leads')
    theirs = await valuesOf('leads', other)
    snapshot = await take({ name: 'Monday' })
    expect(snapshot).toMatchObject({ name: 'Monday', origin: 'person', revision: 0 })
    expect(snapshot['counts']).toMatchObject({ 'crm.leads:lead': 2, 'crm.contacts:contact': 1 })
    expect(snapshot['counts']).not.toHaveProperty('kernel:user')
  })

  it('says what would change, and brings all of it back as one change that can be taken back', async () => {
    await acme.call('PATCH', `/leads/${changed.id}`, { score: 90, notes: null })
    await acme.call('DELETE', `/leads/${gone.id}`)
    await made('leads', { name: 'New' })
    const now = await valuesOf('leads')
    expect(await run('preview', { id: snapshot.id, entities: ['leads'] })).toEqual({
      objects: [{ object: 'Leads', changed: 1, deleted: 1, added: 1, same: 0 }],
      revision: { then: 0, now: 0 },
    })
    expect(await valuesOf('leads')).toEqual(now)
    const { outcome } = await restored({ id: snapshot.id })
    expect(outcome).toBe('1 set back, 1 brought back, 1 deleted.')
    expect(await valuesOf('leads')).toEqual(before)
    expect(await valuesOf('leads', other)).toEqual(theirs)
    expect((await run('preview', { id: snapshot.id })).objects).toEqual([])
    const { data } = (await acme.call('GET', `/leads/${changed.id}/history`)).json()
    const reverted = await acme.call('POST', `/changes/${data[0].changeId}/revert`, {})
    expect(reverted.json(), reverted.body).toMatchObject({ reverted: 3 })
    expect(await valuesOf('leads')).toEqual(now)
  })

  it('brings back one object and leaves the others, and keeps what is new when it is told to', async () => {
    const [account] = await valuesOf('accounts')
    await acme.call('PATCH', `/accounts/${(account as Data).id}`, { name: 'Initech' })
    await restored({ id: snapshot.id, entities: ['leads'], added: 'keep' })
    const names = (await valuesOf('leads')).map((lead) => (lead as Data)['name'])
    expect(names.sort()).toEqual(['Ada', 'Bo', 'New'])
    expect(await valuesOf('accounts')).toMatchObject([{ name: 'Initech' }])
    const wrong = { input: { id: snapshot.id, entities: ['users', 'nothing'] } }
    const answer = await acme.call('POST', '/actions/platform.snapshots:restore', wrong)
    expect(answer.json().errors).toMatchObject([
      { path: 'input.entities[0]', code: 'UNKNOWN_OPTION' },
      { path: 'input.entities[1]', code: 'UNKNOWN_OPTION' },
    ])
  })

  it('gives a unique value back to the record that had it', async () => {
    const [deal] = (await valuesOf('opportunities')) as Data[]
    await acme.call('DELETE', `/opportunities/${deal!.id}`)
    await made('opportunities', { name: 'Thief', externalId: 'X-1' })
    const { outcome } = await restored({ id: snapshot.id })
    expect(outcome).toContain('1 brought back')
    expect(await valuesOf('opportunities')).toMatchObject([{ id: deal!.id, externalId: 'X-1' }])
  })

  it('brings back what admins built as well, as a new revision', async () => {
    const field = { entity: 'crm.leads:lead', field: { type: 'text', label: 'Berth' } }
    await acme.call('PATCH', '/studio/draft', {
      ops: [{ op: 'set', path: ['fields', 'berth'], value: field }],
    })
    const { hash } = (await acme.call('POST', '/studio/plan')).json()
    await acme.call('POST', '/studio/publish', { hash, message: 'Berths' })
    await acme.call('PATCH', `/leads/${changed.id}`, { berth: 'A1' })
    const later = await take({ name: 'With berths' })
    const removal = [{ op: 'unset', path: ['fields', 'berth'], from: field }]
    await acme.call('PATCH', '/studio/draft', { ops: removal })
    const plan = (await acme.call('POST', '/studio/plan')).json()
    await acme.call('POST', '/studio/publish', { hash: plan.hash, message: 'No berths' })
    expect((await acme.call('GET', `/leads/${changed.id}`)).json()).not.toHaveProperty('berth')
    expect((await run('preview', { id: later.id })).revision).toEqual({ then: 1, now: 2 })
    await restored({ id: later.id, layer: true })
    expect((await acme.call('GET', `/leads/${changed.id}`)).json()).toMatchObject({ berth: 'A1' })
    const { data } = (await acme.call('GET', '/studio/revisions')).json()
    expect(data[0]).toMatchObject({ revision: 3, restores: 1 })
  })

  it('is for admins, and for one thing at a time', async () => {
    const editor = await app.createKey(acme.orgId, { role: 'editor' })
    for (const action of ['take', 'restore']) {
      const input = action === 'take' ? {} : { id: snapshot.id }
      const answer = await editor.call('POST', `/actions/platform.snapshots:${action}`, { input })
      expect([403, 422]).toContain(answer.statusCode)
    }
    const { id } = await run('take', {})
    const early = await acme.call('POST', '/actions/platform.snapshots:restore', { input: { id } })
    expect([409, 200]).toContain(early.statusCode)
    if (early.statusCode === 409) expect(early.json().detail).toBe('It is still being taken.')
    await settled(id)
  })

  it('forgets a person with everything else that knows them', async () => {
    const person = await made('contacts', { lastName: 'Zebedee', email: 'zebedee@example.test' })
    const { id } = await take({ entities: ['contacts'] })
    const input = { entity: 'crm.contacts:contact', id: person.id }
    const answer = await acme.call('POST', '/actions/platform.people:erase_person', { input })
    expect(answer.statusCode, answer.body).toBe(200)
    const { rows } = await app.house.db.query<{ n: string }>(acme.orgId, {
      text: `select count(*) n from tenant.platform_snapshots_copy where org_id = $1 and "values"::text ilike '%zebedee%'`,
      values: [acme.orgId],
    })
    expect(Number(rows[0]?.n)).toBe(0)
    await restored({ id })
    expect(JSON.stringify(await valuesOf('contacts'))).not.toContain('Zebedee')
  })

  it('is taken at night when the organisation wants that, and the oldest go', async () => {
    await acme.call('PATCH', '/settings/platform.snapshots:snapshots', { every: 'daily', keep: 1 })
    const night = async () => {
      const ctx = await app.house.contexts.system(acme.orgId)
      await app.house.callHandler(ctx, 'platform.snapshots', 'nightly', null)
    }
    const scheduled = async () =>
      (
        await acme.call('GET', `/snapshots?filter=${encodeURIComponent('{"origin":"schedule"}')}`)
      ).json<{ data: Data[] }>().data
    await night()
    await night()
    expect(await scheduled()).toHaveLength(1)
    const [first] = await scheduled()
    await settled(first!.id)
    await app.house.db.query(acme.orgId, {
      text: `update tenant.platform_snapshots_snapshot set taken_at = now() - interval '2 days' where org_id = $1 and id = $2`,
      values: [acme.orgId, first!.id],
    })
    await night()
    const now = await scheduled()
    expect(now).toHaveLength(1)
    expect(now[0]!.id).not.toBe(first!.id)
    await settled(now[0]!.id)
  })
})
