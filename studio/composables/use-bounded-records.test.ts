import { flushPromises } from '@vue/test-utils'
import { expect, it } from 'vitest'
import { defineComponent, h } from 'vue'
import { type Answering, mountWithModel } from '../testing/mount-with-model.ts'
import { yacht } from '../testing/sample-model.ts'
import { useBoundedRecords } from './use-bounded-records.ts'

const page = (from: number, nextCursor: string | null) => ({
  body: {
    data: [0, 1].map((n) => ({ id: `r${from + n}`, version: 1, name: 'Vega' })),
    page: { nextCursor, count: 9 },
  },
})

/** What is told of a picture of at most four records, and how often was asked, once it tells what it should. */
async function picture(told: string, answer: (asked: number) => ReturnType<Answering>) {
  let asked = 0
  const Picture = defineComponent(() => {
    const list = useBoundedRecords(
      () => yacht,
      () => ({ filter: {}, sort: '' }),
      4,
    )
    return () => h('p', `${list.records.value.length} ${list.isFilling.value} ${list.isCut.value}`)
  })
  const { wrapper } = mountWithModel(Picture, {}, ({ path }) =>
    path === '/yachts' ? answer(asked++) : { body: { data: [], page: { nextCursor: null } } },
  )
  await expect.poll(() => wrapper.text()).toBe(told)
  // Time for whatever should not be asked.
  for (let n = 0; n < 10; n++) await flushPromises()
  expect(wrapper.text()).toBe(told)
  return asked
}

it('fills itself up to its bound', async () => {
  expect(await picture('4 false true', (asked) => page(asked * 2, 'more'))).toBe(2)
})

it('says that it has all', async () => {
  expect(await picture('2 false false', () => page(0, null))).toBe(1)
})

it('stays with what it has when a page fails, and does not ask again by itself', async () => {
  const refused = { status: 422, body: { status: 422, code: 'INVALID', title: 'No' } }
  const answer = (asked: number) => (asked === 0 ? page(0, 'more') : refused)
  expect(await picture('2 false true', answer)).toBe(2)
})
