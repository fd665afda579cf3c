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

  it('shows what is computed as its result', () => {
    const computed = (name: string, display: string, more = {}) =>
      field(name, { type: 'platform.fields:formula', editor: 'none', display, ...more })
    const shown = (one: ReturnType<typeof field>, value: unknown) =>
      mountWithModel(FieldCell, { field: one, value }).wrapper
    const number = { kind: 'number' }
    expect(shown(computed('perMetre', 'currency', number), 2500.5).text()).toBe('2,500.50')
    expect(shown(computed('share', 'percent', number), 12.5).text()).toBe('12.5%')
    expect(shown(computed('count', 'number', number), 3).text()).toBe('3')
    expect(shown(computed('phone', 'phone'), '+4722000001').get('a').attributes('href')).toBe(
      'tel:+4722000001',
    )
    const rank = computed('rank', 'option', { kind: 'option', options: statusField.options })
    expect(shown(rank, 'won').get('.tag').text()).toBe('Won')
    expect(
      shown(computed('open', 'boolean', { kind: 'boolean' }), true)
        .find('.bool')
        .exists(),
    ).toBe(true)
  })

  it('shows records of a list as chips in their order, and counts those that are too many', () => {
    const crew = field('crew', {
      apiName: 'crewIds',
      type: 'platform.fields:relations',
      kind: 'relations',
      editor: 'relations',
      display: 'relations',
      to: 'kernel:user',
    })
    const ids = Array.from({ length: 7 }, (_, n) => `u${n + 1}`)
    const { wrapper } = mountWithModel(FieldCell, { field: crew, value: ids, isCompact: true })
    expect(wrapper.findAll('.tag')).toHaveLength(5)
    expect(wrapper.text()).toContain('+2')
    expect(mountWithModel(FieldCell, { field: crew, value: [] }).wrapper.text()).toBe('')
  })

  it('never makes a link of a script', () => {
    const url = field('website', { type: 'platform.fields:url', editor: 'url' })
    const { wrapper } = mountWithModel(FieldCell, { field: url, value: 'javascript:alert(1)' })
    expect(wrapper.find('a').exists()).toBe(false)
  })
})
