import type { FieldTypeDefinition, Principal, RoleRule } from '@runwaycrm/sdk'
import { describe, expect, it } from 'vitest'
import { type Ability, type AbilityInput, buildAbility } from './build-ability.ts'
import type { ConditionEntity, ConditionField } from './condition-tree.ts'
import { explain, relationsOfRules } from './explain.ts'
import { fieldMaskOf } from './field-mask.ts'
import { narrowAbility } from './narrow-ability.ts'

const ann = '0190b4c3-7d6e-7a8b-9c0d-1e2f3a4b5c01'
const bob = '0190b4c3-7d6e-7a8b-9c0d-1e2f3a4b5c02'

function field(
  apiName: string,
  storage: FieldTypeDefinition['storage'],
  more: Partial<ConditionField> & { kind?: FieldTypeDefinition['kind'] } = {},
): ConditionField {
  const { kind, ...rest } = more
  return {
    key: apiName.replace(/Id$/, ''),
    apiName,
    target: null,
    typeDefinition: {
      storage,
      ...(kind ? { kind } : {}),
      operators: ['$eq', '$ne', '$gt', '$gte', '$lt', '$lte', '$in', '$nin', '$contains'],
    } as unknown as FieldTypeDefinition,
    ...rest,
  }
}

function entity(ref: string, plural: string, fields: readonly ConditionField[]): ConditionEntity {
  const system = [
    field('id', 'uuid'),
    field('version', 'bigint'),
    field('ownerId', 'uuid', { kind: 'user' }),
  ]
  return {
    ref,
    plural,
    byApiName: new Map([...fields, ...system].map((one) => [one.apiName, one])),
  }
}

const lead = entity('crm:lead', 'leads', [
  field('name', 'text', { kind: 'text' }),
  field('margin', 'float8', { kind: 'number' }),
  field('accountId', 'uuid', { kind: 'relation', target: 'crm:account' }),
])
const account = entity('crm:account', 'accounts', [field('industry', 'text', { kind: 'text' })])
const entities = new Map([lead, account].map((one) => [one.ref, one]))

const user: Principal = {
  type: 'user',
  id: ann,
  name: 'Ann',
  userId: ann,
  roles: [],
  teammates: [ann, bob],
  scopes: null,
}

type Rule = Partial<RoleRule> & Pick<RoleRule, 'operations'>

function abilityOf(
  rules: Readonly<Record<string, Rule>>,
  more: Partial<AbilityInput> & { permissions?: string[] } = {},
): Ability {
  const { permissions = [], ...rest } = more
  const full = Object.fromEntries(
    Object.entries(rules).map(([key, rule]) => [key, { entity: 'crm:lead', ...rule }]),
  )
  return buildAbility({
    principal: user,
    roles: [{ ref: 'crm:seller', definition: { label: 'Seller', rules: full, permissions } }],
    entities,
    org: { timeZone: 'UTC' },
    ...rest,
  })
}

const record = { id: ann, version: 1, name: 'Ada', margin: 5, ownerId: ann, accountId: null }

