import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { filesWith, placesOf } from '../setup/places-of.ts'
import { type Caller, startApp, type TestApp } from '../setup/test-app.ts'

let app: TestApp
let acme: Caller
let other: Caller
let admin: pg.Client
const canary = 'Zebulonia'
const email = `${canary.toLowerCase()}@canary.example`
const phone = '+4915112345678'

beforeAll(async () => {
  app = await startApp()
  acme = await app.createOrg({ name: 'Acme' })
  other = await app.createOrg({ name: 'Other' })
  admin = new pg.Client({ connectionString: app.database.adminUrl })
  await admin.connect()
})
afterAll(async () => {
  await admin.end()
  await app.stop()
})

const erase = (caller: Caller, input: object) =>
  caller.call('POST', '/actions/platform.people:erase_person', { input })

const wait = async (caller: Caller, id: string) => {
  for (;;) {
    const run = (await caller.call('GET', `/imports/${id}`)).json()
    if (!['reading', 'running'].includes(run.status)) return run
    await new Promise((done) => setTimeout(done, 50))
  }
}

/** Until all that happened in an organisation is heard and indexed. */
async function heard({ orgId }: Caller): Promise<void> {
  const question = `select exists (select from directory.unsent_outbox where org_id = $1)
    or exists (select from tenant.job where org_id = $1 and state in ('ready', 'running') and run_at <= now())
    or exists (
      select from directory.org_stream e left join directory.search_stream s using (org_id)
        where e.org_id = $1 and e.seq > coalesce(s.seq, 0)
    ) as waits`
  const waits = async () => (await admin.query(question, [orgId])).rows[0].waits
  await expect.poll(waits).toBe(false)
}

/** A contact whose name, addresses, texts and mails are all over the organisation. */
async function scatter(caller: Caller): Promise<{ id: string; activity: string }> {
  const made = await caller.call(
    'POST',
    '/contacts',
    { firstName: canary, lastName: `${canary} Smith`, email: `old.${email}`, phone },
    { 'idempotency-key': `scatter-${caller.orgId}` },
  )
  expect(made.statusCode).toBe(201)
  const { id } = made.json<{ id: string }>()
  await caller.call('PATCH', `/contacts/${id}`, { email, lastName: `${canary} Jones` })
  const activity = (
    await caller.call('POST', '/activities', {
      type: 'note',
      subject: `Met ${canary}`,
      body: `${canary} likes tea`,
      about: { entity: 'contacts', id },
    })
  ).json().id as string
  await caller.call('PATCH', `/activities/${activity}`, { body: `${canary} likes coffee` })
  await app.house.callService(caller.orgId, 'mail', 1, 'send', {
    to: email,
    subject: `Dear ${canary}`,
    text: `Hello ${canary}`,
  })
  const uploaded = await importFile(caller)
  await wait(caller, uploaded)
  return { id, activity }
}

async function importFile(caller: Caller): Promise<string> {
  const csv = `Last name,Email\n${canary} Twin,${email} is none\n`
  const form = new FormData()
  const columns = { 'Last name': 'lastName', Email: 'email' }
  form.set('spec', JSON.stringify({ entity: 'contacts', columns, dryRun: true }))
  form.set('file', new File([csv], 'people.csv', { type: 'text/csv' }))
  const request = new Request('http://localhost', { method: 'POST', body: form })
  const answer = await app.inject({
    method: 'POST',
    url: '/api/v1/imports',
    headers: { ...caller.headers, 'content-type': request.headers.get('content-type')! },
    payload: Buffer.from(await request.arrayBuffer()),
  })
  expect(answer.statusCode).toBe(202)
  return answer.json<{ id: string }>().id
}

