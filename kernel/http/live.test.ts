import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createMemoryBus } from '../events/bus.ts'
import { createRelay } from '../events/relay.ts'
import type { Entity } from '../model/model.ts'
import { type LiveServer, startLive } from './testing/start-live.ts'

let server: LiveServer
let lead: Entity
type Member = Awaited<ReturnType<LiveServer['createOrg']>>
type Connected = Awaited<ReturnType<LiveServer['connect']>>

beforeAll(async () => {
  server = await startLive()
  lead = server.deployment.model.entities.get('crm.leads:lead')!
})
afterAll(() => server?.stop())

async function until(isTrue: () => unknown, ms = 40_000): Promise<void> {
  const end = performance.now() + ms
  while (!isTrue()) {
    if (performance.now() > end) throw new Error('It did not happen in time.')
    await sleep(5)
  }
}

/** Whatever was on its way has arrived. */
async function settled(connected: Connected): Promise<void> {
  const before = connected.messages.filter((message) => message.type === 'pong').length
  await sleep(150)
  connected.send({ type: 'ping' })
  await until(() => connected.messages.filter((message) => message.type === 'pong').length > before)
}

async function subscribed(
  member: Pick<Member, 'headers'>,
  topics: unknown = [{ entity: 'leads' }],
  more: object = {},
): Promise<Connected> {
  const connected = await server.connect(member.headers)
  expect(connected.status).toBe(101)
  connected.send({ type: 'subscribe', id: '1', topics, ...more })
  await until(() => connected.messages.length > 0)
  return connected
}

const asSystem = (orgId: string) => server.systemContext(orgId)
async function create(orgId: string, values: Record<string, unknown>) {
  return server.writer.create(await asSystem(orgId), lead, { name: 'Ada', ...values })
}
async function update(orgId: string, id: string, values: Record<string, unknown>) {
  return server.writer.update(await asSystem(orgId), lead, id, values)
}
async function remove(orgId: string, id: string) {
  return server.writer.delete(await asSystem(orgId), lead, id)
}