describe('an ability', () => {
  it('allows what a role allows and nothing else', () => {
    const ability = abilityOf({
      see: { operations: ['read'] },
      all: { operations: ['manage'], entity: 'crm:account' },
    })
    expect(ability.can('read', 'crm:lead')).toBe(true)
    expect(ability.can('update', 'crm:lead')).toBe(false)
    expect(ability.can('restore', 'crm:account')).toBe(true)
    expect(ability.can('read', 'crm:unknown')).toBe(false)
    expect(ability.reason('update', 'crm:lead', null)).toBe('No role allows it.')
  })

  it('of nobody allows nothing, and of the system everything', () => {
    const everything = { all: { operations: ['manage'], entity: '*' } } as const
    const nobody = abilityOf(everything as never, { principal: null, permissions: ['actions:*'] })
    expect(nobody.can('read', 'crm:lead')).toBe(false)
    expect(nobody.matches('read', 'crm:lead', record)).toBe(false)
    expect(nobody.condition('read', 'crm:lead')).toBe(false)
    expect(nobody.allows('actions:crm:x')).toBe(false)
    const system = abilityOf({}, { all: true })
    expect(system.matches('delete', 'crm:lead', record, 'margin')).toBe(true)
    expect(system.allows('studio:write')).toBe(true)
  })

  it('lets a denying rule win, wherever it stands, and says why', () => {
    const ability = abilityOf({
      never: {
        effect: 'deny',
        operations: ['update'],
        condition: { margin: { $gt: 4 } },
        reason: 'High margins are the boss’s.',
      },
      always: { operations: ['manage'] },
    })
    expect(ability.can('update', 'crm:lead')).toBe(true)
    expect(ability.matches('update', 'crm:lead', record)).toBe(false)
    expect(ability.matches('update', 'crm:lead', { ...record, margin: null })).toBe(true)
    expect(ability.reason('update', 'crm:lead', record)).toBe('High margins are the boss’s.')
    expect(ability.condition('update', 'crm:lead')).toEqual({ $not: { margin: { $gt: 4 } } })
  })

  it('knows own records and those of the team', () => {
    const own = abilityOf({ own: { operations: ['read'], scope: 'own' } })
    const team = abilityOf({ team: { operations: ['read'], scope: 'team' } })
    const of = (ownerId: string | null) => ({ ...record, ownerId })
    expect([ann, bob, null].map((id) => own.matches('read', 'crm:lead', of(id)))).toEqual([
      true,
      false,
      false,
    ])
    expect([ann, bob, null].map((id) => team.matches('read', 'crm:lead', of(id)))).toEqual([
      true,
      true,
      false,
    ])
    expect(own.condition('read', 'crm:lead')).toEqual({ ownerId: '@me' })
    // A key has no user: nothing is its own, not even what nobody owns.
    const key = abilityOf(
      { own: { operations: ['read'], scope: 'own' } },
      { principal: { ...user, userId: null, teammates: [] } },
    )
    expect([ann, null].map((id) => key.matches('read', 'crm:lead', of(id)))).toEqual([false, false])
  })

  it('has one shape for all users of a role, and a key of its own where rules ask who it is', () => {
    const rules = { own: { operations: ['read'], scope: 'own' } } as const
    const other = { principal: { ...user, id: bob, userId: bob } }
    expect(abilityOf(rules as never).shape).toBe(abilityOf(rules as never, other).shape)
    expect(abilityOf(rules as never).key).not.toBe(abilityOf(rules as never, other).key)
    const all = { all: { operations: ['read'] } } as const
    expect(abilityOf(all as never).key).toBe(abilityOf(all as never, other).key)
    expect(abilityOf(all as never).shape).not.toBe(abilityOf(rules as never).shape)
  })

  it('refuses what it cannot decide', () => {
    const gone = { condition: { gone: 1 } }
    expect(abilityOf({ a: { operations: ['read'], ...gone } }).can('read', 'crm:lead')).toBe(false)
    const denied = abilityOf({
      a: { operations: ['read'] },
      b: { effect: 'deny', operations: ['read'], ...gone },
    })
    expect(denied.can('read', 'crm:lead')).toBe(false)
    expect(denied.matches('read', 'crm:lead', record)).toBe(false)
    // A path is decided by the database; in memory only when the record carries what it leads to.
    const byPath = abilityOf({
      a: { operations: ['read'], condition: { 'account.industry': { $ne: 'oil' } } },
    })
    expect(byPath.matches('read', 'crm:lead', record)).toBe(true)
    expect(byPath.matches('read', 'crm:lead', { ...record, accountId: bob })).toBe(false)
    expect(
      byPath.matches('read', 'crm:lead', {
        ...record,
        accountId: bob,
        account: { industry: 'tea' },
      }),
    ).toBe(true)
  })
})

describe('fields', () => {
  it('are masked by rules that name them, by key or API name', () => {
    const ability = abilityOf({
      see: { operations: ['read'] },
      margin: {
        effect: 'deny',
        operations: ['read'],
        fields: ['margin'],
        condition: { name: 'Ada' },
      },
      account: { effect: 'deny', operations: ['read'], fields: ['account'] },
      owner: { effect: 'deny', operations: ['read'], fields: ['ownerId'] },
    })
    expect(Object.fromEntries(fieldMaskOf(ability, lead, 'read'))).toEqual({
      id: true,
      version: true,
      name: true,
      margin: { $not: { name: 'Ada' } },
      accountId: false,
      ownerId: false,
    })
    expect(ability.matches('read', 'crm:lead', record)).toBe(true)
    expect(ability.matches('read', 'crm:lead', record, 'margin')).toBe(false)
    expect(ability.matches('read', 'crm:lead', { ...record, name: 'Bo' }, 'margin')).toBe(true)
    expect(ability.condition('read', 'crm:lead', 'account')).toBe(false)
    expect(ability.condition('read', 'crm:lead', 'owner')).toBe(false)
  })

  it('that alone are allowed leave the others out', () => {
    const ability = abilityOf({ name: { operations: ['read'], fields: ['name'] } })
    const mask = fieldMaskOf(ability, lead, 'read')
    expect([...mask].filter(([, right]) => right === true).map(([name]) => name)).toEqual([
      'name',
      'id',
      'version',
    ])
  })
})

