import { readFileSync } from 'node:fs'
import type { Manifest } from '@runwaycrm/sdk'
import { createLayer, type Layer, type LayerOrigin } from '../../kernel/model/layer.ts'

/** Small layers for tests of the model: field types, a CRM of two entities, and what an org adds. */

type Parts = Partial<Omit<Manifest, 'id'>>

export function manifest(id: string, parts: Parts = {}): Manifest {
  return { id, version: '1.0.0', contract: 1, title: id, tier: 'trusted', ...parts }
}

export function layer(id: string, parts: Parts = {}, origin: LayerOrigin = 'plugin'): Layer {
  return createLayer(manifest(id, parts), origin)
}

export const kernelLayer: Layer = createLayer(
  JSON.parse(readFileSync(new URL('../../kernel/kernel.json', import.meta.url), 'utf8')),
  'kernel',
)

function fieldType(storage: string, parts: Record<string, unknown> = {}) {
  return {
    label: storage,
    storage,
    value: {},
    operators: ['$eq', '$exists'],
    editor: 'text',
    display: 'text',
    handler: 'codec',
    ...parts,
  }
}

export const fieldsLayer: Layer = layer('platform.fields', {
  contributes: {
    fieldTypes: {
      text: fieldType('text', { kind: 'text' }),
      email: fieldType('text', { kind: 'text' }),
      phone: fieldType('text', { kind: 'text' }),
      select: fieldType('text', { kind: 'option' }),
      tags: fieldType('jsonb', { kind: 'options' }),
      number: fieldType('float8', { kind: 'number' }),
      integer: fieldType('bigint', { kind: 'number' }),
      boolean: fieldType('boolean', { kind: 'boolean' }),
      currency: fieldType('bigint', { kind: 'currency', parts: { currency: 'text' } }),
      relation: fieldType('uuid', { kind: 'relation', api: 'id' }),
      template: fieldType('computed', { kind: 'text' }),
    },
  },
  handlers: { codec: {} },
})

export const accountsLayer: Layer = layer('crm.accounts', {
  contributes: {
    entities: {
      account: {
        label: 'Account',
        labelPlural: 'Accounts',
        plural: 'accounts',
        titleField: 'name',
        fields: {
          name: { type: 'text', required: true, order: 10 },
          industry: { type: 'text', order: 20 },
          annualRevenue: { type: 'currency', order: 30 },
        },
      },
    },
  },
})

export const leadsManifest: Manifest = manifest('crm.leads', {
  requires: { 'crm.accounts': '^1.0.0' },
  contributes: {
    entities: {
      lead: {
        label: 'Lead',
        labelPlural: 'Leads',
        plural: 'leads',
        titleField: 'name',
        fields: {
          name: { type: 'text', label: 'Name', required: true, order: 10, maxLength: 200 },
          status: {
            type: 'select',
            default: 'new',
            order: 20,
            options: { new: { order: 1 }, qualified: { order: 2 }, lost: { order: 3 } },
          },
          score: { type: 'integer', min: 0, max: 100, order: 30 },
          account: { type: 'relation', to: 'crm.accounts:account', order: 40 },
        },
      },
    },
    roles: {
      seller: {
        label: 'Seller',
        rules: {
          leads: { operations: ['read', 'update'], entity: 'crm.leads:lead', scope: 'own' },
        },
        permissions: ['import', 'actions:*'],
      },
    },
    pages: { leads: { label: 'Leads', path: '/leads', entity: 'crm.leads:lead', order: 10 } },
  },
})

export const leadsLayer: Layer = createLayer(leadsManifest, 'plugin')

export const baseLayers: readonly Layer[] = [kernelLayer, fieldsLayer, accountsLayer, leadsLayer]

/** An organisation's own layer. */
export function orgLayer(
  contributes: Manifest['contributes'],
  overrides: Manifest['overrides'] = [],
  storageIds: Record<string, string> = {},
): Layer {
  const parts = { tier: 'declarative', contributes, overrides } as const
  return createLayer(manifest('t', parts), 'own', storageIds)
}