describe('subscribing', () => {
  it('answers with a cursor and tells what is created, changed and deleted afterwards', async () => {
    const admin = await server.createOrg()
    const page = await subscribed(admin)
    expect(page.messages[0]).toMatchObject({ type: 'subscribed', id: '1' })
    const made = await create(admin.orgId, {})
    await until(() => page.events().length === 1)
    await update(admin.orgId, made.id, { score: 5, company: 'Acme' })
    await until(() => page.events().length === 2)
    await remove(admin.orgId, made.id)
    await until(() => page.events().length === 3)
    await server.writer.restore(await asSystem(admin.orgId), lead, made.id)
    await until(() => page.events().length === 4)
    const about = { type: 'event', topic: 'leads', entity: 'leads', id: made.id, subscription: '1' }
    expect(page.events()).toEqual([
      { ...about, event: 'record.created', version: 1, fields: [], seq: expect.any(Number) },
      {
        ...about,
        event: 'record.updated',
        version: 2,
        fields: ['company', 'score'],
        seq: expect.any(Number),
      },
      { ...about, event: 'record.deleted', version: 3, fields: [], seq: expect.any(Number) },
      { ...about, event: 'record.created', version: 4, fields: [], seq: expect.any(Number) },
    ])
    const seqs = page.events().map((event) => (event as { seq: number }).seq)
    expect([...seqs].sort((a, b) => a - b)).toEqual(seqs)
  })

  it('tells nothing of other entities, other organisations and after unsubscribing', async () => {
    const [admin, other] = [await server.createOrg(), await server.createOrg()]
    const page = await subscribed(admin)
    await create(other.orgId, {})
    const account = server.deployment.model.entities.get('crm.accounts:account')!
    await server.writer.create(await asSystem(admin.orgId), account, { name: 'Acme' })
    await settled(page)
    expect(page.events()).toEqual([])
    page.send({ type: 'unsubscribe', id: '1' })
    await create(admin.orgId, {})
    await settled(page)
    expect(page.events()).toEqual([])
  })

  it('tells when a record leaves its filter, and nothing of those that were never in it', async () => {
    const admin = await server.createOrg()
    const made = await create(admin.orgId, { score: 90 })
    const low = await create(admin.orgId, { score: 10 })
    const page = await subscribed(admin, [{ entity: 'leads', filter: { score: { $gte: 80 } } }])
    await update(admin.orgId, low.id, { company: 'Low' })
    await update(admin.orgId, made.id, { company: 'High' })
    await until(() => page.events().length === 1)
    await update(admin.orgId, made.id, { score: 20 })
    await until(() => page.events().length === 2)
    await update(admin.orgId, low.id, { score: 99 })
    await until(() => page.events().length === 3)
    expect(page.events()).toMatchObject([
      { event: 'record.updated', id: made.id, fields: ['company'] },
      { event: 'record.removed', id: made.id, fields: [] },
      { event: 'record.updated', id: low.id, fields: ['score'] },
    ])
  })

  it('tells when a record leaves what its reader may see, and to nobody who could never see it', async () => {
    const admin = await server.createOrg()
    const rep = await server.createMember(admin.orgId, ['platform.people:rep'])
    const other = await server.createMember(admin.orgId, ['platform.people:rep'])
    const page = await subscribed(rep)
    const stranger = await subscribed(other)
    const made = await create(admin.orgId, { ownerId: rep.userId })
    await until(() => page.events().length === 1)
    await update(admin.orgId, made.id, { ownerId: admin.userId })
    await until(() => page.events().length === 2)
    await update(admin.orgId, made.id, { company: 'Acme' })
    await remove(admin.orgId, made.id)
    await settled(page)
    await settled(stranger)
    expect(page.events()).toMatchObject([
      { event: 'record.created', id: made.id },
      { event: 'record.removed', id: made.id, version: 2, fields: [] },
    ])
    expect(stranger.events()).toEqual([])
  })

  it('gives "@me" in a filter to each reader as themselves', async () => {
    const admin = await server.createOrg()
    const second = await server.createMember(admin.orgId, ['platform.people:admin'])
    const mine = [{ entity: 'leads', filter: { ownerId: '@me' } }]
    const [a, b] = [await subscribed(admin, mine), await subscribed(second, mine)]
    const made = await create(admin.orgId, { ownerId: second.userId })
    await until(() => b.events().length === 1)
    await settled(a)
    expect(b.events()).toMatchObject([{ event: 'record.created', id: made.id }])
    expect(a.events()).toEqual([])
  })

  it('names only those changed fields that the reader may see', async () => {
    const admin = await server.createOrg()
    const people = server.deployment.model.roles.get('platform.people:viewer')
    expect(people).toBeDefined()
    const key = await server.accounts.createKey(admin.orgId, {
      name: 'K',
      role: 'viewer',
      scopes: ['leads:read'],
    })
    const page = await subscribed({ headers: { authorization: `Bearer ${key.key}` } as never })
    const made = await create(admin.orgId, {})
    await update(admin.orgId, made.id, { score: 4 })
    await until(() => page.events().length === 2)
    expect(page.events()[1]).toMatchObject({ event: 'record.updated', fields: ['score'] })
    page.send({ type: 'subscribe', id: '2', topics: [{ entity: 'accounts' }] })
    await until(() => page.messages.some((message) => message.type === 'error'))
    expect(page.messages.at(-1)).toMatchObject({ type: 'error', id: '2', code: 'NOT_FOUND' })
  })

  it('goes on from a cursor with what was missed', async () => {
    const admin = await server.createOrg()
    const first = await subscribed(admin)
    const one = await create(admin.orgId, {})
    await until(() => first.events().length === 1)
    const cursor = String((first.events()[0] as { seq: number }).seq)
    first.socket.close()
    const two = await create(admin.orgId, { name: 'Two' })
    await update(admin.orgId, one.id, { score: 1 })
    await sleep(100)
    const second = await subscribed(admin, [{ entity: 'leads' }], { cursor })
    await until(() => second.events().length === 2)
    expect(second.messages[0]).toEqual({ type: 'subscribed', id: '1', cursor })
    expect(second.events()).toMatchObject([
      { event: 'record.created', id: two.id },
      { event: 'record.updated', id: one.id },
    ])
    await update(admin.orgId, two.id, { score: 2 })
    await until(() => second.events().length === 3)
  })

  it('goes on from a number that another node gave and that has not come here yet', async () => {
    const admin = await server.createOrg()
    await subscribed(admin)
    await server.relay.stop()
    const { db, log } = server
    const elsewhere = createRelay({ db, bus: createMemoryBus(log), log })
    const told: number[] = []
    elsewhere.subscribe('test', (_, events) => void told.push(...events.map(({ seq }) => seq)))
    elsewhere.start()
    await create(admin.orgId, {})
    elsewhere.poke(admin.orgId)
    await until(() => told.length === 1)
    await elsewhere.stop()
    await server.restartRelay()
    const cursor = String(told[0])
    const page = await subscribed(admin, [{ entity: 'leads' }], { cursor })
    expect(page.messages[0]).toEqual({ type: 'subscribed', id: '1', cursor })
    const made = await create(admin.orgId, {})
    await until(() => page.events().some((event) => 'id' in event && event.id === made.id))
  })

  it('asks to load again when the cursor is older than what is kept', async () => {
    const admin = await server.createOrg()
    const first = await subscribed(admin)
    for (const name of ['a', 'b', 'c']) await create(admin.orgId, { name })
    // They have their numbers by now.
    await until(() => first.events().length === 3)
    await server.db.query(admin.orgId, {
      text: 'delete from tenant.outbox where org_id = $1 and seq <= 5',
      values: [admin.orgId],
    })
    const page = await subscribed(admin, [{ entity: 'leads' }], { cursor: '1' })
    await until(() => page.messages.length === 2)
    expect(page.messages).toMatchObject([
      { type: 'subscribed', id: '1' },
      { type: 'resync', id: '1' },
    ])
    await create(admin.orgId, { name: 'd' })
    await until(() => page.events().length === 1)
  })

  it('hears events that another node handed on', async () => {
    const admin = await server.createOrg()
    const page = await subscribed(admin)
    await server.relay.stop()
    try {
      await create(admin.orgId, {})
      const { db } = server
      const { rows } = await db.query<{ token: number }>(null, {
        text: 'select token from kernel.claim_outbox(1, 15000, $1)',
        values: [[admin.orgId]],
      })
      const token = rows[0]!.token
      const numbered = await db.query<{ seq: number }>(admin.orgId, {
        text: `with first as materialized (select kernel.take_seq($2, 1, 15000) as seq)
          update tenant.outbox o set seq = first.seq from first
            where o.org_id = $1 and o.seq is null returning o.seq`,
        values: [admin.orgId, token],
      })
      server.bus.publish({ kind: 'events', orgId: admin.orgId, seq: numbered.rows[0]!.seq })
      await until(() => page.events().length === 1)
      expect(page.events()).toMatchObject([{ event: 'record.created' }])
    } finally {
      await server.restartRelay()
    }
  })
})

