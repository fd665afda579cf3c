import { describe, expect, it } from 'vitest'
import { mountWithModel } from '../testing/mount-with-model.ts'
import { yacht } from '../testing/sample-model.ts'
import FilterBar from './FilterBar.vue'

describe('the filter bar', () => {
  it('draws the conditions in words', () => {
    const modelValue = {
      status: { $in: ['new', 'won'] },
      closeDate: { $gte: '@thisQuarter', $lt: '@nextQuarter' },
      ownerId: '@me',
    }
    const { wrapper } = mountWithModel(FilterBar, { entity: yacht, modelValue })
    const chips = wrapper.findAll('.chip').map((chip) => chip.text().replace(/\s+/g, ' '))
    expect(chips[0]).toContain('is any of')
    expect(chips[0]).toContain('New, Won')
    expect(chips[1]).toContain('this quarter')
    expect(chips[2]).toContain('me')
  })

  it('takes one away', async () => {
    const { wrapper, component } = mountWithModel(FilterBar, {
      entity: yacht,
      modelValue: { status: 'new', name: { $contains: 'a' } },
    })
    await wrapper.get('[aria-label="Remove the filter Status"]').trigger('click')
    expect(component.emitted('update:modelValue')).toEqual([[{ name: { $contains: 'a' } }]])
  })

  it('keeps what it cannot draw', () => {
    const { wrapper } = mountWithModel(FilterBar, {
      entity: yacht,
      modelValue: { $or: [{ status: 'new' }, { status: 'won' }], $not: { name: 'x' } },
    })
    expect(wrapper.text()).toContain('Any of 2')
    expect(wrapper.text()).toContain('Other condition')
  })
})
