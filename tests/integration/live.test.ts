import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { joinOrg } from '../setup/join-org.ts'
import { startApp, type TestApp } from '../setup/test-app.ts'

type Message = Record<string, unknown>

let app: TestApp
let address: string
const sockets: WebSocket[] = []

beforeAll(async () => {
  app = await startApp()
  address = await app.listen()
})
afterAll(async () => {
  for (const socket of sockets) socket.terminate()
  await app?.stop()
})

async function openPage(headers: Readonly<Record<string, string>>, ...topics: object[]) {
  const socket = new WebSocket(`${address.replace('http', 'ws')}/api/v1/live`, { headers })
  sockets.push(socket)
  const heard: Message[] = []
  let closed = 0
  socket.on('message', (data) => heard.push(JSON.parse(String(data)) as Message))
  socket.on('close', (code) => {
    closed = code
  })
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  socket.send(JSON.stringify({ type: 'subscribe', id: 'page', topics }))
  await until(() => heard.length > 0)
  return {
    socket,
    heard,
    events: () => heard.filter((message) => message['type'] === 'event'),
    closed: () => closed,
    leave: () => socket.close(),
  }
}

async function until(isTrue: () => unknown, ms = 40_000): Promise<void> {
  const end = performance.now() + ms
  while (!isTrue()) {
    if (performance.now() > end) throw new Error('It did not happen in time.')
    await sleep(10)
  }
}

describe('subscriptions', () => {
  it('are limited for one principal, however many connections it opens', async () => {
    const org = await app.createOrg()
    const other = await app.createKey(org.orgId)
    const topics = Array.from({ length: 20 }, (_, n) => ({ topic: `progress-${n}` }))
    const open = async (headers: Readonly<Record<string, string>>) => {
      const page = await openPage(headers, ...topics)
      for (let at = 1; at < 5; at++)
        page.socket.send(JSON.stringify({ type: 'subscribe', id: `more-${at}`, topics }))
      await until(() => page.heard.length === 5)
      return page
    }
    const pages: Awaited<ReturnType<typeof open>>[] = []
    for (let at = 0; at < 5; at++) pages.push(await open(org.headers))
    expect(pages.flatMap(({ heard }) => heard.map(({ type }) => type))).toEqual(
      Array.from({ length: 25 }, () => 'subscribed'),
    )
    const sixth = await openPage(org.headers, topics[0]!)
    expect(sixth.heard).toMatchObject([{ type: 'error', id: 'page', code: 'RATE_LIMITED' }])
    expect((await open(other.headers)).heard[4]).toMatchObject({ type: 'subscribed' })

    pages[0]!.socket.send(JSON.stringify({ type: 'unsubscribe', id: 'page' }))
    pages[0]!.socket.send(JSON.stringify({ type: 'ping' }))
    await until(() => pages[0]!.heard.length === 6)
    const again = await openPage(org.headers, topics[0]!)
    expect(again.heard).toMatchObject([{ type: 'subscribed', id: 'page' }])
  })

  it('count like requests: an organisation that asks too often is told so, and goes on later', async () => {
    const slow = await startApp({ RUNWAY_RATE_LIMIT: '4' })
    try {
      const url = (await slow.listen()).replace('http', 'ws')
      const { headers } = await slow.createOrg()
      const socket = new WebSocket(`${url}/api/v1/live`, { headers })
      sockets.push(socket)
      const heard: Message[] = []
      socket.on('message', (data) => heard.push(JSON.parse(String(data)) as Message))
      await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
      const topics = Array.from({ length: 10 }, () => ({ entity: 'leads' }))
      for (let at = 0; at < 5; at++)
        socket.send(JSON.stringify({ type: 'subscribe', id: 'same', topics }))
      await until(() => heard.length === 5)
      expect(heard[0]).toMatchObject({ type: 'subscribed', id: 'same' })
      // Which of them depends on how fast the machine is; all five are more than there is room for.
      const refusal = { type: 'error', id: 'same', code: 'RATE_LIMITED' }
      expect(heard).toContainEqual(expect.objectContaining(refusal))
      await until(() => {
        if (heard.at(-1)!['type'] === 'subscribed') return true
        socket.send(JSON.stringify({ type: 'subscribe', id: 'same', topics: topics.slice(0, 1) }))
        return false
      })
    } finally {
      await slow.stop()
    }
  })
})

