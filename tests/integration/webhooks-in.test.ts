import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { act, type Door, deliver, openDoor, post, standardHeaders } from '../setup/hooks.ts'
import { joinOrg } from '../setup/join-org.ts'
import { type Caller, startApp, type TestApp } from '../setup/test-app.ts'
import { type Json, step, trigger, workflowsOf } from '../setup/workflows.ts'

/** What other systems tell begins workflows. */
let app: TestApp
let org: Caller
let flows: ReturnType<typeof workflowsOf>
let door: Door

const inbound = 'integrations.webhooks:received'

beforeAll(async () => {
  app = await startApp({ RUNWAY_RATE_LIMIT: '100000' })
  org = await app.createOrg({ name: 'Acme' })
  flows = workflowsOf(org)
  door = await openDoor(org, { keptHeaders: ['X-Topic'] })
  const other = await openDoor(org, { name: 'Another' })
  const makesLead = (endpoint: string, when?: object) => ({
    label: 'A lead of each order',
    triggers: { hook: trigger(inbound, { endpoint }, when) },
    start: 'make',
    steps: {
      make: step('create-record', {
        entity: 'crm.leads:lead',
        values: {
          name: '{{ trigger.payload.body.customer.name }}',
          notes:
            '{{ trigger.payload.label }} {{ trigger.payload.outside }} {{ trigger.payload.replay }}',
        },
      }),
    },
  })
  await flows.publish({
    orders: makesLead(door.id, {
      all: [{ fact: 'trigger', path: 'payload.body.kind', operator: '$eq', value: 'order' }],
    }),
    others: makesLead(other.id),
  })
})
afterAll(() => app?.stop())

const leads = async (): Promise<Json[]> => (await flows.ask('GET', '/leads?sort=createdAt')).data
const log = async (): Promise<Json[]> =>
  (await flows.ask('GET', '/received-webhooks?sort=receivedAt')).data
const namesBecome = (names: readonly string[]) =>
  expect.poll(async () => (await leads()).map(({ name }) => name).sort()).toEqual([...names].sort())

