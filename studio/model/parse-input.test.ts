import { describe, expect, it } from 'vitest'
import { closeField, field, statusField, valueField } from '../testing/sample-model.ts'
import { editStyle } from './edit-style.ts'
import { inputText } from './input-text.ts'
import { parseInput } from './parse-input.ts'

const context = { locale: 'en', currency: 'EUR' }

describe('what somebody types into a cell', () => {
  it('becomes an amount in the currency that was there, or the organisation’s', () => {
    const dollars = { amount: '1.00', currency: 'USD' }
    expect(parseInput(valueField, '43,500', dollars, context)).toEqual({
      ok: true,
      value: { amount: '43500.00', currency: 'USD' },
    })
    expect(parseInput(valueField, '43.5', null, context)).toEqual({
      ok: true,
      value: { amount: '43.50', currency: 'EUR' },
    })
  })

  it('is refused when it is no number', () => {
    expect(parseInput(valueField, '5 million', null, context)).toEqual({
      ok: false,
      expects: 'number',
    })
  })

  it('is nothing when it is blank', () => {
    expect(parseInput(field('name'), '   ', 'x', context)).toEqual({ ok: true, value: null })
  })

  it('becomes an address of the web without typing https', () => {
    const url = field('website', { type: 'platform.fields:url', editor: 'url' })
    expect(parseInput(url, 'halden.example', null, context)).toEqual({
      ok: true,
      value: 'https://halden.example',
    })
  })

  it('starts from the plain value', () => {
    expect(inputText(valueField, { amount: '284000.00', currency: 'EUR' }, context)).toBe('284000')
    expect(inputText(closeField, '2026-12-09', context)).toBe('2026-12-09')
  })
})

describe('how a field is edited', () => {
  it('follows its kind and the rights of the reader', () => {
    expect(editStyle(field('name'))).toBe('input')
    expect(editStyle(statusField)).toBe('picker')
    expect(editStyle(field('done', { kind: 'boolean', type: 'platform.fields:boolean' }))).toBe(
      'toggle',
    )
    expect(editStyle({ ...statusField, readOnly: true })).toBe('none')
    expect(editStyle({ ...statusField, can: { read: true, create: true, update: false } })).toBe(
      'none',
    )
  })
})
