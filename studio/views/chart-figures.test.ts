import { describe, expect, it } from 'vitest'
import { closeField, field, statusField, valueField } from '../testing/sample-model.ts'
import { chartFigures, chartQuery } from './chart-figures.ts'

const money = (amount: string, currency: string) => ({ amount, currency })
const plain = { by: statusField, split: null, of: null }

describe('a chart', () => {
  it('counts where nothing is measured, or where the measure cannot be', () => {
    expect(chartQuery({ by: 'status' }, plain)).toEqual({
      groupBy: [{ field: 'status' }],
      measures: { figure: { count: '*' } },
      sort: '-figure',
      limit: 200,
    })
    const wrong = chartQuery({ by: 'status', measure: 'max' }, { ...plain, of: valueField })
    expect(wrong.measures).toEqual({ figure: { count: '*' } })
  })

  it('asks for dates by month, in their order, and for a second field', () => {
    expect(
      chartQuery(
        { by: 'closeDate', measure: 'sum' },
        { by: closeField, split: statusField, of: valueField },
      ),
    ).toEqual({
      groupBy: [{ field: 'closeDate', bucket: 'month' }, { field: 'status' }],
      measures: { figure: { sum: 'value' } },
      sort: 'closeDate',
      limit: 200,
    })
  })

  it('puts options in their own order, those without one last', () => {
    const rows = [
      { status: null, figure: 4 },
      { status: 'won', figure: 2 },
      { status: 'new', figure: 7 },
    ]
    const found = chartFigures(rows, plain, 'EUR')
    expect(found.groups).toEqual(['new', 'won', null])
    expect(found.figures).toEqual([[7, 2, 4]])
    expect(found.isCut).toBe(false)
  })

  it('leaves gaps where a series has no records', () => {
    const name = field('name')
    const rows = [
      { name: 'a', status: 'new', figure: 1 },
      { name: 'b', status: 'won', figure: 2 },
    ]
    const found = chartFigures(rows, { by: name, split: statusField, of: null }, 'EUR')
    expect(found.series).toEqual(['new', 'won'])
    expect(found.figures).toEqual([
      [1, null],
      [null, 2],
    ])
  })

  it('never adds amounts of different currencies, and names those it leaves out', () => {
    const rows = [
      { status: 'new', figure: [money('10.50', 'EUR'), money('99', 'USD')] },
      { status: 'won', figure: [money('7', 'USD')] },
    ]
    const found = chartFigures(rows, { ...plain, of: valueField }, 'EUR')
    expect(found.figures).toEqual([[10.5, null]])
    expect([found.currency, found.otherCurrencies]).toEqual(['EUR', ['USD']])
    expect(chartFigures(rows, { ...plain, of: valueField }, 'NOK').currency).toBe('EUR')
  })
})
