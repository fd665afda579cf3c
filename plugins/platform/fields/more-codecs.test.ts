import type { CodecOrg, FieldTypeDefinition, FieldTypeHandler } from '@runwaycrm/sdk'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import manifest from './plugin.json' with { type: 'json' }
import { handlers } from './server.ts'

const org: CodecOrg = { currency: 'EUR', country: 'NO', timeZone: 'Europe/Oslo' }
type TypeName = keyof typeof manifest.contributes.fieldTypes

function codec(type: TypeName, params: Record<string, unknown> = {}) {
  const { handler } = manifest.contributes.fieldTypes[type] as unknown as FieldTypeDefinition
  const make = (handlers as unknown as Record<string, FieldTypeHandler>)[handler]!
  return make({ key: 'x', label: 'X', params })
}

/** What is read back after writing; the code of the problem when it is refused. */
function kept(type: TypeName, input: unknown, params?: Record<string, unknown>): unknown {
  const of = codec(type, params)
  const parsed = of.parse(input, org)
  if (!parsed.ok) return parsed.problem.code
  return parsed.value.main === null ? null : of.format(parsed.value)
}

function words(type: TypeName, input: unknown): string | undefined {
  const of = codec(type)
  const parsed = of.parse(input, org)
  return parsed.ok ? of.text?.(parsed.value) : undefined
}

describe('rich text', () => {
  it('keeps headings, lists, links and emphasis', () => {
    const html = '<h2>Plan</h2><p>A <em>b</em></p><ol start="2"><li>c</li></ol>'
    expect(kept('richText', html)).toBe(html)
  })

  it('loses whatever could run, load or cover the page', () => {
    const bad = [
      '<script>alert(1)</script>',
      '<img src=x onerror=alert(1)>',
      '<a href="javascript:alert(1)">x</a>',
      '<a href="//evil.example">x</a>',
      '<p style="position:fixed" onclick="x()" class="modal" id="app">x</p>',
      '<iframe src="https://evil.example"></iframe>',
      '<svg><a xlink:href="javascript:alert(1)"><text>x</text></a></svg>',
      '<form action="https://evil.example"><input></form>',
      '<style>*{display:none}</style>',
      '<math><mi xlink:href="data:x">x</mi></math>',
    ]
    const clean = String(kept('richText', `<p>text</p>${bad.join('')}`))
    expect(clean).not.toMatch(
      /script|onerror|onclick|style|src=|iframe|svg|form|input|class|id=|data:|\/\/evil/i,
    )
    expect(clean).toContain('<p>text</p>')
  })

  it('is the same when it is cleaned again', () => {
    const piece = fc.constantFrom(
      '<p>',
      '</p>',
      '<b',
      '>',
      '<a href="',
      'javascript:',
      '"',
      "'",
      '&lt;',
      '&',
      '<script>',
      '</script>',
      'x',
      '<!--',
      '-->',
      '<![CDATA[',
      '\u0000'.slice(1),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 25 }), (pieces) => {
        const once = kept('richText', pieces.join(''))
        if (once !== null) expect(kept('richText', once)).toBe(once)
      }),
      { examples: [[['<p>', '<b', '<p>', 'x', '<p>']]] },
    )
  })

  it('of nothing but marks is blank; for people it is plain', () => {
    expect(kept('richText', '<p><br></p> ')).toBeNull()
    expect(words('richText', '<p>1 &lt; 2</p><ul><li>a</li><li>b</li></ul>')).toBe('1 < 2 a b')
    expect(kept('richText', 'x'.repeat(100_001))).toBe('TOO_LONG')
    expect(kept('richText', '<p>'.repeat(5000))).toBeNull()
  })
})

describe('durations', () => {
  it('take seconds and words', () => {
    expect(kept('duration', 5400)).toBe(5400)
    expect(kept('duration', '1h 30m')).toBe(5400)
    expect(kept('duration', '1:30')).toBe(5400)
    expect(kept('duration', '1w2d')).toBe(777_600)
    expect(kept('duration', '90')).toBe(90)
    for (const wrong of ['soon', '1h x', '-5', '1.5h', 'h']) {
      expect(kept('duration', wrong), wrong).toBe('BAD_FORMAT')
    }
    expect(kept('duration', -1)).toBe('OUT_OF_RANGE')
    expect(kept('duration', 1.5)).toBe('WRONG_TYPE')
    expect(kept('duration', ' ')).toBeNull()
  })

  it('come back from their own words', () => {
    fc.assert(
      fc.property(fc.nat({ max: 10 ** 8 }), (seconds) => {
        expect(kept('duration', words('duration', seconds))).toBe(seconds)
      }),
    )
  })
})

