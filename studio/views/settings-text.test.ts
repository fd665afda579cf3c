import { describe, expect, it } from 'vitest'
import type { ViewInfo } from '../api/model.ts'
import { mergeSettings, readSettings } from './settings-text.ts'

const view: ViewInfo = {
  ref: 'v',
  entity: 't:yacht',
  label: 'V',
  kind: 'calendar',
  order: 0,
  groupBy: 'status',
  calendar: { date: 'closeDate', end: 'endDate' },
}

describe('settings in an address', () => {
  it('lie over those of the view; null takes one away', () => {
    const text = JSON.stringify({ calendar: { end: null, scale: 'week' }, groupBy: null })
    const { groupBy: _, ...rest } = view
    expect(mergeSettings(view, readSettings(text))).toEqual({
      ...rest,
      calendar: { date: 'closeDate', scale: 'week' },
    })
  })

  it('change nothing else of a view, however the address was tampered with', () => {
    const texts = [
      '{"entity":"crm.leads:lead","filter":{"a":1},"ref":"x","__proto__":{"kind":"map"}}',
      '{"calendar":["a"],"map":{"place":{"a":1}},"chart":7}',
      '{"groupBy":{"a":"b"},"calendar":"x"}',
      'null',
      'no json',
    ]
    for (const text of texts) expect(mergeSettings(view, readSettings(text))).toEqual(view)
  })
})
