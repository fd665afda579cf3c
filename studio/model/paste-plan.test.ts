import { describe, expect, it } from 'vitest'
import { yacht } from '../testing/sample-model.ts'
import { countPlan, type PasteTarget, planRow, writesOf } from './paste-plan.ts'

const byName = (name: string) => yacht.fields.find((one) => one.apiName === name)!
const target: PasteTarget = {
  entity: yacht,
  fields: [byName('name'), byName('status'), byName('value')],
  records: [
    { id: 'r1', version: 1, name: 'Vega', status: 'new', value: null },
    { id: 'r2', version: 1, name: 'Lyra', status: 'new', value: null },
  ],
}
const context = { locale: 'en', currency: 'EUR', yes: 'Yes', no: 'No', find: () => undefined }
const block = [
  ['Vega', 'won', '5'],
  ['Lyra II', 'nowhere', 'much'],
  ['Cygnus', 'new', ''],
  ['', 'new', '7'],
]
const rows = block.map((_, at) => planRow(target, block, at, context))

describe('a paste', () => {
  it('tells what changes, what stays, and what is not understood', () => {
    expect(rows.slice(0, 2).map(({ cells }) => cells.map(({ state }) => state))).toEqual([
      ['same', 'changed', 'changed'],
      ['changed', 'refused', 'refused'],
    ])
    expect(countPlan(rows, false)).toEqual({
      changed: 3,
      same: 1,
      refused: 2,
      records: 2,
      created: 0,
    })
  })

  it('makes records of rows below the last, when they have what a record needs', () => {
    expect(rows[2]?.why).toBeUndefined()
    expect(rows[3]?.why).toEqual({ code: 'missing', what: byName('name').label })
    expect(countPlan(rows, true).created).toBe(1)
    expect(writesOf(rows, true, { status: 'won' }).creates).toEqual([
      { status: 'new', name: 'Cygnus' },
    ])
    expect(writesOf(rows, false, {}).creates).toEqual([])
  })

  it('writes only what changes', () => {
    const { changes } = writesOf(rows, false, {})
    expect(changes.map(({ record, values }) => [record.id, Object.keys(values)])).toEqual([
      ['r1', ['status', 'value']],
      ['r2', ['name']],
    ])
  })
})
