import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Caller, startApp, type TestApp } from '../setup/test-app.ts'

/** Somebody who shapes the CRM, and reads leads but for their score, of which only own ones are changed. */
const builder = {
  label: 'Builder',
  permissions: ['studio:read', 'studio:write', 'actions:crm.leads:score_lead'],
  rules: {
    read: { operations: ['read'], entity: 'crm.leads:lead' },
    own: { operations: ['update'], entity: 'crm.leads:lead', scope: 'own' },
    score: {
      effect: 'deny',
      operations: ['manage'],
      entity: 'crm.leads:lead',
      fields: ['score'],
    },
  },
}
const reads = (entity: string, more: object = {}) => ({
  label: 'Reads',
  rules: { all: { operations: ['read'], entity, ...more } },
})

let app: TestApp
let admin: Caller
let by: Caller
beforeAll(async () => {
  app = await startApp()
  admin = await app.createOrg()
  expect((await publish(admin, [set('builder', builder)])).statusCode).toBe(201)
  by = await app.createKey(admin.orgId, { role: 't:builder' })
})
afterAll(() => app?.stop())

const set = (role: string, value: unknown, from?: unknown) => ({
  op: 'set',
  path: ['roles', role],
  value,
  ...(from === undefined ? {} : { from }),
})

async function edit(who: Caller, ops: readonly object[]) {
  await who.call('DELETE', '/studio/draft')
  const edited = await who.call('PATCH', '/studio/draft', { ops })
  expect(edited.statusCode, edited.body).toBe(200)
}

async function publish(who: Caller, ops: readonly object[]) {
  await edit(who, ops)
  const { hash } = (await who.call('POST', '/studio/plan')).json<{ hash: string }>()
  return who.call('POST', '/studio/publish', { hash })
}

const rolesOf = async () =>
  (await admin.call('GET', '/model'))
    .json<{ roles: { ref: string }[] }>()
    .roles.map(({ ref }) => ref)

