import type { CodecOrg, FieldCodec, FieldTypeHandler, Parsed } from '@runwaycrm/sdk'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import manifest from './plugin.json' with { type: 'json' }
import { handlers } from './server.ts'

const org: CodecOrg = { currency: 'EUR', country: 'NO', timeZone: 'Europe/Oslo' }

type TypeName = keyof typeof manifest.contributes.fieldTypes

function codec(type: TypeName, params: Record<string, unknown> = {}): FieldCodec {
  const { handler } = manifest.contributes.fieldTypes[type]
  const make = (handlers as unknown as Record<string, FieldTypeHandler>)[handler]!
  return make({ key: 'x', label: 'X', params })
}

/** What is read back after writing; the code of the problem when it is refused. */
function roundTrip(type: TypeName, input: unknown, params?: Record<string, unknown>): unknown {
  const of = codec(type, params)
  const parsed = of.parse(input, org)
  if (!parsed.ok) return parsed.problem.code
  return parsed.value.main === null ? null : of.format(parsed.value)
}

describe('texts', () => {
  it('are kept as they are; blank ones are null', () => {
    expect(roundTrip('text', ' Ann\tLee ')).toBe(' Ann\tLee ')
    expect(roundTrip('text', ' \n ')).toBeNull()
    expect(roundTrip('text', 7)).toBe('WRONG_TYPE')
    expect(roundTrip('text', 'a'.repeat(500))).toHaveLength(500)
    expect(roundTrip('text', 'a'.repeat(501))).toBe('TOO_LONG')
    expect(roundTrip('text', 'a'.repeat(501), { maxLength: 600 })).toHaveLength(501)
    expect(roundTrip('longText', 'a'.repeat(100_000))).toHaveLength(100_000)
    expect(roundTrip('longText', 'a'.repeat(100_001))).toBe('TOO_LONG')
  })

  it('with what cannot be kept are refused', () => {
    for (const type of ['text', 'longText', 'url', 'select', 'email'] as const) {
      expect(roundTrip(type, 'a\0b'), type).toMatch(/BAD_FORMAT|UNKNOWN_OPTION/)
      expect(roundTrip(type, 'a\ud800b'), type).toMatch(/BAD_FORMAT|UNKNOWN_OPTION/)
    }
    expect(roundTrip('tags', ['\0'])).toBe('BAD_FORMAT')
    expect(roundTrip('json', { 'a\0': 1 })).toBe('BAD_FORMAT')
    expect(roundTrip('json', ['\udfff'])).toBe('BAD_FORMAT')
  })

  it('of any kind come back unchanged', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (written) => {
        const isKept = !written.includes('\0') && written.trim() !== ''
        expect(roundTrip('text', written)).toBe(
          written.includes('\0') ? 'BAD_FORMAT' : isKept ? written : null,
        )
      }),
    )
  })
})

describe('addresses', () => {
  it('of mail are lower case', () => {
    expect(roundTrip('email', ' Ann.Lee+x@Example.COM ')).toBe('ann.lee+x@example.com')
    expect(roundTrip('email', 'jörg@bücher.example')).toBe('jörg@bücher.example')
    for (const wrong of [
      'ann',
      'ann@',
      '@x.no',
      'a b@x.no',
      'a@x',
      'a..b@x.no',
      'a@-x.no',
      'a@x..no',
    ]) {
      expect(roundTrip('email', wrong), wrong).toBe('BAD_FORMAT')
    }
    expect(roundTrip('email', '')).toBeNull()
  })

  it('of the web are http or https', () => {
    for (const fine of ['https://example.com', 'http://x.no/a?b#c', 'https://[::1]:8080/']) {
      expect(roundTrip('url', fine)).toBe(fine)
    }
    for (const wrong of [
      'example.com',
      'javascript:alert(1)',
      'https://',
      'https://a b',
      'ftp://x.no',
      'https://x\u200b.no',
    ]) {
      expect(roundTrip('url', wrong), wrong).toBe('BAD_FORMAT')
    }
  })

  it('of phones are E.164, without a country code those of the organisation’s country', () => {
    expect(roundTrip('phone', '+47 22 00 00 00')).toBe('+4722000000')
    expect(roundTrip('phone', '22 00 00 00')).toBe('+4722000000')
    expect(roundTrip('phone', '+1 (213) 373-4253')).toBe('+12133734253')
    for (const wrong of ['12', 'call me', '+47 22 00 00 00 ext. 5', '+999 1234567']) {
      expect(roundTrip('phone', wrong), wrong).toBe('BAD_FORMAT')
    }
    const nowhere = codec('phone').parse('22 00 00 00', { ...org, country: '' })
    expect(nowhere.ok).toBe(false)
  })
})