describe('erasing a person', () => {
  it('leaves nothing of them in any table or file, and the other organisation as it was', async () => {
    const { id, activity } = await scatter(acme)
    const theirs = await scatter(other)
    await heard(other)
    const before = await placesOf(admin, other.orgId, canary)
    expect(Object.keys(await placesOf(admin, acme.orgId, canary)).length).toBeGreaterThan(5)
    expect(await filesWith(app, acme.orgId, canary)).not.toEqual([])

    const dry = await erase(acme, { entity: 'contacts', id, dryRun: true })
    expect(dry.statusCode, dry.body).toBe(200)
    expect((await acme.call('GET', `/contacts/${id}`)).json().email).toBe(email)

    const answer = await erase(acme, { entity: 'contacts', id })
    expect(answer.statusCode, answer.body).toBe(200)
    expect(answer.json().output.counts).toMatchObject({ records: 2, answers: 1 })
    // The index follows behind the outbox.
    await expect.poll(() => placesOf(admin, acme.orgId, canary)).toEqual({})
    expect(await placesOf(admin, acme.orgId, phone)).toEqual({})
    expect(await filesWith(app, acme.orgId, canary)).toEqual([])

    const left = (await acme.call('GET', `/contacts/${id}`)).json()
    expect(left).toMatchObject({
      id,
      firstName: null,
      lastName: 'Erased',
      email: null,
      phone: null,
    })
    const note = (await acme.call('GET', `/activities/${activity}`)).json()
    expect(note).toMatchObject({ subject: 'Erased', body: null, about: { id } })

    const kept = await placesOf(admin, other.orgId, canary)
    expect(kept).toEqual(before)
    expect((await other.call('GET', `/contacts/${theirs.id}`)).json().email).toBe(email)
  })

  it('takes their name out of what was about them once and is about somebody else now', async () => {
    const org = await app.createOrg()
    const make = async (plural: string, body: object) =>
      (await org.call('POST', `/${plural}`, body)).json<{ id: string }>().id
    const id = await make('contacts', { lastName: `${canary} Smith`, email })
    const next = await make('contacts', { lastName: 'Somebody Else' })
    const about = { entity: 'contacts', id }
    const activity = await make('activities', { type: 'note', subject: 'Tea', body: email, about })
    const deal = await make('opportunities', { name: `Boat of ${email}`, contactId: id })
    const text = { body: 'They like tea', about: { entity: 'contacts', id: next } }
    expect((await org.call('PATCH', `/activities/${activity}`, text)).statusCode).toBe(200)
    expect(
      (await org.call('PATCH', `/opportunities/${deal}`, { contactId: next })).statusCode,
    ).toBe(200)
    const answer = await erase(org, { entity: 'contacts', id })
    expect(answer.statusCode, answer.body).toBe(200)
    await expect.poll(() => placesOf(admin, org.orgId, canary)).toEqual({})
    expect((await org.call('GET', `/opportunities/${deal}`)).json()).toMatchObject({
      name: 'Erased',
      contactId: next,
    })
    expect((await org.call('GET', `/activities/${activity}`)).json()).toMatchObject({
      subject: 'Tea',
      body: 'They like tea',
      about: { id: next },
    })
  })

  it('cannot be taken back', async () => {
    const id = (
      await acme.call('POST', '/contacts', { lastName: 'Gone', email: 'gone@x.example' })
    ).json().id
    await erase(acme, { entity: 'contacts', id })
    const { data } = (await acme.call('GET', '/changes')).json()
    const change = data.find((one: { label: string }) => one.label === 'Erased a person')
    const answer = await acme.call('POST', `/changes/${change.id}/revert`, {})
    expect(answer.statusCode).toBe(409)
    expect(answer.json().detail).toMatch(/erased/)
    expect((await acme.call('GET', `/contacts/${id}`)).json().lastName).toBe('Erased')
  })

  it('is for those who manage members', async () => {
    const id = (await acme.call('POST', '/contacts', { lastName: 'Stays' })).json().id
    const editor = await app.createKey(acme.orgId, { role: 'editor' })
    expect((await erase(editor, { entity: 'contacts', id })).statusCode).toBe(403)
    expect((await acme.call('GET', `/contacts/${id}`)).json().lastName).toBe('Stays')
  })

  it('names other records with the same email and leaves them alone', async () => {
    const contact = { lastName: 'Alike', email: 'alike@x.example' }
    const id = (await acme.call('POST', '/contacts', contact)).json().id
    const lead = (await acme.call('POST', '/leads', { name: 'Alike', email: contact.email })).json()
      .id
    const answer = await erase(acme, { entity: 'contacts', id })
    expect(answer.statusCode, answer.body).toBe(200)
    expect(answer.json().output.alike).toEqual([{ entity: 'leads', id: lead }])
    expect((await acme.call('GET', `/leads/${lead}`)).json().email).toBe(contact.email)
  })

  it('refuses unknown entities, those without people, unknown records and the last admin', async () => {
    const account = (await acme.call('POST', '/accounts', { name: 'A company' })).json().id
    expect((await erase(acme, { entity: 'nothing', id: account })).statusCode).toBe(422)
    expect((await erase(acme, { entity: 'accounts', id: account })).statusCode).toBe(422)
    expect((await erase(acme, { entity: 'contacts', id: account })).statusCode).toBe(404)
    const [last] = (await acme.call('GET', '/users')).json().data
    const answer = await erase(acme, { entity: 'users', id: last.id })
    expect(answer.json().code).toBe('LAST_ADMIN')
    expect((await acme.call('GET', `/users/${last.id}`)).json().name).toBe(last.name)
  })
})
