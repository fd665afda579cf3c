import { describe, expect, it } from 'vitest'
import { field, sampleModel, statusField, yacht } from '../testing/sample-model.ts'
import { cardParts } from './card-parts.ts'
import { countsOf } from './change-counts.ts'
import { defaultColumns, indexModel } from './model-index.ts'
import { tableLines } from './table-lines.ts'
import { valuesFromFilter } from './values-from-filter.ts'

const index = indexModel(sampleModel)

describe('an entity of the organisation', () => {
  it('is found by reference and plural', () => {
    expect(index.entity('t:yacht')).toBe(yacht)
    expect(index.entity('yachts')).toBe(yacht)
  })

  it('has columns without anybody choosing them: title first, then its fields, owner and age', () => {
    expect(defaultColumns(yacht, index.fields(yacht))).toEqual([
      'name',
      'status',
      'value',
      'closeDate',
      'ownerId',
      'createdAt',
    ])
  })

  it('has a card: amount, state, date and person, without what the column says', () => {
    const fields = yacht.fields
    const parts = cardParts(yacht, fields, 'status')
    expect([parts.figure?.apiName, parts.tag, parts.date?.apiName, parts.person?.apiName]).toEqual([
      'value',
      null,
      'closeDate',
      'ownerId',
    ])
  })

  it('has a card that says nothing twice, also where its second line is a state', () => {
    const parts = cardParts({ ...yacht, subtitleField: 'status' }, yacht.fields)
    expect([parts.line?.apiName, parts.tag]).toEqual(['status', null])
  })

  it('is made by an action only where nobody writes its records', () => {
    const build = { ref: 't:build', label: 'Build', order: 1, input: {}, on: null }
    const yard = indexModel({
      ...sampleModel,
      actions: [{ ...build, risk: 'write', makes: ['t:yacht'] }],
    })
    const built = { ...yacht, can: { ...yacht.can, create: false } }
    expect([yard.maker(yacht), yard.maker(built)?.ref]).toEqual([null, 't:build'])
    expect(index.maker(built)).toBeNull()
  })

  it('hides fields the reader may not read', () => {
    const secret = {
      ...yacht,
      fields: [field('margin', { can: { read: false, create: false, update: false } })],
    }
    const hidden = indexModel({ ...sampleModel, entities: [secret] })
    expect(hidden.fields(secret).has('margin')).toBe(false)
  })
})

describe('a record added in a filtered list', () => {
  it('begins with what the filter demands', () => {
    const filter = { status: 'won', ownerId: '@me', value: { $gte: 5 } }
    expect(valuesFromFilter(filter, index.fields(yacht), 'u1')).toEqual({
      status: 'won',
      ownerId: 'u1',
    })
  })
})

describe('the counts of a change set', () => {
  it('leave out what did not happen', () => {
    expect(countsOf({ created: 2, updated: 0, deleted: 0, restored: 0 })).toEqual([
      { entity: null, op: 'created', n: 2 },
    ])
  })
})

describe('a grouped table', () => {
  const records = [
    { id: '1', version: 1, status: 'new' },
    { id: '2', version: 1, status: 'new' },
    { id: '3', version: 1, status: null },
  ]

  it('has a head wherever the group changes', () => {
    const lines = tableLines(records, statusField, new Set())
    expect(lines.map((line) => (line.kind === 'group' ? `[${line.key}]` : line.index))).toEqual([
      '[new]',
      0,
      1,
      '[]',
      2,
    ])
  })

  it('leaves out the records of a collapsed group', () => {
    const lines = tableLines(records, statusField, new Set(['new']))
    expect(lines.filter((line) => line.kind === 'record')).toEqual([{ kind: 'record', index: 2 }])
  })
})