describe('numbers', () => {
  it('are finite, and zero has no sign', () => {
    expect(roundTrip('number', 12.5)).toBe(12.5)
    expect(Object.is(roundTrip('number', -0), 0)).toBe(true)
    expect(roundTrip('number', Number.NaN)).toBe('OUT_OF_RANGE')
    expect(roundTrip('number', Number.POSITIVE_INFINITY)).toBe('OUT_OF_RANGE')
    expect(roundTrip('number', '12')).toBe('WRONG_TYPE')
    expect(roundTrip('percent', 12.5)).toBe(12.5)
  })

  it('without decimals are below 2^53', () => {
    expect(roundTrip('integer', 2 ** 53 - 1)).toBe(2 ** 53 - 1)
    expect(roundTrip('integer', 2 ** 53)).toBe('OUT_OF_RANGE')
    expect(roundTrip('integer', -(2 ** 53))).toBe('OUT_OF_RANGE')
    expect(roundTrip('integer', 1.5)).toBe('WRONG_TYPE')
    expect(roundTrip('integer', 1e300)).toBe('OUT_OF_RANGE')
    expect(roundTrip('rating', 5)).toBe(5)
    expect(roundTrip('rating', 6)).toBe('OUT_OF_RANGE')
    expect(roundTrip('rating', 6, { max: 10 })).toBe(6)
    expect(roundTrip('rating', -1)).toBe('OUT_OF_RANGE')
  })
})

describe('amounts', () => {
  it('come back with two to four decimals and their currency', () => {
    const given = (amount: unknown, currency?: string) =>
      roundTrip('currency', currency ? { amount, currency } : amount)
    expect(given('1054', 'USD')).toEqual({ amount: '1054.00', currency: 'USD' })
    expect(given(1054)).toEqual({ amount: '1054.00', currency: 'EUR' })
    expect(given('-0.0001', 'usd')).toEqual({ amount: '-0.0001', currency: 'USD' })
    expect(given('10.500', 'USD')).toEqual({ amount: '10.50', currency: 'USD' })
    expect(given('10.5050', 'USD')).toEqual({ amount: '10.505', currency: 'USD' })
    expect(given(0.1 + 0.2, 'USD')).toEqual({ amount: '0.30', currency: 'USD' })
    expect(given('-0', 'USD')).toEqual({ amount: '0.00', currency: 'USD' })
    expect(given('99999999999.9999', 'USD')).toEqual({
      amount: '99999999999.9999',
      currency: 'USD',
    })
    expect(given('100000000000', 'USD')).toBe('OUT_OF_RANGE')
    expect(given(1e11, 'USD')).toBe('OUT_OF_RANGE')
    expect(given(1e300, 'USD')).toBe('OUT_OF_RANGE')
    expect(given('1.00001', 'USD')).toBe('BAD_FORMAT')
    expect(given(0.00001, 'USD')).toBe('BAD_FORMAT')
    expect(given('1,054.00', 'USD')).toBe('BAD_FORMAT')
    expect(given('1e3', 'USD')).toBe('BAD_FORMAT')
    expect(given(Number.NaN, 'USD')).toBe('OUT_OF_RANGE')
    expect(given('1', 'XYZ')).toBe('BAD_FORMAT')
    expect(given(true)).toBe('WRONG_TYPE')
    expect(roundTrip('currency', { currency: 'USD' })).toBe('REQUIRED')
    expect(roundTrip('currency', { amount: '1', currency: 'USD', vat: 1 })).toBe('UNKNOWN_FIELD')
    expect(given('', 'USD')).toBeNull()
  })

  it('of any size are exact', () => {
    const units = fc.bigInt({ min: -999_999_999_999_999n, max: 999_999_999_999_999n })
    fc.assert(
      fc.property(units, (value) => {
        const of = codec('currency')
        const { amount } = of.format({ main: value, parts: { currency: 'EUR' } }) as {
          amount: string
        }
        expect(of.parse(amount, org)).toEqual({
          ok: true,
          value: { main: Number(value), parts: { currency: 'EUR' } },
        })
      }),
    )
  })

  it('in filters are numbers or texts', () => {
    const filter = (input: unknown) => codec('currency').parseFilter!(input, org)
    for (const input of [10.5, '10.5', '10.50', { amount: '10.5', currency: 'USD' }]) {
      expect(filter(input)).toEqual({ ok: true, value: { main: 105_000 } })
    }
    expect(filter('ten').ok).toBe(false)
  })
})

