import { describe, expect, it } from 'vitest'
import { fieldRight, withFieldRight } from './field-rights.ts'
import type { JsonObject } from './leaf.ts'

const lead = 'crm.leads:lead'
const rules: JsonObject = { all: { operations: ['manage'], entity: '*' } }

describe('rights to fields', () => {
  it('are rules that take fields away, those that lose the same in one', () => {
    const hidden = withFieldRight(rules, lead, 'margin', 'hidden')
    const both = withFieldRight(hidden, lead, 'cost', 'hidden')
    expect(both).toEqual({
      ...rules,
      lead_fields_hidden: {
        effect: 'deny',
        operations: ['create', 'read', 'update'],
        entity: lead,
        fields: ['margin', 'cost'],
      },
    })
    expect(fieldRight(both, lead, 'margin')).toBe('hidden')
    const seen = withFieldRight(both, lead, 'margin', 'see')
    expect([fieldRight(seen, lead, 'margin'), fieldRight(seen, lead, 'cost')]).toEqual([
      'see',
      'hidden',
    ])
    const back = withFieldRight(
      withFieldRight(seen, lead, 'margin', 'change'),
      lead,
      'cost',
      'change',
    )
    expect(back).toEqual(rules)
  })

  it('leave rules with conditions and those of other objects alone', () => {
    const others: JsonObject = {
      ...rules,
      big: {
        effect: 'deny',
        operations: ['read'],
        entity: lead,
        fields: ['a'],
        condition: { a: 1 },
      },
      far: { effect: 'deny', operations: ['read'], entity: 't:x', fields: ['a'] },
    }
    expect(fieldRight(others, lead, 'a')).toBe('change')
    expect(withFieldRight(others, lead, 'a', 'change')).toEqual(others)
  })
})
