import type { FieldInfo } from '@runwaycrm/sdk'
import { describe, expect, it } from 'vitest'
import type { ImportPreview } from '../api/imports.ts'
import {
  columnOf,
  isSameMap,
  mendedRows,
  problemsByCell,
  targetOf,
  unknownWords,
  withCreate,
  withField,
  withWord,
  wordName,
} from './import-map.ts'

const field = (apiName: string, kind: string, more: Partial<FieldInfo> = {}) =>
  ({ apiName, kind, ...more }) as FieldInfo
const stage = field('stage', 'option', { options: [{ key: 'won', label: 'Won' }] })
const account = field('accountId', 'relation')
const preview = {
  columns: { Stage: 'stage', Name: 'name' },
  header: ['Stage', 'Name'],
  rows: [],
  values: {
    Stage: [
      { text: 'Won', rows: 3, option: 'won' },
      { text: 'Dead', rows: 2, option: null },
    ],
  },
} satisfies ImportPreview

describe('the mapping of an import', () => {
  it('asks for words that are no option, and keeps what somebody says', () => {
    expect(unknownWords(preview, preview.columns, [stage])).toMatchObject([
      { column: 'Stage', text: 'Dead', rows: 2, choice: undefined },
    ])
    const lost = withWord(preview.columns, 'Stage', 'Dead', '')
    expect(targetOf(lost['Stage'])).toEqual({ field: 'stage', values: { Dead: '' } })
    expect(unknownWords(preview, lost, [stage])[0]?.choice).toBe('')
    const again = withWord(lost, 'Stage', 'Dead', null)
    expect(targetOf(again['Stage'])?.values).toEqual({})
  })

  it('finds nothing wrong with words that become options, and with nothing else in their rows', () => {
    const bad = (line: number, column: string, value: string) => ({
      ...{ line, column, value },
      message: 'no',
    })
    const problems = [bad(2, 'Stage', 'Dead'), bad(3, 'Stage', ' Dead'), bad(3, 'Name', '')]
    const created = new Set([wordName('Stage', 'Dead')])
    const looked = { ...preview, problems }
    expect([...problemsByCell(looked, created).keys()]).toEqual(['3 Name'])
    expect(mendedRows(looked, created)).toBe(1)
    expect(mendedRows(looked, new Set())).toBe(0)
  })

  it('is the same one however it is written', () => {
    const asked = withWord(preview.columns, 'Stage', 'Dead', null)
    expect(isSameMap(asked, preview.columns)).toBe(true)
    expect(isSameMap(withWord(asked, 'Stage', 'Dead', 'won'), preview.columns)).toBe(false)
    expect(isSameMap({ Stage: 'stage', Name: null }, preview.columns)).toBe(false)
  })

  it('asks nothing of words once their column goes elsewhere', () => {
    const moved = withField(preview.columns, 'Stage', field('name', 'text'))
    expect(unknownWords(preview, moved, [stage])).toEqual([])
    expect(columnOf(moved, 'stage')).toBe('')
  })

  it('makes new records of names only when asked to', () => {
    const map = withField({}, 'Account', account)
    expect(targetOf(map['Account'])?.relation).toEqual({ by: 'name', create: false })
    expect(targetOf(withCreate(map, 'Account', true)['Account'])?.relation?.create).toBe(true)
    expect(withCreate({ Name: 'name' }, 'Name', true)).toEqual({ Name: 'name' })
  })
})
