import { describe, expect, it } from 'vitest'
import {
  accountsLayer,
  baseLayers,
  fieldsLayer,
  kernelLayer,
  layer,
  leadsLayer,
  orgLayer,
} from '../../tests/setup/test-layers.ts'
import { composeModel } from './compose-model.ts'

const base = composeModel(baseLayers)
const property = {
  label: 'Property',
  labelPlural: 'Properties',
  plural: 'properties',
  titleField: 'name',
  fields: {
    name: { type: 'text', order: 10 },
    lead: { type: 'relation', to: 'crm.leads:lead', order: 20 },
  },
}
const lead = { point: 'entities', target: 'crm.leads:lead' } as const

const places = (model: { problems: readonly { at: string }[] }) => model.problems.map((p) => p.at)

describe('composeModel', () => {
  it('folds kernel and plugins in order, without problems', () => {
    expect(base.problems).toEqual([])
    expect(base.layers).toEqual(['kernel', 'crm.accounts', 'crm.leads', 'platform.fields'])
    expect([...base.entities.keys()]).toEqual([
      'kernel:user',
      'kernel:team',
      'crm.accounts:account',
      'crm.leads:lead',
    ])
    expect(base.entityByPlural.get('leads')).toBe(base.entities.get('crm.leads:lead'))
  })

  it('gives the same model whatever order the layers come in', () => {
    expect(composeModel(baseLayers.toReversed()).hash).toBe(base.hash)
    expect(composeModel([leadsLayer, kernelLayer, fieldsLayer, accountsLayer])).toEqual(base)
  })

  it('gives entities of trusted plugins a table with columns, and every record system fields', () => {
    const account = base.entities.get('crm.accounts:account')
    expect(account?.table).toBe('tenant.crm_accounts_account')
    expect(account?.fields.get('annualRevenue')?.storage).toEqual({
      in: 'column',
      column: 'annual_revenue',
      class: 'bigint',
      parts: { currency: { column: 'annual_revenue_currency', class: 'text' } },
    })
    expect([...(account?.byApiName.keys() ?? [])]).toEqual([
      ...['name', 'industry', 'annualRevenue'],
      ...['id', 'createdAt', 'updatedAt', 'createdBy', 'updatedBy', 'ownerId', 'version'],
    ])
    const relation = base.entities.get('crm.leads:lead')?.byApiName.get('accountId')
    expect(relation).toMatchObject({ key: 'account', target: 'crm.accounts:account' })
  })

  it('keeps objects of an organisation in the shared table, under storage ids', () => {
    const storageIds = { 'entities/property/fields/name': 'f_given' }
    const model = composeModel([orgLayer({ entities: { property } }, [], storageIds)], base)
    const entity = model.entityByPlural.get('properties')
    expect(entity).toMatchObject({ ref: 't:property', table: 'tenant.record', shared: true })
    expect(entity?.fields.get('name')?.storage).toMatchObject({ in: 'custom', id: 'f_given' })
    expect(entity?.fields.get('lead')?.storage).toMatchObject({
      id: expect.stringMatching(/^f_[a-z2-7]{16}$/),
    })
  })

  it('adds fields of other layers under custom, and makes only what is touched anew', () => {
    const fields = { budget: { entity: 'crm.leads:lead', field: { type: 'currency' } } }
    const model = composeModel([orgLayer({ fields })], base)
    const changed = model.entities.get('crm.leads:lead')
    const before = base.entities.get('crm.leads:lead')
    expect(changed?.fields.get('budget')).toMatchObject({ from: 't', storage: { in: 'custom' } })
    expect(changed?.fields.get('name')).toBe(before?.fields.get('name'))
    expect(model.entities.get('kernel:user')).toBe(base.entities.get('kernel:user'))
    expect(model.roles).toBe(base.roles)
    expect(before?.fields.has('budget')).toBe(false)
  })

  it('applies overrides and names the layers that made them', () => {
    const model = composeModel(
      [orgLayer({}, [{ ...lead, path: ['fields', 'status', 'label'], to: 'Stage' }])],
      base,
    )
    expect(model.entities.get('crm.leads:lead')?.fields.get('status')?.label).toBe('Stage')
    expect(model.contributions.get('entities')?.get('crm.leads:lead')?.overriddenBy).toEqual(['t'])
    expect(base.entities.get('crm.leads:lead')?.fields.get('status')?.label).toBe('Status')
  })

  it('shares nothing that could be changed', () => {
    const entity = base.entities.get('crm.leads:lead')
    expect(Object.isFrozen(entity)).toBe(true)
    expect(Object.isFrozen(entity?.definition.fields['status']?.options?.['new'])).toBe(true)
    expect(Object.isFrozen(base.problems)).toBe(true)
  })

  it('lets the earlier keep a plural and tells the other, which keeps its reference', () => {
    const model = composeModel(
      [orgLayer({ entities: { mine: { ...property, plural: 'leads' } } })],
      base,
    )
    expect(model.entityByPlural.get('leads')?.ref).toBe('crm.leads:lead')
    expect(model.entities.get('t:mine')?.plural).toBe('t:mine')
    expect(model.entityByPlural.get('t:mine')?.ref).toBe('t:mine')
    expect(model.problems).toMatchObject([{ at: 't/entities/mine/plural', notice: true }])
  })

  it.each(['search', 'users', 'webhook-endpoints'])(
    'keeps the plural %s for the platform',
    (plural) => {
      const model = composeModel([orgLayer({ entities: { mine: { ...property, plural } } })], base)
      expect(places(model)).toEqual(['t/entities/mine/plural'])
    },
  )

  it('leaves out a field that cannot be, tells why, and keeps the entity', () => {
    const fields = {
      name: { type: 'text' },
      odd: { type: 'hologram' },
      far: { type: 'relation', to: 'crm.deals:deal' },
      loose: { type: 'relation' },
      version: { type: 'text' },
    }
    const model = composeModel(
      [orgLayer({ entities: { property: { ...property, fields } } })],
      base,
    )
    expect([...(model.entities.get('t:property')?.fields.keys() ?? [])]).toEqual(['name'])
    expect(places(model).map((at) => at.split('/').at(-1))).toEqual([
      'odd',
      'far',
      'loose',
      'version',
    ])
  })

  it('tells what a type cannot keep', () => {
    const fields = {
      name: { type: 'text', unique: true },
      flag: { type: 'boolean', unique: true },
      rate: { type: 'number', min: 5, max: 1, default: 'much' },
      kind: { type: 'select' },
      size: { type: 'select', options: { small: {}, large: {} }, default: 'huge' },
      note: { type: 'text', options: { a: {} }, params: { digits: 2 } },
    }
    const model = composeModel(
      [orgLayer({ entities: { property: { ...property, fields } } })],
      base,
    )
    expect(places(model).map((at) => at.slice('t/entities/property/fields/'.length))).toEqual([
      'flag/unique',
      'rate/min',
      'rate/default',
      'kind/options',
      'size/default',
      'note/params/digits',
      'note/options',
    ])
  })

  it('takes out the rule that refers to nothing, and keeps the role', () => {
    const rules = {
      good: { operations: ['read'], entity: 'crm.leads:lead' },
      bad: { operations: ['read'], entity: 'crm.deals:deal' },
      all: { operations: ['read'], entity: '*' },
    }
    const model = composeModel([orgLayer({ roles: { guest: { label: 'Guest', rules } } })], base)
    expect(Object.keys(model.roles.get('t:guest')?.definition.rules ?? {})).toEqual(['good', 'all'])
    expect(places(model)).toEqual(['t/roles/guest/rules/bad/entity'])
  })

  it('leaves out an action whose needs refer to nothing, since it must not run without', () => {
    const actions = {
      close: {
        label: 'Close',
        description: '',
        input: {},
        output: {},
        risk: 'write',
        needs: { 'crm.deals:deal': ['update'] },
        handler: 'close',
      },
    }
    const model = composeModel([...baseLayers, layer('crm.more', { contributes: { actions } })])
    expect(model.actions.has('crm.more:close')).toBe(false)
    expect(places(model)).toEqual(['crm.more/actions/close/needs/crm.deals:deal'])
  })

  it('wants plugins to say what they use, and is silent where they only enhance it', () => {
    const pages = { deals: { label: 'Deals', path: '/deals', entity: 'crm.deals:deal' } }
    const fields = { size: { entity: 'crm.leads:lead', field: { type: 'number' } } }
    const enhances = { 'crm.deals': '^1.0.0' }
    const silent = composeModel([
      ...baseLayers,
      layer('crm.more', { enhances, contributes: { pages } }),
    ])
    expect(silent.problems).toEqual([])
    expect(silent.pages.has('crm.more:deals')).toBe(false)
    const undeclared = composeModel([...baseLayers, layer('crm.more', { contributes: { fields } })])
    expect(undeclared.problems[0]?.message).toBe('crm.more uses crm.leads without saying so.')
  })

  it('takes points that plugins bring, with their schema and override rules', () => {
    const views = layer('platform.views', {
      contributes: {
        points: {
          views: {
            label: 'Views',
            references: { entity: 'entities' },
            schema: {
              type: 'object',
              required: ['entity', 'label'],
              properties: {
                entity: { type: 'string' },
                label: { type: 'string', 'x-override': 'free' },
              },
              additionalProperties: false,
            },
          },
        },
        views: { all: { entity: 'kernel:user', label: 'All' } },
      },
    })
    const model = composeModel([...baseLayers, views])
    const own = composeModel(
      [
        orgLayer(
          { views: { hot: { entity: 'crm.leads:lead', label: 'Hot' }, bad: { label: 1 } } },
          [
            {
              point: 'views',
              target: 'platform.views:all',
              path: ['label'],
              from: 'All',
              to: 'Us',
            },
            {
              point: 'views',
              target: 'platform.views:all',
              path: ['entity'],
              to: 'crm.leads:lead',
            },
          ],
        ),
      ],
      model,
    )
    expect(own.contributions.get('views')?.get('platform.views:all')?.definition).toEqual({
      entity: 'kernel:user',
      label: 'Us',
    })
    expect(own.contributions.get('views')?.has('t:hot')).toBe(true)
    expect(places(own)).toEqual([
      't/views/bad/entity',
      't/views/bad/label',
      't/overrides/views/platform.views:all/entity',
    ])
  })

  it('is the base itself when nothing is added', () => {
    expect(composeModel([], base)).toBe(base)
  })
})