describe('the scopes of a key', () => {
  const key = (scopes: string[]) =>
    abilityOf(
      { all: { operations: ['manage'], entity: '*' } },
      {
        principal: { ...user, type: 'key', scopes },
        permissions: ['actions:*', 'studio:read', 'members:manage'],
      },
    )

  it('narrow what the role allows', () => {
    const reading = key(['leads:read'])
    expect(reading.can('read', 'crm:lead')).toBe(true)
    expect(reading.can('create', 'crm:lead')).toBe(false)
    expect(reading.can('read', 'crm:account')).toBe(false)
    expect(reading.missingScope('update', 'crm:lead')).toBe('leads:write')
    expect(reading.reason('update', 'crm:lead', record)).toBe(
      'The key lacks the scope leads:write.',
    )
    const writing = key(['*:write'])
    expect(
      ['create', 'update', 'delete', 'restore'].every((one) =>
        writing.can(one as 'create', 'crm:account'),
      ),
    ).toBe(true)
    expect(writing.can('read', 'crm:account')).toBe(false)
    expect(key([]).can('read', 'crm:lead')).toBe(false)
  })

  it('narrow permissions', () => {
    expect(key(['actions:crm:x']).allows('actions:crm:x')).toBe(true)
    expect(key(['actions:crm:x']).allows('actions:crm:y')).toBe(false)
    expect(key(['actions:*']).allows('actions:crm:y')).toBe(true)
    expect(key(['studio:write']).allows('studio:write')).toBe(false)
    expect(key(['leads:read']).allows('members:manage')).toBe(false)
  })
})

describe('explaining', () => {
  it('names the rules that hold, the one that decides first', () => {
    const ability = abilityOf({
      see: { operations: ['read'] },
      own: { operations: ['manage'], scope: 'own' },
      margin: { effect: 'deny', operations: ['read'], fields: ['margin'] },
    })
    expect(explain(ability, 'read', 'crm:lead', record, 'margin')).toEqual({
      allowed: false,
      because: [
        { role: 'crm:seller', rule: 'margin', effect: 'deny' },
        { role: 'crm:seller', rule: 'own', effect: 'allow' },
        { role: 'crm:seller', rule: 'see', effect: 'allow' },
      ],
    })
    expect(explain(ability, 'update', 'crm:lead', { ...record, ownerId: bob })).toEqual({
      allowed: false,
      because: [],
    })
    expect(explain(ability, 'read', 'crm:lead', record).because).toHaveLength(2)
  })

  it('names the relations that must be read with the record before anything is said', () => {
    const ability = abilityOf({
      see: {
        operations: ['read'],
        condition: { $or: [{ 'account.industry': 'software' }, { name: { $exists: true } }] },
      },
    })
    expect(relationsOfRules(ability, lead, (ref) => entities.get(ref))).toEqual(['account'])
  })

  it('says that id and version belong to every record that is read at all', () => {
    const ability = abilityOf({ see: { operations: ['read'], fields: ['name'] } })
    expect(explain(ability, 'read', 'crm:lead', record, 'version').allowed).toBe(true)
    expect(explain(ability, 'read', 'crm:lead', record, 'margin').allowed).toBe(false)
  })
})