describe('topics', () => {
  it('tell progress to the one it is for, and to nobody else', async () => {
    const admin = await server.createOrg()
    const colleague = await server.createMember(admin.orgId, ['platform.people:admin'])
    const stranger = await server.createOrg()
    const topics = [{ topic: 'imports:7' }]
    const pages = [
      await subscribed(admin, topics),
      await subscribed(colleague, topics),
      await subscribed(stranger, topics),
    ]
    server.bus.publish({
      kind: 'progress',
      orgId: admin.orgId,
      topic: 'imports:7',
      audience: admin.userId,
      payload: { rows: 10 },
    })
    await until(() => pages[0]!.events().length === 1)
    expect(pages[0]!.events()[0]).toMatchObject({
      type: 'event',
      subscription: '1',
      topic: 'imports:7',
      event: 'progress',
      data: { rows: 10 },
    })
    await settled(pages[1]!)
    await settled(pages[2]!)
    expect([pages[1]!.events(), pages[2]!.events()]).toEqual([[], []])
  })

  it('that name an entity are its records', async () => {
    const admin = await server.createOrg()
    const page = await subscribed(admin, [{ topic: 'leads' }])
    await create(admin.orgId, {})
    await until(() => page.events().length === 1)
    expect(page.events()[0]).toMatchObject({ topic: 'leads', event: 'record.created' })
  })
})

