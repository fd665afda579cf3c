import { flushPromises } from '@vue/test-utils'
import { expect, it } from 'vitest'
import { mountWithModel } from '../testing/mount-with-model.ts'
import { field } from '../testing/sample-model.ts'
import FieldPicker from './FieldPicker.vue'

it('takes a linked record away and keeps the others in their order', async () => {
  const crew = field('crew', {
    apiName: 'crewIds',
    type: 'platform.fields:relations',
    kind: 'relations',
    editor: 'relations',
    display: 'relations',
    to: 't:yacht',
  })
  const { component } = mountWithModel(FieldPicker, {
    field: crew,
    value: ['y1', 'y2', 'y3'],
    isMultiple: true,
    open: true,
  })
  const shown = () => [...document.querySelectorAll<HTMLElement>('[role=option]')]
  await expect.poll(() => shown().length).toBeGreaterThan(2)
  const items = shown()
  expect(items.slice(0, 3).every((item) => item.querySelector('.end') !== null)).toBe(true)
  items[1]?.click()
  await flushPromises()
  expect(component.emitted('pick')?.[0]).toEqual([['y1', 'y3']])
})
