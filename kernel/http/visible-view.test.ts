import { describe, expect, it } from 'vitest'
import { newId, zooContext, zooEntity } from '../records/testing/read-fixture.ts'
import { visibleView } from './visible-view.ts'

const animals = zooEntity('animals')
const rules = {
  look: { operations: ['read'], entity: '*' },
  noWeight: {
    effect: 'deny',
    operations: ['read'],
    entity: animals.ref,
    fields: ['weight', 'house'],
  },
} as const
const ctx = zooContext({ orgId: newId(), rules: rules as never })
const view = {
  entity: animals.ref,
  label: 'All',
  kind: 'table',
  columns: ['label', 'weight', 'color'],
  cardFields: ['weight'],
  sort: '-weight,label',
  groupBy: 'weight',
  sumField: 'weight',
}

describe('a view of records', () => {
  it('comes without names of fields that are hidden from whoever asks', () => {
    expect(visibleView(ctx, animals, view)).toEqual({
      entity: animals.ref,
      label: 'All',
      kind: 'table',
      columns: ['label', 'color'],
      cardFields: [],
      sort: 'label',
    })
  })

  it('is whole for whoever sees everything', () => {
    expect(visibleView(zooContext({ orgId: newId() }), animals, view)).toEqual(view)
  })

  it.each([
    ['filters by a hidden field', { filter: { $or: [{ color: 'red' }, { weight: { $gt: 3 } }] } }],
    ['filters through a hidden relation', { filter: { 'house.name': 'x' } }],
    ['is a board of a hidden field', { kind: 'board' }],
    ['has no column that is seen', { columns: ['weight'] }],
  ])('is not there when it %s', (_, more) => {
    expect(visibleView(ctx, animals, { ...view, ...more })).toBe(null)
  })
})
