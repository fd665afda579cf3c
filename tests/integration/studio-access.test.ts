import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { joinOrg } from '../setup/join-org.ts'
import { startApp, type TestApp } from '../setup/test-app.ts'

/** What a publish gives and takes, before it does. */
let app: TestApp
let admin: Awaited<ReturnType<TestApp['signUp']>>
let ann: Awaited<ReturnType<typeof joinOrg>>
let bob: typeof ann

beforeAll(async () => {
  app = await startApp()
  admin = await app.signUp()
  ann = await joinOrg(app, admin, 'rep', 'Ann')
  bob = await joinOrg(app, admin, 'viewer', 'Bob')
  const leads = [
    { name: 'One', ownerId: ann.userId, score: 10 },
    { name: 'Two', ownerId: admin.userId, score: 90 },
    { name: 'Three', ownerId: admin.userId, score: 95 },
    { name: 'Four', ownerId: null, score: 50 },
  ]
  for (const lead of leads) await ask('POST', '/leads', lead)
  await app.createKey(admin.orgId, { role: 'rep' })
})
afterAll(() => app.stop())
beforeEach(() => ask('DELETE', '/studio/draft'))

// biome-ignore lint/suspicious/noExplicitAny: what comes is compared, never computed with.
type Json = any

async function ask(method: string, path: string, body?: unknown): Promise<Json> {
  const answer = await admin.call(method, path, body)
  if (answer.statusCode >= 300) throw new Error(`${method} ${path}: ${answer.body}`)
  return answer.statusCode === 204 ? null : answer.json()
}
const edit = (...ops: object[]) => ask('PATCH', '/studio/draft', { ops })
const rep = 'roles/platform.people:rep'
const ofEntity = (diff: Json, entity: string) =>
  diff.entities.find((one: Json) => one.entity === entity)

describe('the access diff', () => {
  it('is empty while no role changes', async () => {
    await edit({
      op: 'set',
      path: ['fields', 'nick'],
      value: { entity: 'crm.leads:lead', field: { type: 'text' } },
    })
    const diff = await ask('POST', '/studio/access-diff')
    expect(diff).toEqual({
      roles: [],
      people: [],
      holders: { count: 0, compared: 0 },
      unchangedRoles: 5,
    })
  })

  it('counts the records that a role and its people gain, by the condition that will decide', async () => {
    await edit({
      op: 'set',
      target: rep,
      path: ['rules', 'seeGood'],
      value: { entity: 'crm.leads:lead', operations: ['read'], condition: { score: { $gte: 90 } } },
    })
    const { roles, people, holders } = await ask('POST', '/studio/access-diff')
    expect(holders).toEqual({ count: 1, compared: 1 })
    expect(roles).toHaveLength(1)
    expect(roles[0]).toMatchObject({
      label: 'Sales rep',
      members: 1,
      keys: 1,
      gained: [],
      lost: [],
    })
    expect(roles[0].entities).toEqual([
      {
        entity: 'crm.leads:lead',
        label: 'Leads',
        // Ann's own, and the one that nobody owns.
        records: { before: 2, after: 4, gained: 2, lost: 0 },
        fields: { gained: [], lost: [] },
        changes: { gained: [], lost: [] },
        operations: { gained: [], lost: [], changed: ['read'] },
      },
    ])
    expect(people).toEqual([
      {
        id: ann.userId,
        name: 'Ann',
        roles: ['platform.people:rep'],
        entities: roles[0].entities,
      },
    ])
  })

  it('names fields, operations and rights that a role loses', async () => {
    const viewer = 'roles/platform.people:viewer'
    const { definition } = await ask('GET', '/studio/contributions/roles/platform.people:viewer')
    await edit(
      {
        op: 'set',
        target: viewer,
        path: ['rules', 'noScore'],
        value: {
          effect: 'deny',
          entity: 'crm.leads:lead',
          operations: ['read'],
          fields: ['score'],
        },
      },
      {
        op: 'set',
        target: viewer,
        path: ['rules', 'noAccounts'],
        value: { effect: 'deny', entity: 'crm.accounts:account', operations: ['manage'] },
      },
      {
        op: 'set',
        target: viewer,
        path: ['permissions'],
        from: definition.permissions,
        value: [],
      },
    )
    const { roles, people } = await ask('POST', '/studio/access-diff')
    expect(roles[0]).toMatchObject({ gained: [], lost: ['actions:read'] })
    expect(people).toMatchObject([{ name: 'Bob' }])
    expect(ofEntity(people[0], 'crm.leads:lead')).toMatchObject({ fields: { lost: ['Score'] } })
    expect(ofEntity(people[0], 'crm.accounts:account')).toMatchObject({
      records: { after: 0 },
      operations: { lost: ['read'] },
    })
    expect(ofEntity(roles[0], 'crm.leads:lead')).toMatchObject({
      records: { before: 4, after: 4 },
      fields: { lost: ['Score'] },
    })
    expect(ofEntity(roles[0], 'crm.accounts:account')).toMatchObject({
      operations: { lost: ['read'] },
      fields: { lost: [] },
    })
  })

  it('tells of a new role, and of conditions on fields that only the draft has', async () => {
    await edit(
      {
        op: 'set',
        path: ['fields', 'vip'],
        value: { entity: 'crm.leads:lead', field: { type: 'boolean' } },
      },
      {
        op: 'set',
        path: ['roles', 'vip'],
        value: {
          label: 'For VIPs',
          permissions: ['import'],
          rules: {
            vip: { entity: 'crm.leads:lead', operations: ['read'], condition: { vip: true } },
          },
        },
      },
    )
    const { roles } = await ask('POST', '/studio/access-diff')
    expect(roles).toMatchObject([
      {
        ref: 't:vip',
        label: 'For VIPs',
        members: 0,
        gained: ['import'],
        entities: [{ operations: { gained: ['read'] }, records: { after: 0 } }],
      },
    ])
  })
})

