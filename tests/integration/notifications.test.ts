import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { simpleParser } from 'mailparser'
import pg from 'pg'
import { SMTPServer } from 'smtp-server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { joinOrg } from '../setup/join-org.ts'
import { type Caller, startApp, type TestApp } from '../setup/test-app.ts'

type Person = Caller & { readonly userId: string }
type Notification = Record<string, unknown> & { readonly id: string }

const plugin = 'platform.notifications'
const received: Awaited<ReturnType<typeof simpleParser>>[] = []
const smtp = new SMTPServer({
  authOptional: true,
  disabledCommands: ['STARTTLS'],
  onData(stream, _session, done) {
    void simpleParser(stream).then((mail) => {
      received.push(mail)
      done()
    })
  },
})
let app: TestApp
let admin: pg.Client
let ann: Person
let bob: Person
/** Sees what is theirs, and what nobody owns. */
let rita: Person

beforeAll(async () => {
  smtp.listen(0, '127.0.0.1', () => {})
  await once(smtp.server, 'listening')
  const { port } = smtp.server.address() as AddressInfo
  app = await startApp({ SMTP_URL: `smtp://127.0.0.1:${port}` })
  admin = new pg.Client({ connectionString: app.database.adminUrl })
  await admin.connect()
  // What is mailed at once goes with the full minute: none comes round while these tests run.
  await admin.query(`
    create function public.hold_digest() returns trigger language plpgsql as
      $$ begin new.run_at := new.run_at + interval '1 day'; return new; end $$;
    create trigger hold_digest before insert on tenant.job for each row
      when (new.job = 'digest' and new.run_at > now()) execute function public.hold_digest()`)
  ann = await app.signUp({ orgName: 'Acme' })
  bob = await joinOrg(app, ann, 'editor', 'Bob Lee')
  rita = await joinOrg(app, ann, 'rep', 'Rita Rep')
})
afterAll(async () => {
  await admin?.end()
  await app?.stop()
  await new Promise<void>((resolve) => smtp.close(resolve))
})

async function make(by: Caller, plural: string, values: object): Promise<string> {
  const made = await by.call('POST', `/${plural}`, values)
  if (made.statusCode !== 201) throw new Error(made.body)
  return made.json<{ id: string }>().id
}

async function change(by: Caller, path: string, values: object): Promise<void> {
  const changed = await by.call('PATCH', path, values)
  if (changed.statusCode !== 200) throw new Error(changed.body)
}

async function inbox(person: Caller, filter: object = {}): Promise<Notification[]> {
  const query = new URLSearchParams({
    filter: JSON.stringify(filter),
    expand: 'by',
    limit: '100',
  })
  const answer = await person.call('GET', `/notifications?${query}`)
  if (answer.statusCode !== 200) throw new Error(answer.body)
  return answer.json<{ data: Notification[] }>().data
}

const about = (id: string) => ({ 'record.id': id })

/** Until everything that was committed until now was heard by all plugins. */
async function allHeard(): Promise<void> {
  const waiting = async () => {
    const { rows } = await admin.query<{ n: string }>(
      `select (select count(*) from directory.unsent_outbox where org_id = $1)
        + (select count(*) from tenant.job where org_id = $1 and state in ('ready', 'running') and run_at <= now()) as n`,
      [ann.orgId],
    )
    return Number(rows[0]!.n)
  }
  await expect.poll(waiting, { interval: 30 }).toBe(0)
}

/** What a schedule or the queue would call. */
async function run(handler: string, input: object, now = new Date()): Promise<void> {
  const ctx = await app.house.contexts.system(ann.orgId)
  const principal = { ...ctx.principal, type: 'plugin', id: plugin, name: plugin } as const
  await app.house.callHandler({ ...ctx, principal, now }, plugin, handler, input)
}

