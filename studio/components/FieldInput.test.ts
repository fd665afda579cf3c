import { describe, expect, it } from 'vitest'
import { mountWithModel } from '../testing/mount-with-model.ts'
import { valueField } from '../testing/sample-model.ts'
import FieldInput from './FieldInput.vue'

const value = { amount: '100.00', currency: 'EUR' }
const mountInput = () => {
  const { wrapper, component } = mountWithModel(FieldInput, {
    field: valueField,
    value,
    isInline: true,
  })
  return { input: wrapper.get('input'), component, wrapper }
}

describe('editing a cell', () => {
  it('saves with Enter', async () => {
    const { input, component } = mountInput()
    await input.setValue('43,500')
    await input.trigger('keydown', { key: 'Enter' })
    expect(component.emitted('commit')).toEqual([
      [{ amount: '43500.00', currency: 'EUR' }, 'Enter'],
    ])
  })

  it('goes on with Tab', async () => {
    const { input, component } = mountInput()
    await input.trigger('keydown', { key: 'Tab' })
    expect(component.emitted('commit')?.[0]?.[1]).toBe('Tab')
  })

  it('gives up with Esc', async () => {
    const { input, component } = mountInput()
    await input.setValue('7')
    await input.trigger('keydown', { key: 'Escape' })
    expect(component.emitted('cancel')).toHaveLength(1)
    expect(component.emitted('commit')).toBeUndefined()
  })

  it('says what it expects and keeps what was typed', async () => {
    const { input, component, wrapper } = mountInput()
    await input.setValue('5 million')
    await input.trigger('keydown', { key: 'Enter' })
    expect(component.emitted('commit')).toBeUndefined()
    expect(wrapper.text()).toContain('Write a number')
  })
})
