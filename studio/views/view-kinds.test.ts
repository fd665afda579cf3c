import { describe, expect, it } from 'vitest'
import type { ViewInfo } from '../api/model.ts'
import { closeField, field, statusField, valueField } from '../testing/sample-model.ts'
import { lostNames, sortWithoutLost, withoutLost } from './lost-fields.ts'
import { missingSlot, offeredKinds, settingAt, withDefaults, withSetting } from './view-kinds.ts'

const fieldsOf = (...list: ReturnType<typeof field>[]) =>
  new Map(list.map((one) => [one.apiName, one]))
const made = field('createdAt', { type: 'kernel:dateTime', kind: 'dateTime' })
const photo = field('photo', { type: 'platform.files:image', kind: 'file' })
const place = field('position', { type: 'platform.fields:geo', kind: 'composite' })
const all = fieldsOf(field('name'), statusField, valueField, made, closeField, photo, place)
const view = (more: Partial<ViewInfo>): ViewInfo => ({
  ref: 'v',
  entity: 't:yacht',
  label: 'V',
  kind: 'table',
  order: 0,
  ...more,
})

describe('kinds of views', () => {
  it('are offered when an entity has fields for them, and say which is missing otherwise', () => {
    expect(offeredKinds(all).filter(({ missing }) => missing)).toEqual([])
    const few = fieldsOf(field('name'), made)
    expect(missingSlot('calendar', few)).toBe(null)
    expect(
      offeredKinds(few).flatMap(({ kind, missing }) =>
        missing ? [`${kind} ${missing.path}`] : [],
      ),
    ).toEqual(['board groupBy', 'gallery gallery.cover', 'map map.place'])
  })

  it("take the entity's own date before that of creation, and keep what the view says", () => {
    expect(withDefaults(view({ kind: 'calendar' }), all).calendar).toEqual({ date: 'closeDate' })
    const said = view({ kind: 'calendar', calendar: { date: 'createdAt', scale: 'week' } })
    expect(withDefaults(said, all).calendar).toEqual({ date: 'createdAt', scale: 'week' })
  })

  it('draw a chart of options before one of texts', () => {
    expect(withDefaults(view({ kind: 'chart' }), all).chart).toEqual({ by: 'status' })
  })

  it('replace a field that is gone or of another type by one that fits', () => {
    const old = view({
      kind: 'timeline',
      timeline: { start: 'gone', end: 'name' },
      groupBy: 'gone',
    })
    expect(withDefaults(old, all)).toMatchObject({ timeline: { start: 'closeDate' } })
    expect(withDefaults(old, all).groupBy).toBeUndefined()
    expect(withDefaults(old, all).timeline?.end).toBeUndefined()
  })

  it('have settings that are changed without touching others', () => {
    const before = { chart: { by: 'a', form: 'pie' }, groupBy: 'b' }
    expect(withSetting(before, 'chart.by', 'c')).toEqual({
      ...before,
      chart: { by: 'c', form: 'pie' },
    })
    expect(withSetting(before, 'chart.form', undefined)).toEqual({
      chart: { by: 'a' },
      groupBy: 'b',
    })
    expect(withSetting({}, 'map.place', 'x')).toEqual({ map: { place: 'x' } })
    expect(settingAt(before, 'chart.form')).toBe('pie')
    expect(settingAt(before, 'map.place')).toBeUndefined()
  })
})

describe('a view whose fields were removed', () => {
  const knows = (name: string) => all.has(name)
  const old = view({
    kind: 'calendar',
    columns: ['name', 'gone'],
    sort: '-gone,name',
    filter: { gone: 1, status: 'new', $or: [{ lost: 2 }, { name: 'x' }], $not: { gone: 3 } },
    calendar: { date: 'away' },
  })

  it('names them, each once', () => {
    expect(lostNames(old, knows)).toEqual(['gone', 'lost', 'away'])
  })

  it('filters and sorts by what is left', () => {
    expect(withoutLost(old.filter!, knows)).toEqual({ status: 'new', $or: [{ name: 'x' }] })
    expect(sortWithoutLost(old.sort!, knows)).toBe('name')
  })

  it('leaves a filter alone that has lost nothing', () => {
    const whole = { $not: { status: 'new' } }
    expect(withoutLost(whole, knows)).toBe(whole)
  })
})
