import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { filesWith, placesOf } from '../setup/places-of.ts'
import { type Caller, startApp, type TestApp } from '../setup/test-app.ts'
import { uploadFile } from '../setup/upload-file.ts'
import { createTenantHash } from '../suites/support/tenant-hash.ts'

/** One word of a person through every door; afterwards it stands in no table and no file. */
const canary = 'Quillfeather'
const email = `anna.${canary.toLowerCase()}@canary.example`
const name = `Anna ${canary}`

let app: TestApp
let acme: Caller
let other: Caller
let admin: pg.Client

beforeAll(async () => {
  app = await startApp()
  acme = await app.createOrg({ name: 'Acme' })
  other = await app.createOrg({ name: 'Other' })
  admin = new pg.Client({ connectionString: app.database.adminUrl })
  await admin.connect()
  for (const caller of [acme, other]) await shape(caller)
})
afterAll(async () => {
  await admin.end()
  await app.stop()
})

/** A value with the canary for every field type that takes text; all of them personal but two. */
const texts: Record<string, unknown> = {
  text: canary,
  longText: `Likes tea.\n${canary}`,
  email,
  url: `https://${canary.toLowerCase()}.example/a?b=${encodeURIComponent(email)}`,
  tags: [canary.toLowerCase(), 'vip'],
  json: { deep: [{ who: canary }] },
  richText: `<p>Call <strong>${canary}</strong></p>`,
  code: `-- ${canary}`,
  personName: { first: 'Anna', last: canary },
  address: { street: `${canary} Street 1`, city: 'Oslo' },
  domain: `${canary.toLowerCase()}.example`,
  emails: [`two.${canary.toLowerCase()}@canary.example`],
  checklist: [{ text: `Ask ${canary}`, done: false }],
  keyValue: { [canary]: canary },
  aiFill: canary,
  // Also the key of an option elsewhere, which names nobody.
  sku: 'VIPGUEST',
}
const fieldOf = (type: string) => `a${type[0]!.toUpperCase()}${type.slice(1)}`
const params: Record<string, object> = { aiFill: { params: { prompt: 'Say something.' } } }

async function publish(caller: Caller, ops: object[]): Promise<void> {
  const drafted = await caller.call('PATCH', '/studio/draft', { ops })
  expect(drafted.statusCode, drafted.body).toBe(200)
  const { hash } = (await caller.call('POST', '/studio/plan')).json()
  const answer = await caller.call('POST', '/studio/publish', { hash })
  expect(answer.statusCode, answer.body).toBe(201)
}

async function shape(caller: Caller): Promise<void> {
  const patient = {
    label: 'Patient',
    labelPlural: 'Patients',
    plural: 'patients',
    titleField: 'name',
    fields: {
      name: { type: 'text', required: true, pii: true },
      reference: { type: 'text', pii: true, unique: true, indexed: true },
      remark: { type: 'text' },
      former: { type: 'text' },
      passport: { type: 'file' },
      papers: { type: 'files' },
      reportsTo: { type: 'relation', to: 't:patient' },
      ...Object.fromEntries(
        Object.keys(texts).map((type) => [fieldOf(type), { type, pii: true, ...params[type] }]),
      ),
    },
  }
  const visit = {
    label: 'Visit',
    labelPlural: 'Visits',
    plural: 'visits',
    titleField: 'note',
    fields: {
      note: { type: 'text', pii: true, indexed: true },
      memo: { type: 'longText' },
      kind: { type: 'select', options: { vipguest: { label: 'VIP' } } },
      scans: { type: 'files' },
      letter: { type: 'file', pii: true },
      patient: { type: 'relation', to: 't:patient' },
    },
  }
  const room = {
    label: 'Room',
    labelPlural: 'Rooms',
    plural: 'rooms',
    titleField: 'name',
    fields: {
      name: { type: 'text' },
      picture: { type: 'file' },
      guest: { type: 'relation', to: 't:patient' },
    },
  }
  await publish(caller, [
    { op: 'set', path: ['entities', 'patient'], value: patient },
    { op: 'set', path: ['entities', 'visit'], value: visit },
    { op: 'set', path: ['entities', 'room'], value: room },
  ])
}