describe('an assignment', () => {
  it('is told to whom it was given, once, by whom, and to nobody else', async () => {
    const lead = await make(ann, 'leads', { name: 'Ada Lovelace' })
    await change(ann, `/leads/${lead}`, { ownerId: bob.userId })
    await allHeard()
    expect(await inbox(bob, about(lead))).toMatchObject([
      {
        kind: 'assigned',
        field: 'ownerId',
        count: 1,
        readAt: null,
        record: { entity: 'leads', id: lead },
        by: { id: ann.userId },
      },
    ])
    expect(await inbox(ann, about(lead))).toEqual([])
    expect(await inbox(rita, about(lead))).toEqual([])
  })

  it('by oneself is no news', async () => {
    const lead = await make(ann, 'leads', { name: 'Own deed' })
    await change(bob, `/leads/${lead}`, { ownerId: bob.userId })
    const made = await make(bob, 'leads', { name: 'Made by Bob' })
    await allHeard()
    expect(await inbox(bob, { $or: [about(lead), about(made)] })).toEqual([])
  })

  it('is told of records of an entity that the organisation made a minute ago', async () => {
    const entity = {
      label: 'Property',
      labelPlural: 'Properties',
      plural: 'properties',
      titleField: 'name',
      fields: {
        name: { type: 'text', label: 'Name', required: true },
        agent: { type: 'user', label: 'Agent' },
      },
    }
    const path = ['contributes', 'entities', 'property']
    const op = { op: 'set', path, from: null, value: entity }
    expect((await ann.call('PATCH', '/studio/draft', { ops: [op] })).statusCode).toBe(200)
    const plan = await ann.call('POST', '/studio/plan')
    const { hash } = plan.json<{ hash: string }>()
    expect((await ann.call('POST', '/studio/publish', { hash, message: '' })).statusCode).toBe(201)
    const house = await make(ann, 'properties', { name: 'Mill', agentId: bob.userId })
    await allHeard()
    expect(await inbox(bob, about(house))).toMatchObject([
      { kind: 'assigned', field: 'agentId', entityRef: 't:property', record: { id: house } },
    ])
  })

  it('of 500 records at once is one notification', async () => {
    const create = Array.from({ length: 500 }, (_, i) => ({ name: `Many ${i}`, company: 'many' }))
    expect((await ann.call('POST', '/leads/bulk', { create })).statusCode).toBe(200)
    const filter = { company: 'many' }
    const answer = await ann.call('POST', '/leads/bulk', {
      filter,
      update: { ownerId: bob.userId },
    })
    expect(answer.statusCode).toBe(202)
    await expect
      .poll(() => inbox(bob, { count: { $gt: 1 } }))
      .toMatchObject([{ kind: 'assigned', count: 500, record: null, entityRef: 'crm.leads:lead' }])
    await allHeard()
    expect(await inbox(bob, { count: { $gt: 1 } })).toHaveLength(1)
    // Whoever began it hears that it is done.
    expect(await inbox(ann, { kind: 'work_done' })).toMatchObject([
      { record: null, data: { job: 'bulk_by_filter', written: 500, failed: 0 } },
    ])
  })

  it('of many that is heard of in several goes adds up, and is unread again', async () => {
    const leads = [
      await make(rita, 'leads', { name: 'One' }),
      await make(rita, 'leads', { name: 'Two' }),
      await make(rita, 'leads', { name: 'Three' }),
    ]
    const changeSetId = crypto.randomUUID()
    const told = (id: string, seq: number) => ({
      seq,
      id,
      event: 'record.updated',
      entity: 'crm.leads:lead',
      version: 2,
      at: new Date().toISOString(),
      changeSetId,
      actor: { type: 'user', id: ann.userId, name: 'Ann' },
      door: 'api',
      fields: ['ownerId'],
      payload: {},
    })
    const filter = { entityRef: 'crm.leads:lead', key: { $contains: changeSetId } }
    await run('hearRecords', { events: [told(leads[0]!, 1)] })
    const [first] = await inbox(rita, filter)
    expect(first).toMatchObject({ count: 1, record: { id: leads[0] } })
    await change(rita, `/notifications/${first!.id}`, { readAt: new Date().toISOString() })
    await Promise.all([
      run('hearRecords', { events: [told(leads[1]!, 2)] }),
      run('hearRecords', { events: [told(leads[2]!, 3), told(leads[0]!, 1)] }),
    ])
    expect(await inbox(rita, filter)).toMatchObject([
      { id: first!.id, count: 3, record: null, readAt: null },
    ])
  })

  it('that is handed on again is not told again', async () => {
    const lead = await make(ann, 'leads', { name: 'Twice' })
    await change(ann, `/leads/${lead}`, { ownerId: bob.userId })
    await allHeard()
    const { rows: again } = await app.house.db.query<{ payload: object }>(ann.orgId, {
      text: `select payload from tenant.job where org_id = $1 and plugin = 'kernel' and job = 'subscriber'`,
      values: [ann.orgId],
    })
    expect(again.length).toBeGreaterThan(0)
    const before = await inbox(bob)
    await app.house.queue.enqueue(
      ann.orgId,
      again.map(({ payload }) => ({
        plugin: 'kernel',
        job: 'subscriber',
        payload,
        runAs: { type: 'plugin', id: plugin, userId: null, name: plugin } as const,
      })),
    )
    await allHeard()
    expect(await inbox(bob)).toEqual(before)
  })
})