describe('values of parts', () => {
  it('are one text for people, in order', () => {
    expect(words('personName', { first: 'Ann', last: 'Lee', prefix: 'Dr.' })).toBe('Dr. Ann Lee')
    expect(words('address', { city: 'Oslo', street: 'Storgata 1', country: 'Norway' })).toBe(
      'Storgata 1, Oslo, NO',
    )
    expect(kept('personName', 'Ann Mary Lee')).toMatchObject({ first: 'Ann Mary', last: 'Lee' })
  })

  it('are replaced whole and blank when all of them are', () => {
    expect(kept('address', { city: 'Oslo' })).toEqual({
      street: null,
      postalCode: null,
      city: 'Oslo',
      region: null,
      country: null,
    })
    expect(kept('address', { city: ' ' })).toBeNull()
    expect(kept('geo', {})).toBeNull()
    expect(kept('address', { town: 'Oslo' })).toBe('UNKNOWN_FIELD')
    expect(kept('address', 'Oslo')).toBe('WRONG_TYPE')
  })

  it('stay on earth and run forwards', () => {
    expect(kept('geo', { lat: 90, lng: -180 })).toEqual({ lat: 90, lng: -180 })
    expect(kept('geo', { lat: 90.1, lng: 0 })).toBe('OUT_OF_RANGE')
    expect(kept('geo', { lat: '1', lng: 0 })).toBe('WRONG_TYPE')
    expect(kept('geo', { lat: 1 })).toBe('WRONG_TYPE')
    expect(kept('period', { from: '2026-03-02', to: '2026-03-01' })).toBe('OUT_OF_RANGE')
    expect(kept('period', { from: '2026-02-30', to: '2026-03-01' })).toBe('BAD_FORMAT')
  })
})

describe('texts of one form', () => {
  it('are kept in that form', () => {
    expect(kept('color', '#3AF')).toBe('#33aaff')
    expect(kept('time', '9:30')).toBe('09:30')
    expect(kept('time', '12:05 am')).toBe('00:05')
    expect(kept('time', '1:00 PM')).toBe('13:00')
    expect(kept('ipAddress', '2001:0DB8:0:0:0:0:0:7')).toBe('2001:db8::7')
    expect(kept('domain', 'https://www.Example.com/about?x')).toBe('example.com')
    expect(kept('domain', 'bücher.example')).toBe('xn--bcher-kva.example')
    expect(kept('country', 'norway')).toBe('NO')
    expect(kept('language', 'german')).toBe('de')
    expect(kept('language', 'de_ch')).toBe('de-CH')
    expect(kept('currencyCode', 'eur')).toBe('EUR')
    expect(kept('timeZone', 'europe/oslo')).toBe('Europe/Oslo')
    expect(kept('barcode', '4 006381 333931')).toBe('4006381333931')
    expect(kept('sku', 'ab 12')).toBe('AB-12')
    expect(kept('iban', 'no93 8601 1117 947')).toBe('NO9386011117947')
    expect(words('iban', 'NO9386011117947')).toBe('NO93 8601 1117 947')
  })

  it.each([
    ['color', 'blue'],
    ['time', '24:00'],
    ['time', '13:00 pm'],
    ['month', '2026-13'],
    ['ipAddress', '256.1.1.1'],
    ['ipAddress', 'fe80::1%eth0'],
    ['domain', 'localhost'],
    ['domain', 'a_b.example'],
    ['country', 'EU'],
    ['country', 'DD'],
    ['country', 'ZZ'],
    ['language', 'xx'],
    ['currencyCode', 'QQQ'],
    ['timeZone', '+01:00'],
    ['barcode', '4006381333932'],
    ['sku', '<b>'],
    ['iban', 'NO9386011117948'],
  ] as const)('%s refuses %s', (type, wrong) => {
    expect(kept(type, wrong)).toBe('BAD_FORMAT')
    expect(kept(type, ' ')).toBeNull()
  })

  it('name every country of ISO 3166 and nothing else', () => {
    const codes = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'].flatMap((first, _, all) =>
      all.map((second) => first + second).filter((code) => kept('country', code) === code),
    )
    // 249 of the standard and Kosovo, which it leaves to users.
    expect(codes).toHaveLength(250)
  })
})

describe('numbers of a kind', () => {
  it('stay within their bounds and on their steps', () => {
    expect(kept('slider', 40)).toBe(40)
    expect(kept('slider', 101)).toBe('OUT_OF_RANGE')
    expect(kept('slider', 0.3, { min: 0, max: 1, step: 0.1 })).toBe(0.3)
    expect(kept('slider', 0.35, { min: 0, max: 1, step: 0.1 })).toBe('OUT_OF_RANGE')
    expect(kept('year', 0)).toBe('OUT_OF_RANGE')
    expect(kept('year', '2026')).toBe('WRONG_TYPE')
  })
})

describe('lists', () => {
  it('hold each address once, in its form', () => {
    expect(kept('emails', ['Ann@X.no', 'ann@x.no', ' '])).toEqual(['ann@x.no'])
    expect(kept('phones', ['22 00 00 00'])).toEqual(['+4722000000'])
    expect(kept('phones', ['call me'])).toBe('BAD_FORMAT')
    expect(kept('emails', [])).toBeNull()
  })

  it('say what is done', () => {
    expect(kept('checklist', ['Call', { text: ' Mail ', done: true }])).toEqual([
      { text: 'Call', done: false },
      { text: 'Mail', done: true },
    ])
    expect(kept('checklist', [{ text: 'x', done: 'yes' }])).toBe('WRONG_TYPE')
    expect(kept('checklist', [{ text: 'x', due: 1 }])).toBe('UNKNOWN_FIELD')
    expect(words('checklist', ['Call'])).toBe('[ ] Call')
    expect(kept('keyValue', { a: 1 })).toBe('WRONG_TYPE')
    expect(kept('keyValue', { a: '' })).toBe('BAD_FORMAT')
  })

  it('code keeps its lines', () => {
    expect(kept('code', '  a\n\tb\n')).toBe('  a\n\tb\n')
  })
})
