import { expect, it } from 'vitest'
import { csvCell } from './csv-cell.ts'

it('quotes what needs it, defuses formulas and keeps numbers', () => {
  expect(csvCell('=HYPERLINK("http://x")')).toBe(`"'=HYPERLINK(""http://x"")"`)
  expect(csvCell('@SUM(A1)')).toBe("'@SUM(A1)")
  expect(csvCell('\t=1')).toBe("'\t=1")
  expect(csvCell('\r=1')).toBe(`"'\r=1"`)
  expect(csvCell('+1+cmd')).toBe("'+1+cmd")
  expect(csvCell('-12.5')).toBe('-12.5')
  expect(csvCell('-5+1')).toBe("'-5+1")
  expect(csvCell('a,b')).toBe('"a,b"')
})