describe('what a page says wrongly', () => {
  it.each([
    ['no JSON', '{', 'BAD_JSON'],
    ['no object', '[]', 'INVALID'],
    ['no known type', { type: 'shout' }, 'INVALID'],
    ['no topics', { type: 'subscribe', id: 'x', topics: [] }, 'INVALID'],
    ['no id', { type: 'subscribe', topics: [{ entity: 'leads' }] }, 'INVALID'],
    ['both', { type: 'subscribe', id: 'x', topics: [{ entity: 'leads', topic: 'x' }] }, 'INVALID'],
    ['nothing there', { type: 'subscribe', id: 'x', topics: [{ entity: 'ghosts' }] }, 'NOT_FOUND'],
    [
      'an unknown field',
      { type: 'subscribe', id: 'x', topics: [{ entity: 'leads', filter: { ghost: 1 } }] },
      'UNKNOWN_FIELD',
    ],
    [
      'a bad operator',
      { type: 'subscribe', id: 'x', topics: [{ entity: 'leads', filter: { score: { $up: 1 } } }] },
      'BAD_FILTER',
    ],
    [
      'a cursor from the future',
      { type: 'subscribe', id: 'x', topics: [{ entity: 'leads' }], cursor: '999999999' },
      'BAD_CURSOR',
    ],
    [
      'a cursor that is none',
      { type: 'subscribe', id: 'x', topics: [{ entity: 'leads' }], cursor: 'x' },
      'INVALID',
    ],
  ])('%s is told with a code', async (_, message, code) => {
    const admin = await server.createOrg()
    const page = await server.connect(admin.headers)
    page.send(message)
    await until(() => page.messages.length > 0)
    expect(page.messages[0]).toMatchObject({ type: 'error', code })
  })

  it('more than 100 topics in all are refused, and what was asked for before stays', async () => {
    const admin = await server.createOrg()
    const page = await server.connect(admin.headers)
    const topics = (count: number, from: number) =>
      Array.from({ length: count }, (_, at) => ({ topic: `topic-${from + at}` }))
    for (let id = 0; id < 5; id++)
      page.send({ type: 'subscribe', id: `${id}`, topics: topics(20, 20 * id) })
    page.send({ type: 'subscribe', id: 'more', topics: topics(1, 100) })
    await until(() => page.messages.length === 6)
    expect(page.messages.slice(0, 5).map(({ type }) => type)).toEqual(Array(5).fill('subscribed'))
    expect(page.messages[5]).toMatchObject({ type: 'error', id: 'more', code: 'INVALID' })
    // Asking for the same again replaces what was there.
    page.send({ type: 'subscribe', id: '4', topics: topics(20, 0) })
    page.send({ type: 'unsubscribe', id: '0' })
    page.send({ type: 'subscribe', id: 'more', topics: topics(20, 0) })
    await until(() => page.messages.length === 8)
    expect(page.messages.slice(6).map(({ type }) => type)).toEqual(['subscribed', 'subscribed'])
  })

  it('too much at once ends the connection', async () => {
    const admin = await server.createOrg()
    const page = await server.connect(admin.headers)
    page.send({ type: 'ping', filler: 'x'.repeat(65 * 1024) })
    await until(() => page.messages.closed)
    expect(page.messages.closed?.code).toBe(1009)
  })
})

