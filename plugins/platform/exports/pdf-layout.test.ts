import { describe, expect, it } from 'vitest'
import { columnWidths, wrapText } from './pdf-layout.ts'

/** One point per character. */
const measure = (text: string) => [...text].length

describe('a cell of a PDF', () => {
  it('breaks between words, and inside one that is too long for a line', () => {
    expect(wrapText('Halden Marine AS', 8, 5, measure)).toEqual(['Halden', 'Marine', 'AS'])
    expect(wrapText('abcdefghij kl', 4, 5, measure)).toEqual(['abcd', 'efgh', 'ij', 'kl'])
  })

  it('is cut where the reader sees it', () => {
    expect(wrapText('one two three four five', 5, 2, measure)).toEqual(['one', 'two…'])
    expect(wrapText('x'.repeat(1000), 5, 3, measure)).toEqual(['xxxxx', 'xxxxx', 'xxxx…'])
    expect(wrapText('a\nb\nc', 5, 2, measure)).toEqual(['a', 'b…'])
  })

  it('keeps what fits as it is', () => {
    expect(wrapText('', 5, 2, measure)).toEqual([''])
    expect(wrapText('two words', 20, 1, measure)).toEqual(['two words'])
  })
})

describe('columns of a PDF', () => {
  it('fill the page, wide ones more than narrow ones', () => {
    const widths = columnWidths(
      [
        [20, 30, 30],
        [40, 200, 210],
      ],
      700,
    )
    expect(widths.reduce((a, b) => a + b)).toBeCloseTo(700)
    expect(widths[1]!).toBeGreaterThan(widths[0]! * 3)
  })

  it('share the page when they want more than there is, however many they are', () => {
    const widths = columnWidths(
      Array.from({ length: 24 }, () => [60, 500]),
      770,
    )
    expect(widths.reduce((a, b) => a + b)).toBeCloseTo(770)
    expect(Math.min(...widths)).toBeGreaterThan(30)
  })

  it('are cut where they are wide, so that dates and amounts stay whole', () => {
    const widths = columnWidths(
      [
        [60, 60],
        [50, 50],
        [90, 900],
        [90, 900],
      ],
      400,
    )
    expect(widths.map(Math.round)).toEqual([60, 50, 145, 145])
  })

  it('do not follow the one long cell among many short ones', () => {
    const [first = 0, second = 0] = columnWidths(
      [
        [10, ...Array.from({ length: 20 }, () => 40), 5000],
        [10, ...Array.from({ length: 20 }, () => 80)],
      ],
      400,
    )
    expect(first).toBeLessThan(second)
  })
})