describe('a mention', () => {
  it('is told, once however often the note is changed, and not of oneself', async () => {
    const note = await make(ann, 'activities', {
      type: 'note',
      subject: 'Call',
      body: 'Can you take this, @Bob Lee? mail@bob lee is no mention of @nobody.',
    })
    await allHeard()
    await change(ann, `/activities/${note}`, { body: 'Please, @bob lee.' })
    await change(bob, `/activities/${note}`, { body: 'Yes. @Bob Lee' })
    await allHeard()
    expect(await inbox(bob, about(note))).toMatchObject([{ kind: 'mentioned', field: 'body' }])
  })

  it('of somebody who may not read the record is told to nobody', async () => {
    const note = await make(ann, 'activities', { type: 'note', subject: 'S', body: '@Rita Rep!' })
    await allHeard()
    expect(await inbox(rita, about(note))).toEqual([])
    await change(ann, `/activities/${note}`, { ownerId: rita.userId, body: '@Rita Rep: yours.' })
    await allHeard()
    expect((await inbox(rita, about(note))).map(({ kind }) => kind).sort()).toEqual([
      'assigned',
      'mentioned',
    ])
  })
})

describe('a notification', () => {
  it('is its owner’s alone, admins included', async () => {
    const lead = await make(ann, 'leads', { name: 'Private' })
    await change(ann, `/leads/${lead}`, { ownerId: bob.userId })
    await allHeard()
    const [own] = await inbox(bob, about(lead))
    const path = `/notifications/${own!.id}`
    expect((await ann.call('GET', path)).statusCode).toBe(404)
    expect((await ann.call('PATCH', path, { readAt: null })).statusCode).toBe(404)
    expect((await ann.call('DELETE', path)).statusCode).toBe(404)
    expect((await ann.call('GET', `${path}/history`)).statusCode).toBe(404)
    expect(await inbox(ann, { ownerId: bob.userId })).toEqual([])
    const key = await app.createKey(ann.orgId, { role: 'admin' })
    expect(await inbox(key)).toEqual([])
    expect((await ann.call('POST', '/notifications', { kind: 'due' })).statusCode).toBe(403)

    const readAt = '2026-03-01T09:30:00.000Z'
    await change(bob, path, { readAt })
    expect((await inbox(bob, about(lead)))[0]).toMatchObject({ readAt })
    expect((await bob.call('PATCH', path, { kind: 'due' })).statusCode).toBe(422)
    expect((await bob.call('PATCH', path, { ownerId: ann.userId })).statusCode).toBe(403)
  })

  it('says nothing of a record that its owner may no longer read', async () => {
    const lead = await make(ann, 'leads', { name: 'Secret by now', ownerId: rita.userId })
    await allHeard()
    expect(await inbox(rita, about(lead))).toHaveLength(1)
    expect((await rita.call('GET', `/leads/${lead}`)).statusCode).toBe(200)
    await change(ann, `/leads/${lead}`, { ownerId: ann.userId })
    expect((await rita.call('GET', `/leads/${lead}`)).statusCode).toBe(404)
    const all = await inbox(rita)
    expect(all.map(({ record }) => record)).toContainEqual({ entity: 'leads', id: lead })
    expect(JSON.stringify(all)).not.toContain('Secret by now')
  })

  it('does not keep anybody from merging records', async () => {
    const [keep, go] = [
      await make(ann, 'leads', { name: 'Keep' }),
      await make(ann, 'leads', { name: 'Go' }),
    ]
    await change(ann, `/leads/${go}`, { ownerId: bob.userId })
    await allHeard()
    const input = { entity: 'leads', keepId: keep, otherIds: [go] }
    const merged = await ann.call('POST', '/actions/platform.duplicates:merge_records', { input })
    expect([merged.statusCode, merged.body]).toEqual([200, expect.anything()])
    expect(await inbox(bob, about(keep))).toHaveLength(1)
  })

  it('that was read long ago is removed', async () => {
    const lead = await make(ann, 'leads', { name: 'Old', ownerId: bob.userId })
    await allHeard()
    const [one] = await inbox(bob, about(lead))
    await change(bob, `/notifications/${one!.id}`, { readAt: '2026-01-01T00:00:00.000Z' })
    const before = (await inbox(bob)).length
    await run('sweep', {}, new Date('2026-03-31T00:00:00.000Z'))
    expect(await inbox(bob)).toHaveLength(before)
    await run('sweep', {}, new Date('2026-04-05T00:00:00.000Z'))
    expect(await inbox(bob, about(lead))).toEqual([])
  })
})