describe('who may connect', () => {
  it('is nobody without credentials, with dead ones, or from another site', async () => {
    const admin = await server.createOrg()
    expect((await server.connect({})).status).toBe(401)
    expect((await server.connect({ cookie: 'runway=nonsense' })).status).toBe(401)
    const origin = { ...admin.headers, origin: 'https://evil.example' }
    expect((await server.connect(origin)).status).toBe(403)
    const own = { ...admin.headers, origin: `http://127.0.0.1:${server.port}` }
    expect((await server.connect(own)).status).toBe(101)
    const published = { ...admin.headers, origin: 'http://crm.test' }
    expect((await server.connect(published)).status).toBe(101)
  })

  it('is the same person at most 50 times at once, and somebody else all the same', async () => {
    const admin = await server.createOrg()
    const pages = await Promise.all(Array.from({ length: 50 }, () => server.connect(admin.headers)))
    for (const page of pages) page.send({ type: 'ping' })
    await until(() => pages.every((page) => page.messages.length === 1))
    const refused = await server.connect(admin.headers)
    await until(() => refused.messages.closed)
    expect(refused.messages[0]).toMatchObject({ type: 'error', code: 'RATE_LIMITED' })
    expect(refused.messages.closed?.code).toBe(1008)
    const member = await server.createMember(admin.orgId, ['platform.people:viewer'])
    const other = await server.connect(member.headers)
    other.send({ type: 'ping' })
    await until(() => other.messages.length > 0)
    expect(other.messages[0]).toEqual({ type: 'pong' })
    // One closed makes room for another.
    pages[0]!.socket.close()
    await until(() => pages[0]!.messages.closed)
    const again = await server.connect(admin.headers)
    again.send({ type: 'ping' })
    await until(() => again.messages.length > 0)
    expect(again.messages[0]).toEqual({ type: 'pong' })
  })

  it('ends with 4401 when the session ends', async () => {
    const admin = await server.createOrg()
    const page = await subscribed(admin)
    const resolved = await server.accounts.resolveSession(admin.session.token)
    await server.accounts.logOut(resolved!.session!)
    await until(() => page.messages.closed)
    expect(page.messages.closed?.code).toBe(4401)
  })

  it('ends with 4401 for a revoked key that another node revoked', async () => {
    const admin = await server.createOrg()
    const key = await server.accounts.createKey(admin.orgId, { name: 'K' })
    const page = await subscribed({ headers: { authorization: `Bearer ${key.key}` } as never })
    await server.otherNode.revokeKey(admin.orgId, key.id)
    await until(() => page.messages.closed)
    expect(page.messages.closed?.code).toBe(4401)
  })

  it('sees other records from the moment their roles change', async () => {
    const admin = await server.createOrg()
    const member = await server.createMember(admin.orgId, ['platform.people:admin'])
    const page = await subscribed(member)
    const user = server.deployment.model.entities.get('kernel:user')!
    await server.writer.update(await asSystem(admin.orgId), user, member.userId, {
      roles: ['platform.people:rep'],
    })
    await until(() => page.messages.some((message) => message.type === 'resync'))
    await create(admin.orgId, { ownerId: admin.userId })
    await settled(page)
    expect(page.events()).toEqual([])
  })
})

describe('a page that does not read', () => {
  it('is let go with 4408 when it is 4 MiB behind', async () => {
    const admin = await server.createOrg()
    const page = await server.connect(admin.headers)
    page.send({ type: 'subscribe', id: '1', topics: [{ topic: 'noise' }] })
    await until(() => page.messages.length > 0)
    page.socket.pause()
    const payload = { text: 'x'.repeat(60_000) }
    for (let i = 0; i < 400 && !page.messages.closed; i++) {
      server.bus.publish({
        kind: 'progress',
        orgId: admin.orgId,
        topic: 'noise',
        audience: admin.userId,
        payload,
      })
      await sleep(1)
    }
    await sleep(200)
    page.socket.resume()
    await until(() => page.messages.closed)
    expect([4408, 1006]).toContain(page.messages.closed?.code)
    const again = await subscribed(admin, [{ topic: 'noise' }])
    expect(again.messages[0]).toMatchObject({ type: 'subscribed' })
  })
})

describe('a publish', () => {
  it('tells the new revision', async () => {
    const admin = await server.createOrg()
    const page = await subscribed(admin)
    await server.db.query(admin.orgId, {
      text: `update tenant.org_state set revision = revision + 1, epoch = epoch + 1`,
      values: [],
    })
    await until(() => page.messages.some((message) => message.type === 'model'))
    expect(page.messages.at(-1)).toEqual({ type: 'model', revision: expect.any(Number) })
  })
})
