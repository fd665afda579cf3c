import type { EntityInfo, RecordData } from '@runwaycrm/sdk'
import { flushPromises } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import type { ViewInfo } from '../api/model.ts'
import { mountWithModel } from '../testing/mount-with-model.ts'
import { closeField, field, statusField, valueField, yacht } from '../testing/sample-model.ts'
import { localDay } from '../views/day-math.ts'
import RecordBoard from './RecordBoard.vue'
import RecordBoardCard from './RecordBoardCard.vue'
import ViewCalendar from './ViewCalendar.vue'
import ViewGallery from './ViewGallery.vue'
import ViewMap from './ViewMap.vue'
import ViewTimeline from './ViewTimeline.vue'

/** What is sold stays on its day and in its column, and only then it has a buyer. */
const isSold = { name: 'Vega' }
const lock = { effect: 'lock' as const, when: isSold }
const buyer = field('buyer', { rules: [{ effect: 'show', when: isSold }] })
const country = field('country')
const ruled: EntityInfo = {
  ...yacht,
  fields: [
    field('name'),
    { ...statusField, rules: [lock] },
    { ...closeField, rules: [lock] },
    valueField,
    buyer,
    country,
    { ...closeField, ...{ key: 'handover', apiName: 'handover', rules: buyer.rules } },
    { ...country, ...{ key: 'berth', apiName: 'berth', rules: buyer.rules } },
  ],
}
const record = (id: string, name: string): RecordData => ({
  id,
  name,
  status: 'new',
  closeDate: localDay(new Date()),
  value: null,
  buyer: `Buyer of ${name}`,
  handover: localDay(new Date()),
  country: 'NO',
  berth: 'PT',
  version: 1,
})
const records = [record('r1', 'Vega'), record('r2', 'Rigel')]
const why = {
  status: 'Status is locked here. Name: Vega',
  closeDate: 'Close date is locked here. Name: Vega',
}
const view = {
  ref: 't:all',
  entity: 't:yacht',
  label: 'All',
  columns: ['buyer'],
  cardFields: ['buyer'],
} as unknown as ViewInfo

async function show(component: Parameters<typeof mountWithModel>[0], more: Partial<ViewInfo>) {
  const props = {
    entity: ruled,
    view: { ...view, ...more },
    filter: {},
    sort: '',
    columns: [buyer],
  }
  const mounted = mountWithModel(
    component,
    props,
    ({ path, method, query }) => {
      if (method === 'PATCH') return { body: records[1] }
      if (path.endsWith('/aggregate')) return { body: { data: [] } }
      const isElsewhere = JSON.stringify([...query]).includes('won')
      return { body: { data: isElsewhere ? [] : records, page: { nextCursor: null, count: 2 } } }
    },
    [ruled],
  )
  await flushPromises()
  await expect.poll(() => mounted.wrapper.find('[data-record=r1]').exists()).toBe(true)
  const said = () => mounted.services.toasts.list.value.map(({ text }) => text)
  const written = () => mounted.asked.filter(({ method }) => method === 'PATCH').length
  const of = (id: string) => mounted.wrapper.get(`[data-record=${id}]`)
  return { ...mounted, said, written, of }
}

describe('rules of fields where records are cards and bars', () => {
  it('keep a card in its column, say why, and leave out what is not shown', async () => {
    const { of, said, written, wrapper } = await show(RecordBoard, {
      kind: 'board',
      groupBy: 'status',
    })
    expect(of('r1').get('[role=img][title]').attributes('aria-label')).toBe(why.status)
    expect(of('r1').find('.bcard-menu').exists()).toBe(false)
    expect(of('r2').find('.bcard-menu').exists()).toBe(true)
    expect(of('r1').text()).toContain('Buyer of Vega')
    expect(of('r2').text()).not.toContain('Buyer')
    const cards = wrapper.findAllComponents(RecordBoardCard)
    const move = (id: string) =>
      cards.find((card) => card.props('record').id === id)!.vm.$emit('move', 'won')
    move('r1')
    expect([said(), written()]).toEqual([[why.status], 0])
    move('r2')
    await expect.poll(written).toBe(1)
    wrapper.unmount()
  })

  it('keep an entry of a calendar on its day', async () => {
    const calendar = { date: 'closeDate', scale: 'week' as const }
    const { of, said, written, wrapper } = await show(ViewCalendar, { kind: 'calendar', calendar })
    const open = (id: string) => of(id).get('.calbar-open')
    expect(open('r1').attributes('title')).toBe(why.closeDate)
    expect(of('r1').text()).toContain('Buyer of Vega')
    expect(of('r2').text()).not.toContain('Buyer')
    await open('r1').trigger('keydown', { key: 'ArrowRight', altKey: true })
    await open('r1').trigger('keydown', { key: 'm' })
    expect([said(), written()]).toEqual([[why.closeDate, why.closeDate], 0])
    await open('r2').trigger('keydown', { key: 'ArrowRight', altKey: true })
    await expect.poll(written).toBe(1)
    wrapper.unmount()
  })

  it('keep a bar of a timeline where it is', async () => {
    const timeline = { start: 'closeDate', scale: 'week' as const }
    const { of, said, written, wrapper } = await show(ViewTimeline, { kind: 'timeline', timeline })
    const bar = (id: string) => of(id).get('.tlbar')
    expect(bar('r1').attributes('title')).toContain(why.closeDate)
    await bar('r1').trigger('keydown', { key: 'ArrowRight', altKey: true })
    expect([said(), written()]).toEqual([[why.closeDate], 0])
    await bar('r2').trigger('keydown', { key: 'ArrowRight', altKey: true })
    await expect.poll(written).toBe(1)
    wrapper.unmount()
  })

  it('leave off calendars and timelines what stands on a day that is not shown', async () => {
    for (const [component, days] of [
      [ViewCalendar, { kind: 'calendar', calendar: { date: 'handover', scale: 'week' } }],
      [ViewTimeline, { kind: 'timeline', timeline: { start: 'handover', scale: 'week' } }],
    ] as const) {
      const { wrapper } = await show(component, days)
      expect(wrapper.find('[data-record=r2]').exists()).toBe(false)
      wrapper.unmount()
    }
  })

  it('leave out of a gallery what is not shown', async () => {
    const { of, wrapper } = await show(ViewGallery, { kind: 'gallery', gallery: {} })
    expect(of('r1').text()).toContain('Buyer of Vega')
    expect(of('r2').text()).not.toContain('Buyer')
    wrapper.unmount()
  })
  it('leave out of a map what is not shown, and off it what stands at a place that is not', async () => {
    const near = await show(ViewMap, { kind: 'map', map: { place: 'country' } })
    expect(near.of('r1').text()).toContain('Buyer of Vega')
    expect(near.of('r2').text()).not.toContain('Buyer')
    near.wrapper.unmount()
    const far = await show(ViewMap, { kind: 'map', map: { place: 'berth' } })
    expect(far.wrapper.find('[data-record=r2]').exists()).toBe(false)
    expect(far.wrapper.text()).toContain('1 without a place that is known')
    far.wrapper.unmount()
  })
})