describe('a webhook that comes in', () => {
  it('begins the workflow that waits for it, once however often it is delivered', async () => {
    const order = { kind: 'order', customer: { name: 'Ada Lovelace' } }
    const first = await deliver(app, door, order, { id: 'msg_ada' })
    expect([first.statusCode, first.json()]).toEqual([202, { id: 'msg_ada', duplicate: false }])
    const again = await deliver(app, door, order, { id: 'msg_ada' })
    expect([again.statusCode, again.json()]).toEqual([200, { id: 'msg_ada', duplicate: true }])
    await deliver(app, door, { kind: 'ping' }, { id: 'msg_ping' })
    await namesBecome(['Ada Lovelace'])
    expect((await leads())[0].notes).toBe('Shop true false')
    await flows.only('t:orders')
    expect(await flows.runs()).toHaveLength(1)
  })

  it('counts with the secret before for a day, and with the new one', async () => {
    const { secret, address } = await act(org, 'rotate_inbound_secret', { id: door.id })
    expect(address).toContain(door.path)
    const order = (name: string) => ({ kind: 'order', customer: { name } })
    expect((await deliver(app, door, order('Old'), { id: 'msg_old' })).statusCode).toBe(202)
    door = { ...door, secret }
    expect((await deliver(app, door, order('New'), { id: 'msg_new' })).statusCode).toBe(202)
    await namesBecome(['Ada Lovelace', 'Old', 'New'])
  })

  it('stands in the log, and begins anew from there, marked', async () => {
    const entries = await log()
    expect(entries.map(({ deliveryId }) => deliveryId)).toEqual([
      ...['msg_ada', 'msg_ping', 'msg_old', 'msg_new'],
    ])
    expect(entries[0]).toMatchObject({
      inboundId: door.id,
      contentType: 'application/json',
      body: '{"kind":"order","customer":{"name":"Ada Lovelace"}}',
      replays: 0,
    })
    expect(await act(org, 'replay_received', { ids: [entries[0].id] })).toEqual({ deliveries: 1 })
    await namesBecome(['Ada Lovelace', 'Old', 'New', 'Ada Lovelace'])
    expect((await leads()).at(-1).notes).toBe('Shop true true')
    expect((await log())[0]).toMatchObject({ replays: 1 })
    const [shop] = (await flows.ask('GET', '/inbound-webhooks?sort=createdAt')).data
    expect(shop.lastReceivedAt).toBe(entries.at(-1).receivedAt)
  })

  it('begins anew with what it was, whatever it calls itself', async () => {
    const other = await openDoor(org, { name: 'Plain' })
    const body = '{"kind": order}'
    const headers = standardHeaders(other.secret, body, { id: 'msg_plain' })
    const sent = await post(app, other.path, body, { ...headers, 'content-type': 'text/json' })
    expect(sent.statusCode).toBe(202)
    const entry = (await log()).find(({ deliveryId }) => deliveryId === 'msg_plain')
    expect(await act(org, 'replay_received', { ids: [entry.id] })).toEqual({ deliveries: 1 })
  })

  it('is shown to admins and whoever owns the address, and to nobody else', async () => {
    const viewer = await app.createKey(org.orgId, { role: 'viewer' })
    const editor = await app.createKey(org.orgId, { role: 'editor' })
    const [{ id }] = await log()
    for (const one of [viewer, editor]) {
      expect((await one.call('GET', '/received-webhooks')).json<Json>().data).toEqual([])
      expect((await one.call('GET', `/received-webhooks/${id}`)).statusCode).toBe(404)
    }
    for (const [key, input] of [
      ['replay_received', { ids: [id] }],
      ['rotate_inbound_secret', { id: door.id }],
      ['change_inbound', { id: door.id, keptHeaders: [] }],
    ] as const) {
      const answer = await editor.call('POST', `/actions/integrations.webhooks:${key}`, { input })
      expect([key, answer.statusCode]).toEqual([key, key === 'replay_received' ? 422 : 403])
    }
  })

  it('has another owner by an admin, or by who owns it, and by nobody who only may change it', async () => {
    const editor = await joinOrg(app, org, 'platform.people:editor')
    const ownerId = editor.userId
    const mine = await editor.call('PATCH', `/inbound-webhooks/${door.id}`, { ownerId })
    expect(mine.statusCode).toBe(403)
    const input = { id: door.id }
    const rotated = await editor.call(
      'POST',
      `/actions/integrations.webhooks:rotate_inbound_secret`,
      {
        input,
      },
    )
    expect(rotated.statusCode).toBe(403)
    const [{ id, ownerId: before }] = (await flows.ask('GET', '/inbound-webhooks?sort=createdAt'))
      .data
    expect(id).toBe(door.id)
    await flows.ask('PATCH', `/inbound-webhooks/${id}`, { ownerId })
    const back = await editor.call('PATCH', `/inbound-webhooks/${id}`, { ownerId: before })
    expect(back.statusCode).toBe(200)
  })

  it('is told from forgeries as its action says, whoever takes that back', async () => {
    const path = '/actions/integrations.webhooks'
    const revert = (changeSetId: string) => org.call('POST', `/changes/${changeSetId}/revert`, {})
    const call = async (key: string, input: object) =>
      (await org.call('POST', `${path}:${key}`, { input })).json<Json>()
    const more = { scheme: 'hmac-sha256', signatureHeader: 'x-signature' }
    const made = await call('create_inbound', { name: 'Till', ...more })
    const { id } = made.output
    const changed = await call('change_inbound', { id, signatureHeader: 'x-stronger' })
    const rotated = await call('rotate_inbound_secret', { id, newAddress: true })
    const before = await flows.ask('GET', `/inbound-webhooks/${id}`)
    for (const { changeSetId } of [changed, rotated]) {
      const answer = await revert(changeSetId)
      expect(answer.json<Json>()).toMatchObject({
        status: 409,
        conflicts: [{ id, reason: 'Only its actions change how an inbound webhook is signed.' }],
      })
    }
    expect(await flows.ask('GET', `/inbound-webhooks/${id}`)).toEqual(before)
    // What anybody may change who may change the record comes back, and the whole of it goes.
    await flows.ask('PATCH', `/inbound-webhooks/${id}`, { name: 'Tills' })
    const [renamed] = (await flows.ask('GET', `/inbound-webhooks/${id}/history`)).data
    expect((await revert(renamed.changeId)).statusCode).toBe(200)
    expect((await flows.ask('GET', `/inbound-webhooks/${id}`)).name).toBe('Till')
    const fresh = await call('create_inbound', { name: 'Mistaken' })
    expect((await revert(fresh.changeSetId)).statusCode).toBe(200)
    const gone = await org.call('GET', `/inbound-webhooks/${fresh.output.id}`)
    expect(gone.statusCode).toBe(404)
  })

  it('is taken at the new address alone once there is one', async () => {
    const moved = await act(org, 'rotate_inbound_secret', { id: door.id, newAddress: true })
    const before = await deliver(app, door, { kind: 'ping' }, { id: 'msg_moved' })
    expect(before.statusCode).toBe(401)
    door = { ...door, path: new URL(moved.address).pathname, secret: moved.secret }
    const after = await deliver(app, door, { kind: 'ping' }, { id: 'msg_moved' })
    expect(after.statusCode).toBe(202)
  })

  it('is slowed down by address, without hindering others', async () => {
    const unknown = `/hooks/${org.slug}/webhooks/${'x'.repeat(43)}`
    const codes = new Set<number>()
    for (let n = 0; n < 400 && !codes.has(429); n++) {
      codes.add((await post(app, unknown, '{}')).statusCode)
    }
    expect([...codes]).toEqual([401, 429])
    const body = '{"kind":"ping"}'
    const headers = standardHeaders(door.secret, body, { id: 'msg_calm' })
    expect((await post(app, door.path, body, headers)).statusCode).toBe(202)
  })
})
