import type { FieldInfo } from '@runwaycrm/sdk'
import { describe, expect, it } from 'vitest'
import { convertCell } from './convert-cell.ts'
import { fillTemplate } from './fill-template.ts'
import { readSpec } from './spec.ts'

const spec = readSpec({ entity: 'leads' })
const german = readSpec({
  entity: 'leads',
  decimal: ',',
  dateFormat: 'DD.MM.YYYY',
  timeZone: 'Europe/Berlin',
})

function field(kind: string, more: Partial<FieldInfo> = {}): FieldInfo {
  return {
    key: 'x',
    apiName: 'x',
    kind,
    label: 'X',
    options: [],
    readOnly: false,
    ...more,
  } as FieldInfo
}

describe('converting a cell', () => {
  it('reads numbers as people write them', () => {
    expect(convertCell(' 1,234.5 ', field('number'), { field: 'x' }, spec)).toBe(1234.5)
    expect(convertCell('1.234,5', field('number'), { field: 'x' }, german)).toBe(1234.5)
    expect(convertCell('12.5 %', field('number'), { field: 'x' }, spec)).toBe(12.5)
    expect(convertCell('lots', field('number'), { field: 'x' }, spec)).toBe('lots')
  })

  it('scales money without dust', () => {
    expect(convertCell('1100.04', field('currency'), { field: 'x', scale: 1_000_000 }, spec)).toBe(
      '1100040000',
    )
    expect(convertCell('$1,054', field('currency'), { field: 'x' }, spec)).toBe('1054')
  })

  it('maps values before it reads them', () => {
    const target = { field: 'x', values: { technolgy: 'technology' } }
    expect(convertCell('technolgy', field('text'), target, spec)).toBe('technology')
    expect(convertCell('constructor', field('text'), target, spec)).toBe('constructor')
  })

  it('takes what has parts as JSON, and leaves a text to the field', () => {
    const place = field('composite')
    expect(convertCell('{"lat": 1, "lng": 2}', place, { field: 'x' }, spec)).toEqual({
      lat: 1,
      lng: 2,
    })
    expect(convertCell('59.9, 10.7', place, { field: 'x' }, spec)).toBe('59.9, 10.7')
  })

  it('reads dates in the format of the file', () => {
    expect(convertCell('3.2.2026', field('date'), { field: 'x' }, german)).toBe('2026-02-03')
    expect(convertCell('2026-02-03', field('date'), { field: 'x' }, german)).toBe('2026-02-03')
    expect(convertCell('soon', field('date'), { field: 'x' }, german)).toBe('soon')
    expect(convertCell('01.07.2026 12:00', field('dateTime'), { field: 'x' }, german)).toBe(
      '2026-07-01T10:00:00.000Z',
    )
  })

  it('finds options by key or label and leaves others for validation to name', () => {
    const stage = field('option', { options: [{ key: 'won', label: 'Closed won' }] })
    expect(convertCell('Won', stage, { field: 'x' }, spec)).toBe('won')
    expect(convertCell('closed WON', stage, { field: 'x' }, spec)).toBe('won')
    expect(convertCell('wonn', stage, { field: 'x' }, spec)).toBe('wonn')
  })

  it('leaves empty cells out, or takes the default', () => {
    expect(convertCell('  ', field('text'), { field: 'x' }, spec)).toBeUndefined()
    expect(convertCell('', field('text'), { field: 'x', default: 'none' }, spec)).toBe('none')
  })

  it('fills templates and drops bracketed parts with an empty column', () => {
    const cells: Record<string, string> = { product: 'GTX Pro', account: '' }
    const cell = (column: string) => cells[column] ?? ''
    expect(fillTemplate('{product}[ for {account}]', cell)).toBe('GTX Pro')
    cells['account'] = 'Isdom'
    expect(fillTemplate('{product}[ for {account}]', cell)).toBe('GTX Pro for Isdom')
  })

  it('names every problem of a spec at once', () => {
    expect(() => readSpec({ onDuplicate: 'merge', delimiter: ';;', colour: 1 })).toThrowError(
      expect.objectContaining({
        code: 'INVALID',
        errors: expect.arrayContaining([
          expect.objectContaining({ path: 'spec.entity' }),
          expect.objectContaining({ path: 'spec.onDuplicate' }),
          expect.objectContaining({ path: 'spec.delimiter' }),
          expect.objectContaining({ path: 'spec.colour' }),
        ]),
      }),
    )
  })
})