const ask = async (caller: Caller, method: string, url: string, body?: unknown) => {
  const answer = await caller.call(method, url, body)
  expect(answer.statusCode, `${method} ${url}: ${answer.body}`).toBeLessThan(300)
  return answer.body === '' ? null : answer.json()
}
const upload = async (caller: Caller, fileName: string, content: string): Promise<string> => {
  const answer = await uploadFile(caller, fileName, content)
  expect(answer.statusCode, answer.body).toBe(201)
  return answer.json().id
}

/** Plants the person in an organisation, all over. */
async function plant(caller: Caller) {
  const values = Object.fromEntries(
    Object.entries(texts).map(([type, value]) => [fieldOf(type), value]),
  )
  const passport = await upload(caller, `${canary} passport.txt`, `Passport of ${canary}`)
  const made = await caller.call(
    'POST',
    '/patients',
    {
      ...values,
      name: `Former ${canary}`,
      reference: `${canary}-1`,
      remark: `${name} hums`,
      former: canary,
      passport,
      papers: [await upload(caller, 'old.txt', `Old ${canary}`)],
    },
    { 'idempotency-key': `make-${email}` },
  )
  expect(made.statusCode, made.body).toBe(201)
  const { id } = made.json()
  const kept = await upload(caller, 'kept.txt', 'About nobody')
  await ask(caller, 'PATCH', `/patients/${id}`, {
    name,
    passport: await upload(caller, 'new.txt', `New ${canary}`),
    papers: [await upload(caller, 'papers.txt', `Papers of ${canary}`)],
  })
  const boss = await ask(caller, 'POST', '/patients', { name: 'Somebody Else', reportsToId: id })
  const visit = {
    note: `${canary} came`,
    memo: `Talked to ${name}.`,
    kind: 'vipguest',
    patientId: id,
    letter: await upload(caller, 'letter.txt', `Dear ${canary}`),
    scans: [kept, await upload(caller, 'scan.txt', `Sincerely, ${name}`)],
  }
  const visitId = (await ask(caller, 'POST', '/visits', visit)).id
  const gone = (await ask(caller, 'POST', '/visits', { ...visit, letter: null, scans: null })).id
  await ask(caller, 'DELETE', `/visits/${gone}`)
  const room = { name: `Room of ${name}`, guestId: id, picture: passport }
  const roomId = (await ask(caller, 'POST', '/rooms', room)).id
  const about = { entity: 'patients', id }
  await ask(caller, 'POST', '/activities', { type: 'note', subject: `Met ${canary}`, about })
  await app.house.callService(caller.orgId, 'mail', 1, 'send', {
    to: 'somebody@else.example',
    subject: 'News',
    text: `News of ${name}`,
  })
  await app.house.queue.enqueue(caller.orgId, [
    {
      plugin: 'platform.mail',
      job: 'deliver',
      payload: { note: email },
      runAs: { type: 'system', id: null, userId: null, name: 'System' },
      at: new Date(Date.now() + 86_400_000),
    },
  ])
  await admin.query(
    `insert into tenant.outbox (org_id, batch_id, id, seq, event, payload, created_at, sent_at)
      values ($1, uuidv7(), uuidv7(), 900000, 'crm.leads:told', $2, now(), now())`,
    [caller.orgId, JSON.stringify({ to: email })],
  )
  // A field that was removed keeps its values.
  await publish(caller, [
    { op: 'unset', path: ['entities', 'patient', 'fields', 'former'], from: { type: 'text' } },
  ])
  return { id, visitId, gone, roomId, kept, boss: boss.id as string }
}

const fingerprint = async (caller: Caller) => {
  const hashes = await (await createTenantHash(admin))(caller.orgId)
  // What its own background work writes at any moment.
  const busy =
    /^(tenant\.(outbox|job|action_trace|search|search_word|search_state|slot_fill)|directory\.(ready_job|org_stream|unsent_outbox))$/
  return [...hashes].filter(([table]) => !busy.test(table))
}

