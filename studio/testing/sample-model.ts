import type { EntityInfo, FieldInfo } from '@runwaycrm/sdk'
import type { Model } from '../api/model.ts'

/** A field with everything that a test does not care about filled in. */
export function field(name: string, values: Partial<FieldInfo> = {}): FieldInfo {
  return {
    key: name,
    apiName: name,
    type: 'platform.fields:text',
    kind: 'text',
    editor: 'text',
    display: 'text',
    label: name.charAt(0).toUpperCase() + name.slice(1),
    order: 0,
    required: false,
    unique: false,
    readOnly: false,
    computed: false,
    hidden: false,
    params: {},
    operators: ['$eq', '$ne', '$in', '$nin', '$contains', '$startsWith', '$exists'],
    sortable: true,
    groupable: true,
    measures: [],
    from: 't',
    can: { read: true, create: true, update: true },
    ...values,
  }
}

export const statusField = field('status', {
  type: 'platform.fields:select',
  kind: 'option',
  editor: 'select',
  operators: ['$eq', '$ne', '$in', '$nin', '$exists'],
  options: [
    { key: 'new', label: 'New', color: 7 },
    { key: 'won', label: 'Won', color: 5 },
  ],
})
export const valueField = field('value', {
  type: 'platform.fields:currency',
  kind: 'currency',
  editor: 'currency',
  operators: ['$eq', '$ne', '$gt', '$gte', '$lt', '$lte', '$exists'],
  measures: ['sum', 'avg'],
})
export const closeField = field('closeDate', {
  label: 'Close date',
  type: 'platform.fields:date',
  kind: 'date',
  editor: 'date',
  operators: ['$eq', '$ne', '$gt', '$gte', '$lt', '$lte', '$exists'],
})
export const ownerField = field('owner', {
  apiName: 'ownerId',
  type: 'kernel:owner',
  kind: 'user',
  editor: 'user',
  operators: ['$eq', '$ne', '$in', '$nin', '$exists'],
  to: 'kernel:user',
})

/** An organisation's own entity: nothing in the studio has heard of yachts. */
export const yacht: EntityInfo = {
  ref: 't:yacht',
  plugin: 't',
  key: 'yacht',
  plural: 'yachts',
  label: 'Yacht',
  labelPlural: 'Yachts',
  order: 1,
  titleField: 'name',
  hidden: false,
  isPrivate: false,
  fields: [field('name', { required: true }), statusField, valueField, closeField, ownerField],
  can: { create: true, read: true, update: true, delete: true },
}

export const people: EntityInfo = {
  ref: 'kernel:user',
  plugin: 'kernel',
  key: 'user',
  plural: 'users',
  label: 'Member',
  labelPlural: 'Members',
  order: 900,
  titleField: 'name',
  hidden: false,
  isPrivate: false,
  fields: [field('name')],
  can: { create: false, read: true, update: true, delete: false },
}

export const sampleModel: Model = {
  revision: 1,
  hash: 'x',
  draft: false,
  live: { cursor: '0' },
  org: {
    id: 'o1',
    slug: 'demo',
    name: 'Demo',
    currency: 'EUR',
    timeZone: 'Europe/Oslo',
    locale: 'en',
  },
  me: { id: 'u1', name: 'Ada Lindqvist', email: 'ada@demo.test', roles: [] },
  permissions: ['import'],
  brand: { name: 'Demo' },
  map: null,
  entities: [yacht, people],
  pages: [{ ref: 't:yachts', label: 'Yachts', path: '/yachts', order: 1, entity: 't:yacht' }],
  views: [],
  layouts: [],
  composers: [],
  dashboards: [],
  actions: [],
  roles: [],
}
