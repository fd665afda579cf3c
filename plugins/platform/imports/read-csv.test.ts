import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import iconv from 'iconv-lite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CsvRow, detectDelimiter, detectFormat, readHeader, readRows } from './read-csv.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'runway-csv-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function read(content: string | Buffer): Promise<{ header: string[]; rows: CsvRow[] }> {
  const file = path.join(folder, `${Math.random()}.csv`)
  await writeFile(file, content)
  const format = await detectFormat(file)
  const rows: CsvRow[] = []
  for await (const row of readRows(file, format)) rows.push(row)
  return { header: await readHeader(file, format), rows }
}

describe('reading a CSV file', () => {
  it('gives header and rows with the line they stand on', async () => {
    const { header, rows } = await read(
      'name, city\nAda,Oslo\n"Bo ""B"" Berg","Two\nlines"\nCy,Rome\n',
    )
    expect(header).toEqual(['name', 'city'])
    expect(rows.map((row) => row.cells)).toEqual([
      ['Ada', 'Oslo'],
      ['Bo "B" Berg', 'Two\nlines'],
      ['Cy', 'Rome'],
    ])
    expect(rows.map((row) => row.line)).toEqual([2, 3, 5])
  })

  it.each([
    ['UTF-8 with a byte order mark', Buffer.from('\ufeffname;city\nÅsa;Tromsø\n')],
    ['UTF-16 little endian', iconv.encode('name;city\nÅsa;Tromsø\n', 'utf16le', { addBOM: true })],
    ['UTF-16 big endian', iconv.encode('name;city\nÅsa;Tromsø\n', 'utf16be', { addBOM: true })],
    ['UTF-16 without a mark', iconv.encode('name;city\nÅsa;Tromsø\n', 'utf16le')],
    ['Windows-1252', iconv.encode('name;city\nÅsa;Tromsø\n', 'win1252')],
  ])('reads %s', async (_, content) => {
    const { header, rows } = await read(content)
    expect(header).toEqual(['name', 'city'])
    expect(rows[0]!.cells).toEqual(['Åsa', 'Tromsø'])
  })

  it('fills short lines up and names lines that are too long', async () => {
    const { rows } = await read('a,b,c\n1,2\n1,2,3,4\n1,2,3,\n')
    expect(rows[0]!.cells).toEqual(['1', '2', ''])
    expect(rows[1]!.problem).toContain('4 cells')
    expect(rows[2]!.problem).toBeUndefined()
  })

  it('hands out what stands before a quote that never closes, and says so', async () => {
    const { rows } = await read('a,b\n1,2\n"3,4\n5,6\n')
    expect(rows[0]!.cells).toEqual(['1', '2'])
    expect(rows[1]!.problem).toContain('never closed')
  })

  it('reads 10,000 columns', async () => {
    const header = Array.from({ length: 10_000 }, (_, i) => `c${i}`)
    const read1 = await read(`${header.join(',')}\n${header.map(() => '1').join(',')}\n`)
    expect(read1.header).toHaveLength(10_000)
    expect(read1.rows[0]!.cells).toHaveLength(10_000)
  })

  it('says nothing of an empty file but an empty header', async () => {
    expect(await read('')).toEqual({ header: [], rows: [] })
  })

  it('finds the delimiter that splits all lines alike', () => {
    expect(detectDelimiter('a;b;c\n1,5;2,5;3\n4,5;5;6')).toBe(';')
    expect(detectDelimiter('a\tb\n"x,y"\t2')).toBe('\t')
    expect(detectDelimiter('only')).toBe(',')
  })
})
