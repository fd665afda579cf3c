import { describe, expect, it } from 'vitest'
import { fieldKey, guessPlural, pluralKey } from './field-key.ts'
import { moveOrders } from './field-order.ts'
import { completeWord, formulaWord } from './formula-words.ts'
import { newFieldOperation, newObjectOperations } from './new-object.ts'

describe('moving a field', () => {
  const fields = ['a', 'b', 'c'].map((key, at) => ({ key, order: (at + 1) * 10 }))
  it('writes one order where there is room', () => {
    expect(moveOrders(fields, 'c', 1)).toEqual([{ key: 'c', order: 15 }])
    expect(moveOrders(fields, 'a', 2)).toEqual([{ key: 'a', order: 40 }])
    expect(moveOrders(fields, 'b', 0)).toEqual([{ key: 'b', order: 0 }])
    expect(moveOrders(fields, 'b', 1)).toEqual([])
  })
  it('numbers anew where there is none', () => {
    const same = ['a', 'b', 'c'].map((key) => ({ key, order: 1000 }))
    expect(moveOrders(same, 'c', 1)).toEqual([
      { key: 'a', order: 10 },
      { key: 'c', order: 20 },
      { key: 'b', order: 30 },
    ])
  })
})

describe('keys from labels', () => {
  it.each([
    ['Vessel class', 'vesselClass'],
    ['URL', 'url'],
    ['Größe (m²)', 'grosseM2'],
    ['3 months', 'months'],
    ['', 'field'],
    ['Budget', 'budget2'],
  ])('%j is %s', (label, key) => {
    expect(fieldKey(label, new Set(['budget']))).toBe(key)
  })
  it('guesses plurals and addresses', () => {
    expect(guessPlural('Property')).toBe('Properties')
    expect(guessPlural('Box')).toBe('Boxes')
    expect(pluralKey('Open tickets', new Set(['open-tickets']))).toBe('open-tickets-2')
  })
})

describe('a new object', () => {
  it('comes with its page, table and layout, where there are such points', () => {
    const object = {
      key: 'property',
      plural: 'properties',
      label: 'Property',
      labelPlural: 'Properties',
      icon: 'house',
      fields: [
        { key: 'street', label: 'Street', type: 'text' },
        { key: 'lead', label: 'Lead', type: 'relation', to: 'crm.leads:lead' },
      ],
    }
    const operations = newObjectOperations(object, new Set(['entities', 'pages', 'views']))
    expect(operations.map(({ path }) => path.join('/'))).toEqual([
      'entities/property',
      'pages/property',
      'views/property_all',
    ])
    expect(operations[2]?.value).toMatchObject({ columns: ['street', 'leadId'] })
  })
  it('puts a field onto an object of a plugin under a key that is free', () => {
    const lead = { ref: 'crm.leads:lead', key: 'lead', isOwn: false }
    const field = { key: 'budget', label: 'Budget', type: 'currency' }
    expect(newFieldOperation(lead, field, 20, new Set(['budget']))).toMatchObject({
      path: ['fields', 'lead_budget'],
      value: { entity: 'crm.leads:lead', key: 'budget', field: { type: 'currency', order: 20 } },
    })
  })
})

describe('names in a formula', () => {
  const names = [
    { text: 'rooms', label: 'Rooms' },
    { text: 'round(', label: 'round(number)' },
  ]
  it('are offered for the word before the caret', () => {
    const text = 'price / ro'
    expect(formulaWord(text, text.length)).toEqual({ word: 'ro', from: 8, to: 10 })
    expect(completeWord('ro', names).map((one) => one.text)).toEqual(['rooms', 'round('])
    expect(completeWord('rooms', names)).toEqual([])
    expect(formulaWord('"ro', 3)).toBeNull()
  })
})
