import { describe, expect, it } from 'vitest'
import { mountWithModel } from '../testing/mount-with-model.ts'
import { sampleModel } from '../testing/sample-model.ts'
import ActionOutput from './ActionOutput.vue'

const [entity] = sampleModel.entities
const { ref, labelPlural, titleField } = entity!
const shown = (output: unknown, properties: object) =>
  mountWithModel(ActionOutput, { output, schema: { properties } }).wrapper

describe('what an action answered', () => {
  it('is read in the words of its schema, sentences one after the other', () => {
    const wrapper = shown(
      { from: 'last_quarter', of: ref, summary: ['One was won.', 'Two are open.'] },
      {
        from: { enum: ['last_quarter'], 'x-words': { last_quarter: 'Won in the last quarter' } },
        of: { type: 'string', 'x-reference': 'entities' },
      },
    )
    expect(wrapper.findAll('dd').map((one) => one.text())).toEqual([
      'Won in the last quarter',
      labelPlural,
      'One was won. Two are open.',
    ])
  })

  it('names a record once in a row, and has room for reasons', () => {
    const counts = Object.fromEntries('abcdef'.split('').map((name) => [name, 1]))
    const row = { recordId: 'x', name: 'Rex', ...counts, reasons: ['It is late.'] }
    const wrapper = shown(
      { rows: [row] },
      {
        rows: {
          items: {
            properties: {
              recordId: { title: 'Record', 'x-record': ref },
              name: { 'x-field': `${ref}.${titleField}` },
            },
          },
        },
      },
    )
    const heads = wrapper.findAll('th').map((one) => one.text())
    expect(heads).toEqual(['Record', 'A', 'B', 'C', 'D', 'E', 'F', 'Reasons'])
  })
})