describe('what is due', () => {
  it('is told in the morning and once it has passed', async () => {
    const day = new Date()
    const at = (time: string) => new Date(`${day.toISOString().slice(0, 10)}T${time}:00.000Z`)
    const task = await make(ann, 'tasks', {
      title: 'Call back',
      ownerId: bob.userId,
      dueAt: at('11:00'),
    })
    const done = await make(ann, 'tasks', {
      title: 'Done',
      status: 'done',
      ownerId: bob.userId,
      dueAt: at('11:00'),
    })
    await allHeard()
    const kinds = async (id: string) => (await inbox(bob, about(id))).map(({ kind }) => kind).sort()
    await run('remind', {}, at('07:55'))
    expect(await kinds(task)).toEqual(['assigned'])
    await run('remind', {}, at('08:00'))
    expect(await kinds(task)).toEqual(['assigned', 'due'])
    await run('remind', {}, at('10:55'))
    await run('remind', {}, at('11:00'))
    await run('remind', {}, at('11:05'))
    expect(await kinds(task)).toEqual(['assigned', 'due', 'overdue'])
    expect(await kinds(done)).toEqual(['assigned'])
  })
})

describe('preferences', () => {
  it('say what one hears of, and are one’s own', async () => {
    const cleo = await joinOrg(app, ann, 'viewer', 'Cleo View')
    const made = await cleo.call('POST', '/notification-preferences', {
      assignedInApp: false,
      assignedMail: 'off',
    })
    expect([made.statusCode, made.json()]).toMatchObject([
      201,
      { ownerId: cleo.userId, mentionedMail: 'now', digestHour: 8 },
    ])
    const { id } = made.json<{ id: string }>()
    expect((await cleo.call('POST', '/notification-preferences', {})).statusCode).toBe(409)
    expect((await ann.call('GET', `/notification-preferences/${id}`)).statusCode).toBe(404)
    const forBob = { ownerId: bob.userId }
    expect((await cleo.call('POST', '/notification-preferences', forBob)).statusCode).toBe(403)

    const lead = await make(ann, 'leads', { name: 'Quiet', ownerId: cleo.userId })
    await allHeard()
    expect(await inbox(cleo, about(lead))).toEqual([])
    await change(cleo, `/notification-preferences/${id}`, {
      assignedInApp: true,
      muted: [`crm.leads:lead/${lead}`],
    })
    await change(ann, `/leads/${lead}`, { ownerId: null })
    await change(ann, `/leads/${lead}`, { ownerId: cleo.userId })
    const loud = await make(ann, 'leads', { name: 'Loud', ownerId: cleo.userId })
    await allHeard()
    expect(await inbox(cleo, about(lead))).toEqual([])
    expect(await inbox(cleo, about(loud))).toHaveLength(1)
  })
})