describe('a publish', () => {
  it('is refused when nobody could shape the organisation after it, and nothing of it stays', async () => {
    const { definition } = await ask('GET', '/studio/contributions/roles/platform.people:admin')
    const lockOuts = [
      { path: ['permissions'], from: definition.permissions, value: ['export'] },
      {
        path: ['rules', 'nobody'],
        value: { effect: 'deny', entity: 'kernel:user', operations: ['manage'] },
      },
    ]
    for (const lockOut of lockOuts) {
      await ask('DELETE', '/studio/draft')
      await edit({ op: 'set', target: 'roles/platform.people:admin', ...lockOut })
      const { hash } = await ask('POST', '/studio/plan')
      const answer = await admin.call('POST', '/studio/publish', { hash })
      expect(answer.statusCode).toBe(409)
      expect(answer.json()).toMatchObject({
        code: 'LAST_ADMIN',
        detail: expect.stringContaining('members:manage'),
      })
      expect(await ask('GET', '/studio/revisions')).toEqual({ data: [] })
      expect(await ask('GET', '/studio/changes')).toMatchObject({ changed: 1 })
    }
  })

  it('of another kind, disabling the plugin with the roles of all admins, is refused as well', async () => {
    const at = '/plugins/platform.people'
    const answer = await admin.call('PATCH', at, { state: 'disabled' })
    expect(answer.json()).toMatchObject({ status: 409, code: 'LAST_ADMIN' })
    expect((await admin.call('GET', '/leads')).statusCode).toBe(200)
  })

  it('may narrow a role of admins when another admin role is held', async () => {
    const rules = { all: { entity: '*', operations: ['manage'] } }
    const permissions = ['studio:read', 'studio:write', 'members:manage']
    await edit({
      op: 'set',
      path: ['roles', 'chief'],
      value: { label: 'Chief', admin: true, rules, permissions },
    })
    const first = await ask('POST', '/studio/plan')
    await ask('POST', '/studio/publish', { hash: first.hash })
    await ask('PATCH', `/users/${bob.userId}`, { roles: ['t:chief'] })
    const { definition } = await ask('GET', '/studio/contributions/roles/platform.people:admin')
    const value = ['studio:read']
    await edit({
      op: 'set',
      target: 'roles/platform.people:admin',
      path: ['permissions'],
      from: definition.permissions,
      value,
    })
    const { hash } = await ask('POST', '/studio/plan')
    await ask('POST', '/studio/publish', { hash })
    // The other one takes it back; who was narrowed cannot.
    expect((await admin.call('POST', '/studio/rollback', { revision: 1 })).statusCode).toBe(403)
    const back = await bob.call('POST', '/studio/rollback', { revision: 1 })
    expect(back.statusCode).toBe(201)
  })
})

describe('where two people are needed', () => {
  it('nobody publishes what they changed, not through a key of theirs either', async () => {
    await ask('PATCH', '/settings/kernel:publishing', { secondPerson: true })
    const second = await joinOrg(app, admin, 'admin', 'Eve')
    const made = await ask('POST', '/actions/platform.api-keys:create_key', {
      input: { name: 'Mine' },
    })
    const headers = { authorization: `Bearer ${made.output.key}` }
    const byKey = (method: 'POST' | 'PATCH', path: string, payload: object) =>
      app.inject({ method, url: `/api/v1${path}`, headers, payload })
    const value = { entity: 'crm.leads:lead', field: { type: 'text' } }
    const ops = [{ op: 'set', path: ['fields', 'second'], value }]
    for (const change of [() => edit(...ops), () => byKey('PATCH', '/studio/draft', { ops })]) {
      await ask('DELETE', '/studio/draft')
      await change()
      expect(await ask('GET', '/studio/changes')).toMatchObject({ secondPerson: true })
      const { hash } = await ask('POST', '/studio/plan')
      const mine = await admin.call('POST', '/studio/publish', { hash })
      const keys = await byKey('POST', '/studio/publish', { hash })
      for (const answer of [mine, keys]) {
        expect(answer.json()).toMatchObject({
          code: 'FORBIDDEN',
          detail: expect.stringContaining('Two people are needed'),
        })
      }
    }
    const { hash } = (await second.call('POST', '/studio/plan')).json()
    expect((await second.call('POST', '/studio/publish', { hash })).statusCode).toBe(201)
  })
})

describe('of many people', () => {
  it('two hundred are looked at one by one, and it is said how many there are', async () => {
    const ctx = await app.house.contexts.system(admin.orgId)
    const users = ctx.model.entities.get('kernel:user')!
    for (let n = 1; n <= 230; n++) {
      await app.house.writer.create(ctx, users, {
        name: `Rep ${n}`,
        email: `rep${n}@many.example.test`,
        roles: ['platform.people:rep'],
        active: n <= 220,
      })
    }
    await edit({
      op: 'set',
      target: rep,
      path: ['rules', 'seeAll'],
      value: { entity: 'crm.leads:lead', operations: ['read'] },
    })
    const { roles, people, holders } = await ask('POST', '/studio/access-diff')
    // Ann among them; whoever is not active any more holds nothing.
    expect(holders).toEqual({ count: 221, compared: 200 })
    expect(people).toHaveLength(200)
    expect(roles[0]).toMatchObject({ members: 221 })
  })
})
