import { describe, expect, it } from 'vitest'
import { yacht } from '../testing/sample-model.ts'
import { bulkChunks } from './bulk-chunks.ts'
import { edgesOf, followRows, rangeBetween, rangeInRow } from './cell-range.ts'
import { clearCells, fillCells } from './fill-cells.ts'

const record = (id: string, name: string, status: string) => ({ id, version: 1, name, status })
const target = {
  entity: yacht,
  fields: ['name', 'status'].map((name) => yacht.fields.find((one) => one.apiName === name)!),
  records: [
    record('a', 'Vega', 'won'),
    record('b', 'Lyra', 'new'),
    record('c', 'Ara', 'won'),
    record('d', 'Leo', 'new'),
  ],
}

describe('a range of cells', () => {
  it('has one border, whichever corner it began at', () => {
    const range = rangeBetween({ row: 3, col: 2 }, { row: 1, col: 1 })
    expect(range).toEqual({ top: 1, left: 1, bottom: 3, right: 2 })
    expect(edgesOf(rangeInRow(range, 1), 1)).toBe('t l')
    expect(edgesOf(rangeInRow(range, 2), 2)).toBe('r')
    expect(edgesOf(rangeInRow(range, 2), 0)).toBeUndefined()
    expect(rangeInRow(range, 0)).toBeNull()
  })

  it('moves with its records, and is given up when others come between them', () => {
    const ids = (text: string) => [...text].map((id) => ({ id }))
    const [cursor, corner] = [
      { row: 1, col: 0 },
      { row: 2, col: 3 },
    ]
    expect(followRows(ids('abcd'), ids('xabcd')).range(cursor, corner)).toEqual({
      cursor: { row: 2, col: 0 },
      corner: { row: 3, col: 3 },
    })
    expect(followRows(ids('abcd'), ids('abxcd')).range(cursor, corner).corner).toBeNull()
    expect(followRows(ids('abcd'), ids('acbd')).range(cursor, corner).corner).toBeNull()
    expect(followRows(ids('abcd'), ids('acd')).range(cursor, corner).cursor).toBeNull()
  })

  it('stays where records of a long list are not loaded, or not any more', () => {
    const holed = (text: string): { id: string }[] => {
      const list: { id: string }[] = []
      for (const [row, id] of [...text].entries()) if (id !== '-') list[row] = { id }
      list.length = text.length
      return list
    }
    const [cursor, corner] = [
      { row: 3, col: 0 },
      { row: 0, col: 1 },
    ]
    for (const [before, now] of [
      ['a--d', 'abcd'],
      ['abcd', 'a--d'],
      ['abcd', '--cd'],
      ['abcd', 'ab--'],
    ] as const)
      expect(followRows(holed(before), holed(now)).range(cursor, corner)).toEqual({
        cursor,
        corner,
      })
    expect(followRows(holed('a--d'), holed('d--a')).cell(cursor)).toEqual({ row: 0, col: 0 })
  })

  it('is filled down with its first row, or with a pattern of several', () => {
    const one = { top: 0, bottom: 0, left: 1, right: 1 }
    const down = fillCells(target, one, { ...one, bottom: 3 })
    expect(down.changes.map(({ record: { id }, values }) => [id, values['status']])).toEqual([
      ['b', 'won'],
      ['d', 'won'],
    ])
    const two = { top: 0, bottom: 1, left: 0, right: 0 }
    const pattern = fillCells(target, two, { ...two, bottom: 3 })
    expect(pattern.changes.map(({ values }) => values['name'])).toEqual(['Vega', 'Lyra'])
  })

  it('is cleared but for what may not be blank', () => {
    const cleared = clearCells(target, { top: 0, bottom: 1, left: 0, right: 1 })
    expect(cleared.changes.map(({ values }) => values)).toEqual([
      { status: null },
      { status: null },
    ])
    expect(cleared.skipped).toEqual([target.fields[0]?.label])
  })
})

describe('many writes', () => {
  it('are as few requests as the server takes', () => {
    const change = { record: record('a', 'x', 'new'), values: { name: 'y' } }
    const chunks = bulkChunks(Array(1_200).fill(change), [{ name: 'z' }])
    expect(chunks.map(({ changes, creates }) => [changes.length, creates.length])).toEqual([
      [1_000, 0],
      [200, 1],
    ])
    const long = { ...change, values: { name: 'y'.repeat(1_500_000) } }
    expect(bulkChunks([long, long], [])).toHaveLength(2)
  })
})