describe('a grant', () => {
  it('takes away and never adds', () => {
    const ability = abilityOf(
      { see: { operations: ['read', 'update'], scope: 'own' } },
      { permissions: ['actions:crm:x', 'actions:crm:y'] },
    )
    const narrow = narrowAbility(ability, {
      data: { 'crm:lead': ['read', 'delete'] },
      permissions: ['actions:crm:x', 'studio:write'],
    })
    expect(narrow.can('read', 'crm:lead')).toBe(true)
    expect(narrow.can('update', 'crm:lead')).toBe(false)
    expect(narrow.can('delete', 'crm:lead')).toBe(false)
    expect(narrow.condition('read', 'crm:lead')).toEqual({ ownerId: '@me' })
    expect(narrow.condition('update', 'crm:lead')).toBe(false)
    expect(narrow.allows('actions:crm:x')).toBe(true)
    expect(narrow.allows('actions:crm:y')).toBe(false)
    expect(narrow.allows('studio:write')).toBe(false)
    expect(narrow.key).not.toBe(ability.key)
  })
})

describe('what is its owner’s alone', () => {
  const note: ConditionEntity = {
    ...entity('crm:note', 'notes', [field('text', 'text', { kind: 'text' })]),
    definition: { private: ['read', 'update'] },
  }
  const all: Readonly<Record<string, Rule>> = {
    everything: { operations: ['manage'], entity: '*' },
  }
  const among = { entities: new Map([...entities, [note.ref, note]]) }
  const mine = { id: '1', ownerId: ann, text: 'x' }
  const theirs = { ...mine, ownerId: bob }

  it('is read and changed by its owner alone, whatever roles say', () => {
    for (const ability of [abilityOf(all, among), abilityOf({}, among)]) {
      expect(ability.matches('read', 'crm:note', mine)).toBe(true)
      expect(ability.matches('update', 'crm:note', mine, 'text')).toBe(true)
      expect(ability.matches('read', 'crm:note', theirs)).toBe(false)
      expect(ability.matches('update', 'crm:note', theirs)).toBe(false)
      expect(ability.can('delete', 'crm:note')).toBe(false)
      expect(ability.can('create', 'crm:note')).toBe(false)
    }
  })

  it('is not given away', () => {
    const ability = abilityOf(all, among)
    expect(ability.matches('update', 'crm:note', mine, 'ownerId')).toBe(false)
    expect(ability.matches('read', 'crm:note', mine, 'ownerId')).toBe(true)
  })

  it('is nobody’s for a key, and the platform’s to write', () => {
    const key = { ...user, type: 'key', userId: null } as const
    expect(abilityOf(all, { ...among, principal: key }).matches('read', 'crm:note', mine)).toBe(
      false,
    )
    expect(abilityOf({}, { ...among, all: true }).matches('create', 'crm:note', theirs)).toBe(true)
  })

  it('tells people apart there, and nowhere else', () => {
    const ofAnn = abilityOf(all, among)
    const ofBob = abilityOf(all, { ...among, principal: { ...user, id: bob, userId: bob } })
    expect(ofAnn.keyOn('crm:note')).not.toBe(ofBob.keyOn('crm:note'))
    expect(ofAnn.keyOn('crm:lead')).toBe(ofBob.keyOn('crm:lead'))
  })

  it('is read besides by members whom it names, by holders of a role that it names and by admins', () => {
    const asked: ConditionEntity = {
      ...entity('crm:ask', 'asks', [
        field('toId', 'uuid', { kind: 'user' }),
        field('role', 'text', { kind: 'text' }),
      ]),
      definition: { private: ['read'], shownTo: { members: ['to'], role: 'role', admins: true } },
    }
    const within = { entities: new Map([...entities, [asked.ref, asked]]) }
    const [editor, other] = [abilityOf(all, within), abilityOf({}, within)]
    const record = { id: '1', ownerId: null, toId: null, role: null }
    for (const ability of [editor, other]) {
      const may = (more: object, operation: 'read' | 'update' = 'read') =>
        ability.matches(operation, 'crm:ask', { ...record, ...more })
      expect([may({}), may({ toId: bob }), may({ role: 'crm:boss' })]).toEqual([
        false,
        false,
        false,
      ])
      expect([may({ toId: ann }), may({ role: 'crm:seller' })]).toEqual([true, true])
      expect(may({ toId: ann }, 'update')).toBe(false)
    }
    const definition = { label: 'Admin', admin: true, rules: {} }
    const admin = abilityOf(all, { ...within, roles: [{ ref: 'crm:admin', definition }] })
    expect(admin.condition('read', 'crm:ask')).toBe(true)
    expect(admin.can('update', 'crm:ask')).toBe(false)
  })
})
