import { describe, expect, it } from 'vitest'
import { closeField, field, ownerField, statusField, valueField } from '../testing/sample-model.ts'
import { formatDate, formatDayHeading, formatRelative } from './format-date.ts'
import { type FormatContext, formatValue } from './format-value.ts'

const now = new Date('2026-11-23T10:00:00Z')
const context: FormatContext = {
  locale: 'en',
  now,
  nameOf: (entity, id) => (entity === 'kernel:user' && id === 'u1' ? 'Ada Lindqvist' : ''),
  yes: 'Yes',
  no: 'No',
}

describe('a value as text', () => {
  it('is the label of an option, not its key', () => {
    expect(formatValue(statusField, 'won', context)).toBe('Won')
    expect(formatValue(statusField, 'gone', context)).toBe('gone')
  })

  it('is the amount with its currency', () => {
    expect(formatValue(valueField, { amount: '92400.00', currency: 'EUR' }, context)).toBe(
      '€92,400',
    )
  })

  it('is the name of a person, or a short id while it is unknown', () => {
    expect(formatValue(ownerField, 'u1', context)).toBe('Ada Lindqvist')
    expect(formatValue(ownerField, '0199c0de-0000-7000-8000-000000000001', context)).toBe(
      '0199c0de…',
    )
  })

  it('is empty for nothing', () => {
    for (const value of [null, undefined, '', []])
      expect(formatValue(valueField, value, context)).toBe('')
  })

  it('is a line for an address', () => {
    const address = field('address', { type: 'platform.fields:address', kind: 'json' })
    expect(
      formatValue(address, { street: 'Kaigata 1', city: 'Bergen', region: null }, context),
    ).toBe('Kaigata 1, Bergen')
  })
})

describe('dates', () => {
  it('are the same calendar day in every zone', () => {
    expect(formatDate('2026-12-09', 'en', now)).toBe('Dec 9')
    expect(formatDate('2027-01-26', 'en', now)).toBe('Jan 26, 2027')
    expect(formatValue(closeField, '2026-12-09', context)).toBe('Dec 9')
  })

  it('are told from now', () => {
    expect(formatRelative('2026-11-23T08:00:00Z', 'en', now)).toBe('2 hr. ago')
    expect(formatDayHeading('2026-11-23T08:00:00Z', 'en', now)).toBe('Today')
  })
})