describe('days and moments', () => {
  it('are ones that the calendar has', () => {
    expect(roundTrip('date', '2024-02-29')).toBe('2024-02-29')
    for (const wrong of [
      '2026-02-29',
      '2026-13-01',
      '26-01-01',
      '2026-01-01T00:00:00Z',
      '0000-01-01',
      '10000-01-01',
      'today',
    ]) {
      expect(roundTrip('date', wrong), wrong).toBe('BAD_FORMAT')
    }
    expect(roundTrip('date', 20260101)).toBe('WRONG_TYPE')
  })

  it('need an offset and come back in UTC with milliseconds', () => {
    expect(roundTrip('dateTime', '2026-03-01T10:30:00+01:00')).toBe('2026-03-01T09:30:00.000Z')
    expect(roundTrip('dateTime', '2026-03-01T09:30Z')).toBe('2026-03-01T09:30:00.000Z')
    expect(roundTrip('dateTime', '2026-03-01t09:30:00.1239z')).toBe('2026-03-01T09:30:00.123Z')
    for (const wrong of [
      '2026-03-01T09:30:00',
      '2026-03-01',
      '2026-02-30T00:00:00Z',
      '2026-03-01T24:00:00Z',
      '2026-03-01T09:60:00Z',
      '9999-12-31T23:59:59-01:00',
      'now',
    ]) {
      expect(roundTrip('dateTime', wrong), wrong).toBe('BAD_FORMAT')
    }
  })

  it('survive any moment of four-digit years', () => {
    const moments = fc.date({
      min: new Date('0001-01-02T00:00:00Z'),
      max: new Date('9999-12-30T00:00:00Z'),
      noInvalidDate: true,
    })
    fc.assert(
      fc.property(moments, (at) => {
        expect(roundTrip('dateTime', at.toISOString())).toBe(at.toISOString())
        const day = at.toISOString().slice(0, 10)
        expect(roundTrip('date', day)).toBe(day)
      }),
    )
  })
})

describe('choices', () => {
  it('are keys, each once', () => {
    expect(roundTrip('select', 'new')).toBe('new')
    expect(roundTrip('select', '')).toBeNull()
    expect(roundTrip('multiSelect', ['a', 'b', 'a'])).toEqual(['a', 'b'])
    expect(roundTrip('tags', [' hot ', 'hot'])).toEqual(['hot'])
    expect(roundTrip('tags', [])).toEqual([])
    expect(roundTrip('tags', 'hot')).toBe('WRONG_TYPE')
    expect(roundTrip('tags', [1])).toBe('WRONG_TYPE')
    expect(roundTrip('tags', [''])).toBe('BAD_FORMAT')
    expect(roundTrip('boolean', true)).toBe(true)
    for (const wrong of ['true', 1, 0, 'yes'])
      expect(roundTrip('boolean', wrong)).toBe('WRONG_TYPE')
  })
})

describe('links', () => {
  const id = '0190b4c3-7d6e-7a8b-9c0d-1e2f3a4b5c6d'
  it('are ids', () => {
    expect(roundTrip('relation', id.toUpperCase())).toBe(id)
    expect(roundTrip('user', id)).toBe(id)
    expect(roundTrip('relation', 'x')).toBe('BAD_FORMAT')
    expect(roundTrip('relation', 7)).toBe('WRONG_TYPE')
    expect(roundTrip('reference', { entity: 'leads', id })).toEqual({ entity: 'leads', id })
    expect(roundTrip('reference', { entity: 'crm.leads:lead', id })).toEqual({
      entity: 'crm.leads:lead',
      id,
    })
    expect(roundTrip('reference', { entity: 'leads' })).toBe('REQUIRED')
    expect(roundTrip('reference', { entity: '../x', id })).toBe('BAD_FORMAT')
    expect(roundTrip('reference', { entity: 'leads', id, name: 'x' })).toBe('UNKNOWN_FIELD')
    expect(roundTrip('template', 'x')).toBe('READ_ONLY')
  })
})

describe('every codec', () => {
  it('answers any input with a value or a problem, and gives back what it took', () => {
    const types = Object.keys(manifest.contributes.fieldTypes) as TypeName[]
    const inputs = fc.oneof(
      fc.anything({ withNullPrototype: true }),
      fc.jsonValue(),
      fc.double(),
      fc.string({ unit: 'binary' }),
    )
    fc.assert(
      fc.property(fc.constantFrom(...types), inputs, (type, input) => {
        if (input === null || input === undefined) return
        const of = codec(type)
        for (const parsed of [of.parse(input, org), of.parseFilter?.(input, org)]) {
          if (!parsed?.ok) expect(parsed === undefined || parsed.problem.code).toBeTruthy()
        }
        const parsed: Parsed = of.parse(input, org)
        if (!parsed.ok || parsed.value.main === null) return
        expect(of.parse(of.format(parsed.value), org)).toEqual(parsed)
        if (of.plain) expect(of.format(parsed.value)).toBe(parsed.value.main)
      }),
      { numRuns: 3_000 },
    )
  })
})
