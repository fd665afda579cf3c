import { describe, expect, it } from 'vitest'
import { evenText, normalise, phoneForms, phonesOf, wordsOf } from './words.ts'

const words = (text: string) => wordsOf(text).map(({ word }) => word)

describe('words of a text', () => {
  it.each([
    ['Müller & Söhne GmbH', ['muller', 'sohne', 'gmbh']],
    ['O’Brien-Ångström', ['obrien', 'angstrom']],
    ['ada@northwind.test', ['ada', 'northwind', 'test']],
    ['Straße ＡＢＣ ﬁn', ['strasse', 'abc', 'fin']],
    ['Łódź Ærø', ['lodz', 'aero']],
    ['東京タワー', ['東京', '京タ', 'タワ', 'ワー']],
    ['トヨタ2024年', ['トヨ', 'ヨタ', '2024', '年']],
    ['한국어', ['한국', '국어']],
    ['שָׁלוֹם עולם', ['שלום', 'עולם']],
    ['Привет, мир', ['привет', 'мир']],
    ["🎉 %_\\ ' -- .*", []],
  ])('of %s', (text, expected) => expect(words(text)).toEqual(expected))

  it.each([
    ['GTX500', [['gtx', '500']]],
    ['3D-Drucker 24h', [['3', 'd'], [], ['24', 'h']]],
    ['O’Brien', [['o', 'brien']]],
    [
      "l'oréal d1'x",
      [
        ['l', 'oreal'],
        ['d', '1', 'x'],
      ],
    ],
    ['Straße7', [['strasse', '7']]],
    ['トヨタ2024年', [[], [], [], []]],
    ['3f2a9c1b', [[]]],
    ['plain 500', [[], []]],
  ])('of %s are made of parts', (text, expected) =>
    expect(wordsOf(text).map(({ parts }) => parts)).toEqual(expected),
  )

  it('are the same for letters and digits that stand together and apart', () => {
    expect(evenText(wordsOf('GTX500 Ti'))).toBe('gtx 500 ti')
    expect(evenText(wordsOf('gtx 500 TI'))).toBe('gtx 500 ti')
    expect(evenText(wordsOf('3f2a9c1b'))).toBe('3 f 2 a 9 c 1 b')
  })

  it('know where they stand', () => {
    const text = 'Dr. Müller, 東京都'
    expect(wordsOf(text).map(({ start, end }) => text.slice(start, end))).toEqual([
      'Dr',
      'Müller',
      '東京',
      '京都',
    ])
  })

  it('are cut where nobody reads on', () => {
    expect(words('x'.repeat(10_000))).toEqual(['x'.repeat(40)])
  })

  it('say nothing of how accents were written', () => {
    expect(normalise('e\u0301')).toBe(normalise('é'))
    expect(normalise('が')).toBe('が')
  })
})

describe('telephone numbers in a text', () => {
  it.each([
    ['+47 22 00 00 00', ['4722000000', '22000000']],
    ['call (030) 123-456', ['30123456']],
    ['00491701234567', ['491701234567', '1701234567']],
    ['+49 (0)30 123-456', ['4930123456', '30123456']],
    ['+49 030 123456', ['49030123456', '30123456']],
    ['+1 555 0100', ['15550100', '5550100']],
    ['in 2024 at 9', []],
  ])('%s', (text, digits) => expect(phonesOf(text).map(({ word }) => word)).toEqual(digits))
})

describe('forms of a telephone number', () => {
  it('need so many digits', () => {
    expect(phoneForms('0170', 3)).toEqual(['170'])
    expect(phoneForms('0170', 5)).toEqual([])
    expect(phoneForms('+49', 3)).toEqual([])
    expect(phoneForms('+4', 1)).toEqual(['4'])
  })
})
