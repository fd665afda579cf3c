import { describe, expect, it } from 'vitest'
import { mountWithModel } from '../testing/mount-with-model.ts'
import { closeField, field, valueField } from '../testing/sample-model.ts'
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

  it('goes on with Tab, and leaves alone what nobody touched', async () => {
    const { input, component } = mountInput()
    await input.trigger('keydown', { key: 'Tab' })
    expect(component.emitted('leave')).toEqual([['Tab']])
    expect(component.emitted('commit')).toBeUndefined()
  })

  it('does not take a half written date for a wish to clear it', async () => {
    const props = { field: closeField, value: '2026-12-09', isInline: true }
    const { wrapper, component } = mountWithModel(FieldInput, props)
    const input = wrapper.get<HTMLInputElement>('input')
    // What browsers do while the day is missing: no text, and a note that it is no date.
    Object.defineProperty(input.element, 'validity', { value: { badInput: true } })
    await input.setValue('')
    await input.trigger('keydown', { key: 'Enter' })
    expect(wrapper.text()).toContain('Write a whole date')
    await input.trigger('blur')
    expect(component.emitted('commit')).toBeUndefined()
    expect(component.emitted('cancel')).toHaveLength(1)
  })

  it('says in units how a bare number is read as a duration', async () => {
    const duration = field('effort', { type: 'platform.fields:duration', kind: 'number' })
    const props = { field: duration, value: 5400, isInline: true }
    const { wrapper, component } = mountWithModel(FieldInput, props)
    expect(wrapper.get<HTMLInputElement>('input').element.value).toBe('1h 30m')
    await wrapper.get('input').setValue('90')
    expect(wrapper.text()).toContain('= 1m 30s')
    await wrapper.get('input').trigger('keydown', { key: 'Enter' })
    expect(component.emitted('commit')).toEqual([[90, 'Enter']])
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
