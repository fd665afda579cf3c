import { inflateSync } from 'node:zlib'
import type { FieldInfo, RecordData } from '@runwaycrm/sdk'
import { describe, expect, it } from 'vitest'
import { cellText } from './cell-text.ts'
import { writeCsv } from './write-csv.ts'
import { writeJson } from './write-json.ts'
import { writePdf } from './write-pdf.ts'

const field = (apiName: string, kind: string, more: Partial<FieldInfo> = {}) =>
  ({ key: apiName, apiName, kind, display: kind, label: apiName, params: {}, ...more }) as FieldInfo
const stage = field('stage', 'option', { options: [{ key: 'won', label: 'Won' }] })
const value = field('value', 'currency')
const account = field('accountId', 'relation', { to: 'crm.accounts:account' })
const name = field('name', 'text')
const fields = [name, stage, value, account]
const names = { nameOf: (id: string) => (id === 'a1' ? 'Acme; Inc.' : '') }
const record = (values: object) => ({ id: 'r', version: 1, ...values }) as RecordData
async function* pagesOf(...pages: RecordData[][]) {
  yield* pages
}
async function textOf(parts: AsyncIterable<string>): Promise<string> {
  let text = ''
  for await (const part of parts) text += part
  return text
}
const deal = record({
  name: '=1+1',
  stage: 'won',
  value: { amount: '-1054.00', currency: 'EUR' },
  accountId: 'a1',
})

describe('CSV', () => {
  it('has labels, names and amounts in cells of their own, and no formula', async () => {
    const options = { bom: true, currency: 'Währung' }
    const text = await textOf(writeCsv(pagesOf([deal], [record({})]), fields, names, options))
    expect(text).toBe(
      "\ufeffname,stage,value,value (Währung),accountId\r\n'=1+1,Won,-1054.00,EUR,Acme; Inc.\r\n,,,,\r\n",
    )
  })

  it('names every column once', async () => {
    const twin = field('title', 'text', { label: 'name' })
    const options = { bom: false, currency: 'currency' }
    const text = await textOf(writeCsv(pagesOf(), [name, twin], names, options))
    expect(text).toBe('name,name (title)\r\n')
  })
})

describe('JSON', () => {
  it('carries values as the API does, the columns and nothing else', async () => {
    const text = await textOf(writeJson(pagesOf([deal], [record({ name: 'B' })]), [name, value]))
    expect(JSON.parse(text)).toEqual([
      { name: '=1+1', value: { amount: '-1054.00', currency: 'EUR' } },
      { name: 'B', value: null },
    ])
    expect(JSON.parse(await textOf(writeJson(pagesOf(), [name])))).toEqual([])
  })
})

describe('a cell for readers', () => {
  const locale = { language: 'de-DE', timeZone: 'Europe/Berlin', yes: 'Ja', no: 'Nein' }
  it.each([
    [value, { amount: '12345678901.05', currency: 'EUR' }, '12.345.678.901,05 EUR'],
    [field('on', 'date'), '2026-03-01', '01.03.2026'],
    [field('at', 'dateTime'), '2026-03-01T23:30:00.000Z', '02.03.2026, 00:30'],
    [field('share', 'number', { display: 'percent' }), 12.5, '12,5 %'],
    [field('done', 'boolean'), true, 'Ja'],
    [field('text', 'text', { display: 'richText' }), '<p>Hi</p>', ' Hi '],
  ])('%#', (of, given, expected) => {
    expect(cellText(of, given, names, locale)).toBe(expected)
  })
})

describe('PDF', () => {
  const ctx = {
    org: { id: 'o', name: 'Halden', locale: 'en', timeZone: 'UTC', currency: 'EUR', slug: 'h' },
    now: new Date('2026-03-01T09:30:00Z'),
    t: (key: string, values: Record<string, string | number> = {}) =>
      `${key} ${Object.values(values).join(' ')}`,
  }
  async function pdfOf(records: RecordData[], columns = fields): Promise<Buffer> {
    const parts: Uint8Array[] = []
    const options = { title: 'Deals', matched: records.length, language: 'en', ctx: ctx as never }
    for await (const part of writePdf(pagesOf(records), columns, names, options)) parts.push(part)
    return Buffer.concat(parts)
  }

  it('has one page more when the rows need it, each with its number', async () => {
    const few = await pdfOf([deal])
    const many = await pdfOf(Array.from({ length: 60 }, () => deal))
    expect(few.subarray(0, 5).toString()).toBe('%PDF-')
    expect(pagesIn(few)).toBe(1)
    expect(pagesIn(many)).toBe(3)
  })

  it('embeds a font whose letters map back to text: Latin, Greek and Cyrillic are found again', async () => {
    const text = textIn(await pdfOf([record({ name: 'Čačak Ωμέγα Привет' })], [name]))
    for (const letter of 'ČΩμПт') expect(text).toContain(letter)
  })

  it('shows what the font lacks as a mark and says what it means', async () => {
    const text = textIn(await pdfOf([record({ name: '東京 🚢' })], [name]))
    expect(text).toContain('□')
    expect(textIn(await pdfOf([record({ name: 'Tokyo' })], [name]))).not.toContain('□')
  })

  const pagesIn = (pdf: Buffer) =>
    pdf.toString('latin1').match(/\/Type \/Page\b(?!s)/g)?.length ?? 0

  /** The letters that the maps of the embedded fonts lead to. */
  function textIn(pdf: Buffer): string {
    let letters = ''
    for (const [, body = ''] of pdf
      .toString('latin1')
      .matchAll(/stream\r?\n([\s\S]*?)\r?\nendstream/g)) {
      let plain = ''
      try {
        plain = inflateSync(Buffer.from(body, 'latin1')).toString('latin1')
      } catch {
        continue
      }
      if (!plain.includes('beginbfrange')) continue
      for (const [, code = ''] of plain.matchAll(/<([0-9a-f]{4})>/g))
        letters += String.fromCharCode(Number.parseInt(code, 16))
    }
    return letters
  }
})
