import { describe, expect, it } from 'vitest'
import type { JsonObject } from './leaf.ts'
import { namedFields } from './named-places.ts'

const point = (properties: JsonObject, scope: JsonObject = { record: 'entity' }) => ({
  schema: { type: 'object', 'x-scope': scope, properties: { entity: {}, ...properties } },
  references: [],
})
const named = (definition: JsonObject, properties: JsonObject, scope?: JsonObject) =>
  namedFields({ entity: 'a:lead', ...definition }, point(properties, scope), () => null).map(
    ({ path, entity, name }) => `${path.join('/')} ${entity} ${name}`,
  )

describe('fields that a definition names', () => {
  it('are found in rules, however deep, and in templates inside them', () => {
    const when = {
      any: [
        { not: { fact: 'record', path: 'account.industry', operator: '$eq', value: 'value' } },
        { fact: 'vars', path: 'score', operator: '$gt', value: '{{ record.least | number }}' },
      ],
    }
    expect(named({ when }, { when: { 'x-rule': true } })).toEqual([
      'when/any/0/not/path a:lead account.industry',
      'when/any/1/value a:lead least',
    ])
  })

  it('are found in lists, orders, filters and values, by what the schema says of each', () => {
    const parts = {
      fields: ['a', 'b'],
      sort: '-a,b',
      filter: { $or: [{ a: 1 }, { 'b.c': { $gt: 2 } }] },
      values: { a: { amount: 1 } },
      other: { a: 1 },
    }
    const marked = Object.fromEntries(
      ['fields', 'sort', 'filter', 'values'].map((one) => [one, { 'x-names': one }]),
    )
    expect(named(parts, { ...marked, other: { type: 'object' } })).toEqual([
      'fields/0 a:lead a',
      'fields/1 a:lead b',
      'sort a:lead a',
      'sort a:lead b',
      'filter/$or/0/a a:lead a',
      'filter/$or/1/b.c a:lead b.c',
      'values/a a:lead a',
    ])
  })

  it('belong to the entity that the scope of a node says, and only there', () => {
    const node = {
      type: 'object',
      'x-scope': { 'steps.$node.output.records.*': 'of', item: 'of' },
      properties: { of: {}, text: { type: 'string' } },
    }
    const steps = {
      find: { of: 'a:deal' },
      tell: {
        text: '{{ steps.find.output.records.0.stage }} {{ steps.tell.output.records.0.stage }} {{ item.value.amount }} {{ record }}',
      },
    }
    const graph = { 'x-graph': {}, additionalProperties: node }
    expect(named({ steps }, { steps: graph })).toEqual([
      'steps/tell/text a:deal stage',
      'steps/tell/text a:deal value.amount',
    ])
  })

  it('are found in formulas; one that cannot be read names none', () => {
    const formula = { 'x-formula': {} }
    expect(named({ f: 'record.price * vars.share' }, { f: formula })).toEqual(['f a:lead price'])
    expect(named({ f: 'record.price *' }, { f: formula })).toEqual([])
  })
})
