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
  const { component, wrapper } = mountWithModel(FieldPicker, {
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
  wrapper.unmount()
})

it('finds records of the objects that may be chosen, however many others have the words', async () => {
  const about = field('about', {
    ...{ type: 'platform.fields:reference', kind: 'reference', editor: 'reference' },
    ...{ display: 'reference', params: { only: ['t:yacht'] } },
  })
  const { wrapper } = mountWithModel(
    FieldPicker,
    { field: about, value: null, open: true },
    ({ path, query }) => {
      // As the server does: the best ten of all that are asked for.
      const entity = query.get('entities') === 'yachts' ? 'yachts' : 'users'
      const data = path === '/search' ? [{ entity, id: 'y1', title: 'Sea cow' }] : []
      return { body: { data, page: { nextCursor: null } } }
    },
  )
  const input = () => document.querySelector<HTMLInputElement>('.picker-search input')
  await expect.poll(input).not.toBeNull()
  Object.assign(input() as HTMLInputElement, { value: 'sea' })
  input()?.dispatchEvent(new Event('input'))
  const texts = () => [...document.querySelectorAll('[role=option]')].map((one) => one.textContent)
  await expect.poll(() => texts().some((text) => text?.includes('Sea cow'))).toBe(true)
  wrapper.unmount()
})
