import { describe, expect, it } from 'vitest'
import { mountWithModel } from '../testing/mount-with-model.ts'
import { field, statusField, valueField } from '../testing/sample-model.ts'
import FieldCell from './FieldCell.vue'

describe('a cell', () => {
  it('shows an option as colour and word', () => {
    const { wrapper } = mountWithModel(FieldCell, { field: statusField, value: 'won' })
    expect(wrapper.get('.tag').text()).toBe('Won')
    expect(wrapper.get('.tag').attributes('data-c')).toBe('5')
  })

  it('shows an amount', () => {
    const { wrapper } = mountWithModel(FieldCell, {
      field: valueField,
      value: { amount: '284000.00', currency: 'EUR' },
    })
    expect(wrapper.text()).toBe('€284,000')
  })

  it('shows nothing for nothing', () => {
    const { wrapper } = mountWithModel(FieldCell, { field: valueField, value: null })
    expect(wrapper.text()).toBe('')
  })

  it('never makes a link of a script', () => {
    const url = field('website', { type: 'platform.fields:url', editor: 'url' })
    const { wrapper } = mountWithModel(FieldCell, { field: url, value: 'javascript:alert(1)' })
    expect(wrapper.find('a').exists()).toBe(false)
  })
})