/** Indexed fields are filled behind a publish, and a job tells all nodes when one is. */
const isFilling = async ({ orgId }: Caller) => {
  const { rows } = await admin.query(
    `select exists (select from tenant.slot_fill where org_id = $1 and not is_ready)
       or exists (select from directory.unsent_outbox where org_id = $1)
       or exists (select from tenant.job where org_id = $1 and plugin = 'kernel'
         and state in ('ready', 'running') and run_at <= now()) as yes`,
    [orgId],
  )
  return rows[0].yes
}

describe('a person who is all over an organisation', () => {
  it('is nowhere afterwards, and elsewhere as before', async () => {
    const here = await plant(acme)
    const there = await plant(other)
    // Behind the events: the index has the words by now.
    await expect
      .poll(async () => Object.keys(await placesOf(admin, acme.orgId, canary)))
      .toEqual(expect.arrayContaining(['tenant.search', 'tenant.search_word']))
    const planted = Object.keys(await placesOf(admin, acme.orgId, canary))
    for (const table of [
      'record',
      'ledger',
      'slot',
      'unique_value',
      'idempotency',
      'outbox',
      'job',
    ])
      expect(planted).toContain(`tenant.${table}`)
    expect(await filesWith(app, acme.orgId, canary)).toHaveLength(6)
    await expect.poll(() => isFilling(other)).toBe(false)
    const before = await fingerprint(other)

    const answer = await acme.call('POST', '/actions/platform.people:erase_person', {
      input: { entity: 'patients', id: here.id },
    })
    expect(answer.statusCode, answer.body).toBe(200)
    expect(answer.json().output.counts).toMatchObject({ files: 6 })
    await expect.poll(() => placesOf(admin, acme.orgId, canary)).toEqual({})
    expect(await filesWith(app, acme.orgId, canary)).toEqual([])

    // Ids stay, and what is about others.
    const patient = await ask(acme, 'GET', `/patients/${here.id}`)
    expect(patient).toMatchObject({ name: 'Erased', reference: null, remark: null, passport: null })
    expect(await ask(acme, 'GET', `/patients/${here.boss}`)).toMatchObject({
      name: 'Somebody Else',
      reportsToId: here.id,
    })
    const visit = await ask(acme, 'GET', `/visits/${here.visitId}`)
    expect(visit).toMatchObject({ note: null, memo: null, letter: null, patientId: here.id })
    expect(visit.kind).toBe('vipguest')
    expect(visit.scans).toMatchObject([{ id: here.kept, name: 'kept.txt' }])
    expect((await acme.call('GET', `/files/${here.kept}/content`)).body).toBe('About nobody')
    expect(await ask(acme, 'GET', `/rooms/${here.roomId}`)).toMatchObject({ picture: null })
    // The one in the trash comes back without what it said, and is found by its indexed field.
    const restored = await ask(acme, 'POST', `/visits/${here.gone}/restore`)
    expect(restored).toMatchObject({ note: null, memo: null, patientId: here.id })

    expect(await fingerprint(other)).toEqual(before)
    expect(await filesWith(app, other.orgId, canary)).toHaveLength(6)
    expect(await ask(other, 'GET', `/patients/${there.id}`)).toMatchObject({ name })
  })

  it('can be in the trash', async () => {
    const { id } = await ask(acme, 'POST', '/patients', {
      name: 'Otto Trashwell',
      reference: 'Trashwell-2',
    })
    await ask(acme, 'DELETE', `/patients/${id}`)
    const input = { entity: 'patients', id }
    await ask(acme, 'POST', '/actions/platform.people:erase_person', { input })
    await expect.poll(() => placesOf(admin, acme.orgId, 'Trashwell')).toEqual({})
    expect(await ask(acme, 'POST', `/patients/${id}/restore`)).toMatchObject({ name: 'Erased' })
  })
})