describe('the draft of the studio', () => {
  it('is told when it changes, by whom, and who else looks at it, to whoever may see the studio', async () => {
    const admin = await app.signUp()
    const rep = await joinOrg(app, admin, 'rep')
    const second = await joinOrg(app, admin, 'admin')
    const topic = { topic: 'studio' }
    const refused = await openPage(rep.headers, topic)
    expect(refused.heard).toMatchObject([{ type: 'error', code: 'FORBIDDEN' }])
    const page = await openPage({ cookie: admin.cookie }, topic)
    const other = await openPage(second.headers, topic)
    // Whoever opens it late is told of separately: before, the page heard that nobody else looks.
    const isTold = (one: typeof page, userId: string) =>
      JSON.stringify(one.events().at(-1)?.['data'] ?? null).includes(userId)
    await until(() => isTold(page, second.userId) && isTold(other, admin.userId))
    expect(page.events().at(-1)).toMatchObject({
      event: 'presence',
      data: { others: [{ id: second.userId, name: 'Member' }] },
    })
    const changes = () => page.events().filter(({ event }) => event !== 'presence')
    const value = { entity: 'crm.leads:lead', field: { type: 'text' } }
    const ops = [{ op: 'set', path: ['fields', 'nick'], value }]
    await second.call('PATCH', '/studio/draft', { ops })
    await until(() => changes().length === 1)
    expect(changes()[0]).toMatchObject({
      type: 'event',
      topic: 'studio',
      event: 'draft.changed',
      by: { type: 'user', id: second.userId, name: 'Member' },
    })
    await admin.call('DELETE', '/studio/draft')
    await until(() => changes().length === 2)
    expect(changes()[1]).toMatchObject({ event: 'draft.changed', by: { id: admin.userId } })
  })
})

describe('who looks at a record', () => {
  it('is told to whoever may read it and looks as well, until they go', async () => {
    const admin = await app.signUp()
    const rep = await joinOrg(app, admin, 'rep')
    const stranger = await app.signUp()
    const { id } = (await admin.call('POST', '/leads', { name: 'Ada' })).json<{ id: string }>()
    const topic = { topic: `presence:leads/${id}` }
    const hers = await openPage({ cookie: admin.cookie }, topic)
    const refused = await openPage(stranger.headers, topic)
    expect(refused.heard).toMatchObject([{ type: 'error', code: 'NOT_FOUND' }])
    // A rep sees their own leads alone.
    const early = await openPage(rep.headers, topic)
    expect(early.heard).toMatchObject([{ type: 'error', code: 'NOT_FOUND' }])
    await admin.call('PATCH', `/leads/${id}`, { ownerId: rep.userId })
    const theirs = await openPage(rep.headers, topic)
    const last = (page: typeof hers) => page.events().at(-1) as { data?: { others: object[] } }
    await until(() => last(hers)?.data?.others.length === 1)
    await until(() => last(theirs)?.data?.others.length === 1)
    expect(last(hers)).toMatchObject({
      event: 'presence',
      entity: 'leads',
      id,
      data: { others: [{ id: rep.userId, name: 'Member' }] },
    })
    expect(last(theirs).data?.others).toMatchObject([{ id: admin.userId }])
    theirs.leave()
    await until(() => last(hers).data?.others.length === 0)
    // Whoever may no longer read it is told of nobody.
    const again = await openPage(rep.headers, topic)
    await until(() => again.events().length === 1)
    await admin.call('PATCH', `/leads/${id}`, { ownerId: admin.userId })
    const before = again.events().length
    const other = await openPage({ cookie: admin.cookie }, topic)
    await until(() => other.events().length > 0)
    expect(again.events().length).toBe(before)
  })
})

