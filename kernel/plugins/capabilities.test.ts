import type { Manifest } from '@runwaycrm/sdk'
import { describe, expect, it } from 'vitest'
import { needAction, needData, operationsOf, reachableHosts } from './capabilities.ts'

const manifest = (capabilities: Manifest['capabilities']): Manifest => ({
  id: 'test.plugin',
  version: '1.0.0',
  contract: 1,
  title: 'Test',
  tier: 'trusted',
  ...(capabilities ? { capabilities } : {}),
})

describe('capabilities', () => {
  it('hold for the entities and operations that they name, and `*` for all entities', () => {
    const some = manifest({ data: { 'crm.leads:lead': ['read'] } })
    expect(() => needData(some, 'read', 'crm.leads:lead')).not.toThrow()
    expect(() => needData(some, 'update', 'crm.leads:lead')).toThrow('"update"')
    expect(() => needData(some, 'read', 'kernel:user')).toThrow('data."kernel:user": "read"')
    expect(() =>
      needData(manifest({ data: { '*': ['read'] } }), 'read', 'kernel:user'),
    ).not.toThrow()
    expect(() => needData(manifest(undefined), 'read', 'kernel:user')).toThrow('lacks')
  })

  it('let a plugin run its own actions, and of others those that they name', () => {
    const some = manifest({ actions: ['crm.leads:score_lead'] })
    expect(() => needAction(some, 'test.plugin:anything')).not.toThrow()
    expect(() => needAction(some, 'crm.leads:score_lead')).not.toThrow()
    expect(() => needAction(some, 'crm.leads:convert_lead')).toThrow('crm.leads:convert_lead')
  })

  it('see what a bulk request does', () => {
    expect(operationsOf({ create: [{}], delete: [] })).toEqual(['create'])
    const upsert = { by: 'email', records: [{}] }
    expect(operationsOf({ upsert })).toEqual(['create', 'update'])
    expect(operationsOf({ upsert: { ...upsert, onDuplicate: 'skip' } })).toEqual(['create'])
    expect(operationsOf({ update: [{ id: 'x' }], delete: [{ id: 'x' }] })).toEqual([
      'update',
      'delete',
    ])
  })

  it('reach where the operator moved a service, and never the product itself', () => {
    const names = ['STRIPE_BASE_URL', 'RUNWAY_PUBLIC_URL'] as const
    const some = manifest({ net: ['api.stripe.com'], environment: [...names] as never[] })
    const environment = {
      STRIPE_BASE_URL: 'http://127.0.0.1:4010/v1',
      RUNWAY_PUBLIC_URL: 'http://127.0.0.1:3000',
      SLACK_BASE_URL: 'http://127.0.0.1:4011',
    }
    expect(reachableHosts(some, environment)).toEqual(['api.stripe.com', '127.0.0.1:4010'])
    expect(reachableHosts(some, { STRIPE_BASE_URL: null })).toEqual(['api.stripe.com'])
  })
})
