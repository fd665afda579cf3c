import { describe, expect, it } from 'vitest'
import { createPoint } from '../manifest/point.ts'
import { newId, zooContext, zooEntity } from '../records/testing/read-fixture.ts'
import { visibleView } from './visible-view.ts'

const named = (names: string) => ({ type: 'string', 'x-names': names })
const point = createPoint('views', 'zoo', {
  label: 'Views',
  schema: {
    type: 'object',
    properties: {
      kind: { enum: ['table', 'board', 'calendar'] },
      columns: { type: 'array', minItems: 1, 'x-names': 'fields' },
      cardFields: { type: 'array', 'x-names': 'fields' },
      filter: { type: 'object', 'x-names': 'filter' },
      sort: named('sort'),
      groupBy: named('field'),
      sumField: named('field'),
      calendar: {
        type: 'object',
        required: ['date'],
        properties: { date: named('field'), end: named('field') },
      },
    },
    if: { properties: { kind: { const: 'board' } } },
    then: { required: ['groupBy'] },
  },
})
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
    expect(visibleView(ctx, animals, view, point)).toEqual({
      entity: animals.ref,
      label: 'All',
      kind: 'table',
      columns: ['label', 'color'],
      cardFields: [],
      sort: 'label',
    })
  })

  it('loses what is hidden among the settings of its kind as well', () => {
    const calendar = { date: 'label', end: 'weight' }
    expect(visibleView(ctx, animals, { ...view, calendar }, point)?.['calendar']).toEqual({
      date: 'label',
    })
  })

  it('keeps names that no field has any more, so that a page can say so', () => {
    const old = { columns: ['label', 'gone'], filter: { gone: 1 }, sort: 'gone', groupBy: 'gone' }
    expect(visibleView(ctx, animals, { ...view, ...old }, point)).toMatchObject(old)
  })

  it('is whole for whoever sees everything', () => {
    expect(visibleView(zooContext({ orgId: newId() }), animals, view, point)).toEqual(view)
  })

  it.each([
    ['filters by a hidden field', { filter: { $or: [{ color: 'red' }, { weight: { $gt: 3 } }] } }],
    ['filters through a hidden relation', { filter: { 'house.name': 'x' } }],
    ['is a board of a hidden field', { kind: 'board' }],
    ['has no column that is seen', { columns: ['weight'] }],
    ['is a calendar of a hidden field', { kind: 'calendar', calendar: { date: 'weight' } }],
  ])('is not there when it %s', (_, more) => {
    expect(visibleView(ctx, animals, { ...view, ...more }, point)).toBe(null)
  })
})