describe('who shapes the CRM and is no admin', () => {
  it.each([
    ['another entity', set('x', reads('crm.accounts:account')), 'read crm.accounts:account'],
    ['everything', set('x', reads('*')), 'read crm.accounts:account'],
    ['a hidden field', set('x', reads('crm.leads:lead')), 'read crm.leads:lead.score'],
    [
      'all records where they have their own',
      set('x', { label: 'X', rules: { u: { operations: ['update'], entity: 'crm.leads:lead' } } }),
      'update crm.leads:lead',
    ],
    [
      'other records than theirs',
      set('x', {
        label: 'X',
        rules: {
          u: {
            operations: ['update'],
            entity: 'crm.leads:lead',
            condition: { status: 'new' },
            fields: ['name'],
          },
        },
      }),
      'update crm.leads:lead',
    ],
    [
      'another permission',
      set('x', { label: 'X', permissions: ['members:manage'], rules: {} }),
      'members:manage',
    ],
    ['all actions', set('x', { label: 'X', permissions: ['actions:*'], rules: {} }), 'actions:*'],
    ['being an admin', set('x', { label: 'X', admin: true, rules: {} }), 'being an admin'],
    [
      'what is denied to themselves',
      set('builder', { ...builder, rules: { read: builder.rules.read } }, builder),
      'read crm.leads:lead.score',
    ],
  ])('gives no role %s', async (_, op, right) => {
    const answer = await publish(by, [op])
    expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([403, 'FORBIDDEN'])
    expect(answer.json<{ detail: string }>().detail).toContain(right)
    expect(await rolesOf()).not.toContain('t:x')
    // Nor does an admin's key that was narrowed to the studio.
    const { hash } = (await admin.call('POST', '/studio/plan')).json<{ hash: string }>()
    const narrowed = await app.createKey(admin.orgId, { scopes: ['studio:read', 'studio:write'] })
    const refused = await narrowed.call('POST', '/studio/publish', { hash })
    expect(refused.statusCode).toBe(403)
  })

  it('names fields of the system by key or as they are written', async () => {
    const fields = ['owner', 'ownerId', 'createdBy', 'name']
    const rule = { operations: ['read'], entity: 'crm.leads:lead', fields }
    const { hash } = await edit(admin, [set('keys', { label: 'Keys', rules: { rule } })]).then(
      async () => (await admin.call('POST', '/studio/plan')).json<{ hash: string }>(),
    )
    expect((await admin.call('POST', '/studio/publish', { hash })).statusCode).toBe(201)
    const ghost = { ...rule, fields: ['ghost'] }
    await admin.call('DELETE', '/studio/draft')
    const ops = [set('ghost', { label: 'Ghost', rules: { ghost } })]
    const refused = await admin.call('PATCH', '/studio/draft', { ops })
    expect(refused.json()).toMatchObject({
      errors: [{ path: 'roles/ghost/rules/ghost/fields/ghost' }],
    })
  })

  it('publishes workflows that do no more than they may themselves', async () => {
    const workflow = (more: object) => ({
      ...{ op: 'set', path: ['workflows', 'greet'] },
      value: {
        ...{ label: 'Greet', entity: 'crm.leads:lead', start: 'end', ...more },
        triggers: { created: { type: 'platform.workflows:record-created' } },
        steps: { end: { type: 'platform.workflows:stop' } },
      },
    })
    for (const [more, right] of [
      [{}, 'acting with all rights: t:greet'],
      [{ role: 'platform.people:admin' }, 'being an admin'],
      [{ role: 'platform.people:viewer' }, 'read crm.accounts:account'],
    ] as const) {
      const refused = await publish(by, [workflow(more)])
      expect(refused.statusCode, refused.body).toBe(403)
      expect(refused.json().detail).toContain(right)
    }
    expect((await publish(by, [workflow({ enabled: false })])).statusCode).toBe(201)
    const on = { op: 'set', path: ['workflows', 'greet', 'enabled'], from: false, value: true }
    expect((await publish(by, [on])).statusCode).toBe(403)
    const role = { op: 'set', path: ['workflows', 'greet', 'role'], value: 't:builder' }
    expect((await publish(by, [on, role])).statusCode).toBe(201)
  })

  it('gives what they have, in part or in other words, and everything about what they make', async () => {
    const score = builder.rules.score
    const answer = await publish(by, [
      set('less', {
        label: 'Less',
        permissions: ['studio:read', 'actions:crm.leads:score_lead'],
        rules: {
          leads: { operations: ['read'], entity: 'crm.leads:lead', condition: { status: 'new' } },
          own: {
            operations: ['update'],
            entity: 'crm.leads:lead',
            condition: { $and: [{ ownerId: '@me' }, { status: 'new' }] },
          },
          things: { operations: ['manage'], entity: 't:thing' },
          score,
        },
      }),
      {
        op: 'set',
        path: ['entities', 'thing'],
        value: {
          label: 'Thing',
          labelPlural: 'Things',
          plural: 'things',
          titleField: 'name',
          fields: { name: { type: 'text', label: 'Name' } },
        },
      },
    ])
    expect(answer.statusCode, answer.body).toBe(201)
    expect(await rolesOf()).toContain('t:less')
  })

  it('publishes words and fields though roles of admins are wider than theirs', async () => {
    const answer = await publish(by, [
      { op: 'set', target: 'crm.leads:lead', path: ['label'], from: 'Lead', value: 'Enquiry' },
    ])
    expect(answer.statusCode, answer.body).toBe(201)
  })

  it('brings no rights back by rolling back, and an admin does', async () => {
    const wide = reads('crm.accounts:account')
    const wider = await publish(admin, [set('once', wide)])
    const { revision } = wider.json<{ revision: number }>()
    const narrower = await publish(admin, [set('once', reads('crm.leads:lead'), wide)])
    expect(narrower.statusCode, narrower.body).toBe(201)
    const refused = await by.call('POST', '/studio/rollback', { revision })
    expect([refused.statusCode, refused.json<{ code: string }>().code]).toEqual([403, 'FORBIDDEN'])
    expect(refused.json<{ detail: string }>().detail).toContain('read crm.accounts:account')
    expect((await admin.call('POST', '/studio/rollback', { revision })).statusCode).toBe(201)
  })

  it('reads nothing more through the draft than what they could publish', async () => {
    const published = await admin.call('GET', '/studio/revisions')
    expect(published.statusCode).toBe(200)
    const { rules } = builder
    await edit(by, [
      set(
        'builder',
        { ...builder, rules: { ...rules, more: reads('crm.accounts:account').rules.all } },
        builder,
      ),
    ])
    const draft = { 'x-runway-revision': 'draft' }
    expect((await by.call('GET', '/accounts', undefined, draft)).statusCode).toBe(403)
    expect((await by.call('GET', '/leads', undefined, draft)).statusCode).toBe(200)
    const made = await admin.call('POST', '/leads', { name: 'Ada', score: 5 })
    expect(made.statusCode).toBe(201)
    await edit(by, [set('builder', { ...builder, rules: { read: rules.read } }, builder)])
    const leads = await by.call('GET', '/leads', undefined, draft)
    expect(leads.json<{ data: object[] }>().data[0]).toMatchObject({ name: 'Ada' })
    expect(leads.body).not.toContain('score')
  })

  it('shows an admin what a role would see, published or drafted, and nobody else', async () => {
    const as = (role: string, more: object = {}) => ({ 'x-runway-role': role, ...more })
    const see = (url: string, role: string, more: object = {}) =>
      admin.call('GET', url, undefined, as(role, more))
    await edit(admin, [set('peeker', { label: 'Peeker', rules: reads('crm.leads:lead').rules })])
    const draft = { 'x-runway-revision': 'draft' }
    expect((await see('/leads', 't:peeker', draft)).statusCode).toBe(200)
    expect((await see('/accounts', 't:peeker', draft)).statusCode).toBe(403)
    const model = (await see('/model', 't:peeker', draft)).json<{
      entities: { ref: string }[]
      permissions: string[]
    }>()
    const refs = model.entities.map(({ ref }) => ref)
    expect(refs).toContain('crm.leads:lead')
    expect(refs).not.toContain('crm.accounts:account')
    expect(model.permissions).toEqual([])
    const unknown = await see('/leads', 't:peeker')
    expect(unknown.statusCode).toBe(422)
    expect(unknown.json()).toMatchObject({ errors: [{ path: 'role', code: 'UNKNOWN_OPTION' }] })
    const body = { name: 'Eve' }
    const write = await admin.call('POST', '/leads', body, as('platform.people:viewer'))
    expect(write.statusCode).toBeGreaterThanOrEqual(400)
    const others = await by.call('GET', '/leads', undefined, as('platform.people:admin'))
    expect(others.statusCode).toBe(403)
    await admin.call('DELETE', '/studio/draft')
  })
})