describe('an open page', () => {
  it('hears within a moment what somebody else does through the API and through an action', async () => {
    const admin = await app.signUp()
    const key = await app.createKey(admin.orgId)
    const page = await openPage({ cookie: admin.cookie }, { entity: 'leads' })
    const created = await key.call('POST', '/leads', { name: 'Ada', email: 'ada@example.test' })
    expect(created.statusCode).toBe(201)
    const { id } = created.json<{ id: string }>()
    await until(() => page.events().length === 1)
    const run = await key.call('POST', '/actions/crm.leads:score_lead', { input: { leadId: id } })
    expect(run.statusCode).toBe(200)
    await until(() => page.events().length === 2)
    expect(page.events()).toMatchObject([
      { event: 'record.created', entity: 'leads', id, version: 1 },
      { event: 'record.updated', entity: 'leads', id, version: 2, fields: ['score'] },
    ])
    const changes = await key.call('GET', '/changes')
    expect(changes.json<{ data: Message[] }>().data[0]).toMatchObject({ door: 'action' })
  })

  it('follows an import to its end', async () => {
    const admin = await app.signUp()
    const form = new FormData()
    form.append(
      'file',
      new Blob(['name,email\nAda,ada@example.test\nBo,bo@example.test\n']),
      'a.csv',
    )
    form.append(
      'spec',
      JSON.stringify({ entity: 'leads', columns: { name: 'name', email: 'email' }, dryRun: true }),
    )
    const request = new Request('http://x', { method: 'POST', body: form })
    const upload = await app.inject({
      method: 'POST',
      url: '/api/v1/imports',
      headers: {
        cookie: admin.cookie,
        'content-type': request.headers.get('content-type') as string,
      },
      payload: Buffer.from(await request.arrayBuffer()),
    })
    expect(upload.statusCode).toBe(202)
    const { id } = upload.json<{ id: string }>()
    for (let status = ''; status !== 'waiting'; await sleep(20)) {
      status = (await admin.call('GET', `/imports/${id}`)).json<{ status: string }>().status
    }
    const topics = [{ topic: `imports:${id}` }, { entity: 'leads' }]
    const page = await openPage({ cookie: admin.cookie }, ...topics)
    expect((await admin.call('POST', `/imports/${id}/start`, {})).statusCode).toBe(202)
    const progress = () => page.events().filter((event) => event['event'] === 'progress')
    await until(() => (progress().at(-1)?.['data'] as Message | undefined)?.['status'] === 'done')
    await until(() => page.events().length - progress().length === 2)
    expect(progress().at(-1)).toMatchObject({
      topic: `imports:${id}`,
      data: { status: 'done', counts: { rows: 2, created: 2 } },
    })
  })

  it('is closed with 4401 when its session ends', async () => {
    const admin = await app.signUp()
    const page = await openPage({ cookie: admin.cookie }, { entity: 'leads' })
    await admin.call('POST', '/auth/logout')
    await until(() => page.closed() > 0)
    expect(page.closed()).toBe(4401)
  })

  it('hears how far the index of a field is filled', async () => {
    const admin = await app.signUp()
    const publish = async (path: string[], value: unknown) => {
      const ops = [{ op: 'set', path, value }]
      expect((await admin.call('PATCH', '/studio/draft', { ops })).statusCode).toBe(200)
      const { hash } = (await admin.call('POST', '/studio/plan')).json<{ hash: string }>()
      expect((await admin.call('POST', '/studio/publish', { hash })).statusCode).toBe(201)
    }
    await publish(['fields', 'rank'], { entity: 'crm.leads:lead', field: { type: 'integer' } })
    const { length } = (await admin.call('GET', '/leads?limit=200')).json<{ data: object[] }>().data
    const page = await openPage({ cookie: admin.cookie }, { topic: 'slot_fill' })
    await publish(['fields', 'rank', 'field', 'indexed'], true)
    const progress = () => page.events().filter((event) => event['event'] === 'progress')
    await until(() => progress().some((event) => (event['data'] as Message)['isDone']))
    expect(progress().at(-1)).toMatchObject({
      topic: 'slot_fill',
      data: { entity: 'crm.leads:lead', filled: length, left: 0, isDone: true },
    })
  })

  it('hears of a publish', async () => {
    const admin = await app.signUp()
    const page = await openPage({ cookie: admin.cookie }, { entity: 'leads' })
    const path = ['contributes', 'entities', 'house']
    const house = {
      label: 'House',
      labelPlural: 'Houses',
      plural: 'houses',
      titleField: 'name',
      fields: { name: { type: 'text', label: 'Name' } },
    }
    const patched = await admin.call('PATCH', '/studio/draft', {
      ops: [{ op: 'set', path: path.slice(1), value: house }],
    })
    expect(patched.statusCode, patched.body).toBe(200)
    const plan = (await admin.call('POST', '/studio/plan')).json<{ hash: string }>()
    const published = await admin.call('POST', '/studio/publish', {
      hash: plan.hash,
      message: 'Houses',
    })
    expect(published.statusCode, published.body).toBe(201)
    const { revision } = published.json<{ revision: number }>()
    await until(() => page.heard.some((message) => message['type'] === 'model'))
    expect(page.heard.find((message) => message['type'] === 'model')).toEqual({
      type: 'model',
      revision,
    })
  })
})
