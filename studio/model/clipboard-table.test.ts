import { describe, expect, it } from 'vitest'
import { parseTsv, tileOver, toHtml, toTsv } from './clipboard-table.ts'

describe('text from a spreadsheet', () => {
  it('is rows and cells, with whatever line ends it has', () => {
    expect(parseTsv('a\tb\r\nc\td\r\n')).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ])
    expect(parseTsv('one')).toEqual([['one']])
    expect(parseTsv('a\t\tc\n\t')).toEqual([
      ['a', '', 'c'],
      ['', ''],
    ])
  })

  it('keeps lines, tabs and quotes inside of quoted cells', () => {
    expect(parseTsv('"two\nlines"\t"say ""hi"""\nx')).toEqual([['two\nlines', 'say "hi"'], ['x']])
  })

  it('takes a quote that begins no quoted cell as it is', () => {
    expect(parseTsv('5" pipe\t"half\nnext')).toEqual([['5" pipe', '"half'], ['next']])
    expect(parseTsv('"a" b')).toEqual([['"a" b']])
  })

  it('comes back as it was written', () => {
    const table = [
      ['plain', 'with\ttab', '"quoted"'],
      ['two\nlines', '', 'سفينة 🚢'],
    ]
    expect(parseTsv(toTsv(table))).toEqual(table)
  })

  it('of 50,000 cells is read in one go', () => {
    const rows = parseTsv(
      Array.from({ length: 5_000 }, () => Array(10).fill('12,5').join('\t')).join('\n'),
    )
    expect([rows.length, rows[4_999]?.length]).toEqual([5_000, 10])
  })
})

describe('a table of HTML', () => {
  it('marks texts, so that a spreadsheet runs no formula, and escapes what is markup', () => {
    const html = toHtml([
      [
        { text: '=1+1', isText: true },
        { text: '5', isText: false },
        { text: '<b>&', isText: false },
      ],
    ])
    expect(html).toContain(`<td style="mso-number-format:'\\@';white-space:pre-wrap">=1+1</td>`)
    expect(html).toContain('<td>5</td><td>&lt;b&gt;&amp;</td>')
  })
})

describe('a block over a range', () => {
  const range = { top: 0, left: 0, bottom: 3, right: 1 }
  it('repeats when the range is a whole number of it', () => {
    expect(
      tileOver(
        [
          ['a', 'b'],
          ['c', 'd'],
        ],
        range,
      ),
    ).toEqual([
      ['a', 'b'],
      ['c', 'd'],
      ['a', 'b'],
      ['c', 'd'],
    ])
    expect(tileOver([['x']], range)).toHaveLength(4)
  })
  it('lies once when it is not', () => {
    const block = [['a'], ['b'], ['c']]
    expect(tileOver(block, range)).toBe(block)
  })
})
