import type { FieldInfo } from '@runwaycrm/sdk'
import { describe, expect, it } from 'vitest'
import { field, statusField, valueField } from '../testing/sample-model.ts'
import { type ReadContext, readCell } from './read-cell.ts'
import { readDay } from './read-day.ts'

const context: ReadContext = {
  locale: 'en',
  currency: 'EUR',
  yes: 'Ja',
  no: 'Nein',
  find: (_, name) =>
    ({ Acme: { id: 'a1' }, 'Berg, Oslo': { id: 'b1' }, Twin: 'ambiguous' as const })[name] ??
    'unknown',
}
const of = (type: string, more: Partial<FieldInfo> = {}): FieldInfo =>
  field('thing', {
    type: `platform.fields:${type}`,
    kind: type,
    editor: type,
    display: type,
    ...more,
  })
const read = (one: FieldInfo, words: string, before: unknown = null) => {
  const found = readCell(one, words, before, context)
  return found.ok ? found.value : found.why
}

describe('a pasted cell', () => {
  it('is read by the kind of its field', () => {
    expect(read(of('number'), '1,234.5')).toBe(1234.5)
    expect(read(of('percent'), '12.5%')).toBe(12.5)
    expect(read(of('boolean'), 'TRUE')).toBe(true)
    expect(read(of('boolean'), 'nein')).toBe(false)
    expect(read(of('date'), '3/1/2026')).toBe('2026-03-01')
    expect(read(statusField, statusField.options?.[0]?.label.toUpperCase() ?? '')).toBe(
      statusField.options?.[0]?.key,
    )
  })

  it('may name a currency, and keeps the one that was there', () => {
    expect(read(valueField, '12.50 USD')).toEqual({ amount: '12.50', currency: 'USD' })
    expect(read(valueField, '9', { amount: '1', currency: 'NOK' })).toMatchObject({
      currency: 'NOK',
    })
    expect(read(valueField, '9')).toMatchObject({ currency: 'EUR' })
  })

  it('finds records by their names, also several, and also names with a comma', () => {
    const one = of('relation', { to: 't:yacht' })
    const many = of('relations', { to: 't:yacht', apiName: 'thingIds' })
    expect(read(one, 'Acme')).toBe('a1')
    expect(read(one, 'Nobody')).toEqual({ code: 'record', what: 'Nobody' })
    expect(read(one, 'Twin')).toEqual({ code: 'ambiguous', what: 'Twin' })
    expect(read(many, 'Berg, Oslo')).toEqual(['b1'])
    expect(read(many, 'Acme; Berg, Oslo')).toEqual(['a1', 'b1'])
  })

  it('says why it is not taken', () => {
    expect(read(of('number'), 'many')).toEqual({ code: 'expects', expects: 'number' })
    expect(read(of('date'), '31/02/2026')).toEqual({ code: 'expects', expects: 'date' })
    expect(read(statusField, 'nowhere')).toEqual({ code: 'option', what: 'nowhere' })
    expect(read(of('text', { required: true }), ' ')).toEqual({ code: 'required' })
    expect(read(of('text', { readOnly: true }), 'x')).toEqual({ code: 'readOnly' })
    expect(read(of('text', { maxLength: 5 }), '123456')).toEqual({ code: 'tooLong', what: '5' })
    expect(read(of('integer', { max: 100 }), '101')).toEqual({ code: 'tooLarge', what: '100' })
    expect(read(of('email'), 'no address')).toEqual({ code: 'email' })
    expect(read(of('file'), 'x.png')).toEqual({ code: 'noText' })
  })

  it('clears when it is blank', () => expect(read(of('number'), '')).toBeNull())
})

describe('a day', () => {
  it('is read in the order of the language', () => {
    expect(readDay('1.3.2026', 'de')).toBe('2026-03-01')
    expect(readDay('1/3/26', 'en-US')).toBe('2026-01-03')
    expect(readDay('2026-3-1', 'de')).toBe('2026-03-01')
    expect(readDay('2026-02-30', 'de')).toBeNull()
    expect(readDay('next week', 'de')).toBeNull()
  })
})
