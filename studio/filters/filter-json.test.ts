import { describe, expect, it } from 'vitest'
import { closeField, field, ownerField, statusField, valueField } from '../testing/sample-model.ts'
import { operatorsOf } from './filter-chip.ts'
import { allOf, normalizeChip, parseFilter, toFilter } from './filter-json.ts'

describe('filter chips', () => {
  it('say what the filter of a view says and give the same filter back', () => {
    const filter = {
      status: { $in: ['new', 'won'] },
      value: { $gte: 1000 },
      closeDate: { $gte: '@thisQuarter', $lt: '@nextQuarter' },
      ownerId: '@me',
      notes: { $exists: false },
      name: { $contains: 'dock' },
    }
    const draft = parseFilter(filter)
    expect(draft.chips.map((chip) => chip.operator)).toEqual([
      'anyOf',
      'atLeast',
      'within',
      'is',
      'empty',
      'contains',
    ])
    expect(draft.rest).toEqual([])
    expect(toFilter(draft)).toEqual(filter)
  })

  it('leave alone what they cannot draw', () => {
    const filter = { $or: [{ status: 'new' }, { status: 'won' }], value: { $gt: 1, $lt: 5 } }
    const draft = parseFilter(filter)
    expect(draft.chips).toEqual([])
    expect(toFilter(draft)).toEqual(filter)
  })

  it('take conditions out of a plain $and', () => {
    const draft = parseFilter({ $and: [{ status: 'new' }, { value: { $gt: 5 } }] })
    expect(draft.chips).toHaveLength(2)
    expect(toFilter(draft)).toEqual({ status: 'new', value: { $gt: 5 } })
  })

  it('do not filter before they have a value', () => {
    expect(
      toFilter({ chips: [{ field: 'name', operator: 'contains', value: '' }], rest: [] }),
    ).toEqual({})
    expect(
      toFilter({ chips: [{ field: 'status', operator: 'anyOf', value: [] }], rest: [] }),
    ).toEqual({})
  })

  it('keep two conditions on one field', () => {
    const chips = [
      { field: 'value', operator: 'atLeast', value: 10 },
      { field: 'value', operator: 'atMost', value: 20 },
    ] as const
    const filter = toFilter({ chips, rest: [] })
    expect(filter).toEqual({ $and: [{ value: { $gte: 10 } }, { value: { $lte: 20 } }] })
    expect(parseFilter(filter).chips).toEqual(chips)
  })

  it('send one chosen option as an equality and show it as "is any of"', () => {
    expect(
      toFilter({ chips: [{ field: 'status', operator: 'anyOf', value: ['new'] }], rest: [] }),
    ).toEqual({ status: 'new' })
    const chip = parseFilter({ status: 'new' }).chips[0]
    expect(chip && normalizeChip(chip, true)).toEqual({
      field: 'status',
      operator: 'anyOf',
      value: ['new'],
    })
  })
})

describe('operators of a field', () => {
  it('follow its kind', () => {
    expect(operatorsOf(field('name'))[0]).toBe('contains')
    expect(operatorsOf(statusField)).toEqual(['anyOf', 'noneOf', 'empty', 'filled'])
    expect(operatorsOf(valueField)).toContain('atLeast')
    expect(operatorsOf(closeField)[0]).toBe('within')
    expect(operatorsOf(ownerField)).toContain('anyOf')
  })

  it('offer nothing that the type cannot do', () => {
    expect(operatorsOf(field('notes', { operators: ['$eq', '$contains'] }))).toEqual([
      'contains',
      'is',
    ])
  })
})

describe('allOf', () => {
  it('drops what is empty and keeps the short form', () => {
    expect(allOf([{}, undefined, { a: 1 }, { b: 2 }])).toEqual({ a: 1, b: 2 })
  })
})
