import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { endAll, removeDataFolder, type Server, startServer } from './server-process.ts'
import { type Account, signUp } from './write-ledger.ts'

/** Two servers on one database, and one draft that people edit through either of them. */
let home: string
let nodes: readonly [Server, Server]
let admin: Account
const sockets: WebSocket[] = []

beforeAll(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'runway-studio-nodes-'))
  await chmod(home, 0o755)
  const environment = { RUNWAY_DATA_DIR: path.join(home, 'data') }
  nodes = [await startServer(environment), await startServer(environment)]
  admin = await signUp(nodes[0].url)
}, 240_000)
afterAll(async () => {
  for (const socket of sockets) socket.terminate()
  await endAll()
  await removeDataFolder(path.join(home, 'data'))
  await rm(home, { recursive: true, force: true })
})

// biome-ignore lint/suspicious/noExplicitAny: what comes is compared, never computed with.
type Json = any

async function ask(
  node: Server,
  method: string,
  url: string,
  body?: object,
): Promise<{ status: number; body: Json }> {
  const answer = await fetch(`${node.url}/api/v1${url}`, {
    method,
    headers: { ...admin.headers, ...(body ? { 'content-type': 'application/json' } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
  })
  const text = await answer.text()
  return { status: answer.status, body: text === '' ? null : JSON.parse(text) }
}

/** A page of the studio that is open on one node: what it was told, and when. */
async function openStudio(node: Server) {
  const socket = new WebSocket(`${node.url.replace('http', 'ws')}/api/v1/live`, {
    headers: admin.headers,
  })
  sockets.push(socket)
  const heard: { message: Json; at: number }[] = []
  socket.on('message', (data) =>
    heard.push({ message: JSON.parse(String(data)), at: performance.now() }),
  )
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  socket.send(JSON.stringify({ type: 'subscribe', id: 'page', topics: [{ topic: 'studio' }] }))
  const first = async (is: (message: Json) => boolean) => {
    const find = () => heard.find(({ message }) => is(message))
    await expect.poll(find, { interval: 5 }).toBeTruthy()
    return find()!
  }
  await first((message) => message.type === 'subscribed')
  return {
    first,
    forget: () => heard.splice(0),
  }
}

const field = (label: string) => ({ entity: 'crm.leads:lead', field: { type: 'text', label } })
const setLabel = (from: string, value: string) => ({
  ops: [{ op: 'set', path: ['fields', 'nick', 'field', 'label'], from, value }],
})

describe('one draft on two nodes', () => {
  it('shows an edit made on one to a page that is open on the other, and each node has it', async () => {
    const page = await openStudio(nodes[1])
    const ops = [{ op: 'set', path: ['fields', 'nick'], value: field('Nick') }]
    const began = performance.now()
    expect((await ask(nodes[0], 'PATCH', '/studio/draft', { ops })).status).toBe(200)
    const told = await page.first(({ event }) => event === 'draft.changed')
    console.info(
      `The other node's page heard of the edit ${Math.round(told.at - began)} ms after it began`,
    )
    const seen = await ask(nodes[1], 'GET', '/studio/draft')
    expect(seen.body.document.contributes.fields.nick).toEqual(field('Nick'))
    expect((await ask(nodes[1], 'GET', '/studio/changes')).body).toMatchObject({ changed: 1 })
  })

  it('tells both values when two people write one leaf through different nodes', async () => {
    expect((await ask(nodes[1], 'PATCH', '/studio/draft', setLabel('Nick', 'Theirs'))).status).toBe(
      200,
    )
    const mine = await ask(nodes[0], 'PATCH', '/studio/draft', setLabel('Nick', 'Mine'))
    expect(mine).toMatchObject({
      status: 409,
      body: { code: 'DRAFT_CONFLICT', conflicts: [expect.objectContaining({ now: 'Theirs' })] },
    })
    const both = await Promise.all([
      ask(nodes[0], 'PATCH', '/studio/draft', setLabel('Theirs', 'One')),
      ask(nodes[1], 'PATCH', '/studio/draft', setLabel('Theirs', 'Two')),
    ])
    expect(both.map(({ status }) => status).toSorted()).toEqual([200, 409])
    const kept = (await ask(nodes[0], 'GET', '/studio/draft')).body.document
    expect(kept.contributes.fields.nick.field.label).toBe(both[0].status === 200 ? 'One' : 'Two')
  })

  it('publishes once when both are told to at the same time, and the other is told why not', async () => {
    const page = await openStudio(nodes[1])
    const plans = await Promise.all(nodes.map((node) => ask(node, 'POST', '/studio/plan')))
    expect(plans[0]!.body.hash).toBe(plans[1]!.body.hash)
    const began = performance.now()
    const answers = await Promise.all(
      nodes.map((node, at) =>
        ask(node, 'POST', '/studio/publish', {
          hash: plans[at]!.body.hash,
          message: `From node ${at + 1}`,
        }),
      ),
    )
    expect(answers.map(({ status }) => status).toSorted()).toEqual([201, 409])
    const lost = answers.find(({ status }) => status === 409)!
    expect(lost.body).toMatchObject({ code: expect.stringMatching(/^[A-Z_]+$/) })
    const told = await page.first(({ type }) => type === 'model')
    console.info(
      `A page was told of the revision ${Math.round(told.at - began)} ms after the calls`,
    )
    const winner = answers.find(({ status }) => status === 201)!
    for (const node of nodes) {
      const revisions = (await ask(node, 'GET', '/studio/revisions')).body.data
      expect(revisions).toHaveLength(1)
      expect(revisions[0].revision).toBe(winner.body.revision)
      const fieldsOfLeads = async (): Promise<string[]> => {
        const { entities } = (await ask(node, 'GET', '/model')).body
        const lead = entities.find(({ ref }: Json) => ref === 'crm.leads:lead')
        return lead.fields.map(({ apiName }: Json) => apiName)
      }
      await expect.poll(fieldsOfLeads).toContain('nick')
      expect((await ask(node, 'GET', '/studio/changes')).body).toMatchObject({ changed: 0 })
    }
  })

  it('refuses a plan made on one node after the draft has moved on through the other', async () => {
    const label = (await ask(nodes[0], 'GET', '/studio/draft')).body.document.contributes.fields
      .nick.field.label as string
    await ask(nodes[0], 'PATCH', '/studio/draft', setLabel(label, 'Later'))
    const plan = await ask(nodes[0], 'POST', '/studio/plan')
    await ask(nodes[1], 'PATCH', '/studio/draft', setLabel('Later', 'Latest'))
    const stale = await ask(nodes[0], 'POST', '/studio/publish', {
      hash: plan.body.hash,
      message: 'What I saw',
    })
    expect(stale.status).toBe(409)
    expect((await ask(nodes[1], 'GET', '/studio/revisions')).body.data).toHaveLength(1)
  })
})