describe('a mention', () => {
  it('says beforehand whether it reaches somebody, to whoever may read the record', async () => {
    const hers = await make(ann, 'leads', { name: 'Only Ann', ownerId: ann.userId })
    const ask = (by: Caller, userId: string, id = hers) =>
      by.call('GET', `/me/mentions?entity=leads&id=${id}&userId=${userId}`)
    expect((await ask(ann, bob.userId)).json()).toEqual({ reaches: true })
    expect((await ask(ann, rita.userId)).json()).toEqual({ reaches: false })
    expect((await ask(ann, '00000000-0000-7000-8000-000000000000')).json()).toEqual({
      reaches: false,
    })
    expect((await ask(rita, bob.userId)).statusCode).toBe(404)
    expect((await ask(ann, 'nobody')).statusCode).toBeGreaterThanOrEqual(400)
  })
})

describe('mail', () => {
  it('sums up once what waits, in the language of the person, without what they may not read', async () => {
    const dora = await joinOrg(app, ann, 'rep', 'Dora Rep')
    await dora.call('POST', '/notification-preferences', { language: 'de' })
    const seen = await make(ann, 'leads', { name: 'Grace <Hopper>', ownerId: dora.userId })
    const lost = await make(ann, 'leads', { name: 'Lost to her', ownerId: dora.userId })
    await allHeard()
    await change(ann, `/leads/${lost}`, { ownerId: ann.userId })
    await allHeard()
    received.length = 0
    const tomorrow = new Date(Date.now() + 86_400_000)
    tomorrow.setUTCHours(9)
    const toDora = () => received.filter(({ text }) => text?.includes('Grace'))
    await run('planDigests', {}, tomorrow)
    await run('planDigests', {}, tomorrow)
    await expect.poll(() => toDora().length).toBe(1)
    await allHeard()
    await run('planDigests', {}, tomorrow)
    await allHeard()
    expect(toDora()).toHaveLength(1)
    const [mail] = toDora()
    expect(mail!.subject).toBe('Eine neue Mitteilung in Acme')
    expect(mail!.text).toContain(`/leads/${seen}`)
    expect(mail!.text).toContain('hat es Ihnen zugewiesen')
    expect(mail!.html).toContain('Grace &lt;Hopper&gt;')
    expect(`${mail!.text}${String(mail!.html)}`).not.toContain('Lost to her')

    const list = mail!.headers.get('list') as { unsubscribe: { url: string } }
    const { pathname } = new URL(list.unsubscribe.url)
    const page = await app.inject({ method: 'GET', url: pathname })
    expect([page.statusCode, page.body]).toEqual([200, expect.stringContaining('Keine Mails mehr')])
    const mails = async () =>
      (await dora.call('GET', '/notification-preferences')).json<{ data: object[] }>().data
    expect(await mails()).toMatchObject([{ assignedMail: 'daily' }])
    const pressed = await app.inject({
      method: 'POST',
      url: pathname,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: 'List-Unsubscribe=One-Click',
    })
    expect(pressed.statusCode).toBe(200)
    expect(await mails()).toMatchObject([{ assignedMail: 'off', mentionedMail: 'off' }])
  })

  it('at once tells what was not read within the minute, and nothing is sent when nothing waits', async () => {
    const note = await make(ann, 'activities', { type: 'note', subject: 'Now', body: '@Bob Lee?' })
    await allHeard()
    received.length = 0
    const slot = new Date(Date.now() + 60_000).toISOString()
    await run('sendDigest', { userId: bob.userId, period: 'now', slot })
    await expect.poll(() => received.length).toBe(1)
    expect(received[0]!.text).toContain(`/activities/${note}`)
    const later = new Date(Date.now() + 120_000).toISOString()
    await run('sendDigest', { userId: bob.userId, period: 'now', slot: later })
    await run('sendDigest', { userId: ann.userId, period: 'weekly', slot: later })
    await allHeard()
    expect(received).toHaveLength(1)
  })
})
