import type { FieldInfo, RecordData } from '@runwaycrm/sdk'
import { flushPromises } from '@vue/test-utils'
import { afterEach, describe, expect, it } from 'vitest'
import { defineComponent, h, reactive } from 'vue'
import { controlStyle, editStyle } from '../model/edit-style.ts'
import { fieldKind } from '../model/field-kinds.ts'
import { fieldTypes, type KnownType } from '../testing/field-types.ts'
import { mountWithModel } from '../testing/mount-with-model.ts'
import { field as sampleField, yacht } from '../testing/sample-model.ts'
import FieldCell from './FieldCell.vue'
import RecordDetails from './RecordDetails.vue'
import RecordForm from './RecordForm.vue'
import RecordTableRow from './RecordTableRow.vue'

let unmount: () => void = () => {}
afterEach(() => unmount())

function mounted(...given: Parameters<typeof mountWithModel>) {
  const made = mountWithModel(...given)
  unmount = () => made.wrapper.unmount()
  return made
}

/** One field of every type, and a record that has a value in each of them. */
const written = fieldTypes.filter(({ field }) => !['none', 'toggle'].includes(editStyle(field)))
const fields = [sampleField('name'), ...fieldTypes.map(({ field }) => field)]
const entity = { ...yacht, fields }
const record: RecordData = {
  id: 'y1',
  version: 1,
  name: 'Aurora',
  ...Object.fromEntries(fieldTypes.map(({ field, examples }) => [field.apiName, examples[0]])),
}

/** What is open: an input in the place of the value, or a form or a list that floats beside it. */
const openEditor = (): Element | null =>
  document.querySelector('.is-inline :is(input, textarea)') ??
  document.querySelector('.fieldform [data-autofocus]') ??
  document.querySelector('.fieldform input:not([type=file])') ??
  document.querySelector('.picker input')

const press = (key: string): void => {
  openEditor()?.dispatchEvent(
    new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }),
  )
}
/** The ways out of an editor that nobody touched. */
const ways = {
  Enter: () => press('Enter'),
  Tab: () => press('Tab'),
  Escape: () => press('Escape'),
  'a click elsewhere': () => {
    openEditor()?.dispatchEvent(new FocusEvent('blur'))
    document.body.dispatchEvent(new PointerEvent('pointerdown', { bubbles: true }))
  },
  Save: () => document.querySelector<HTMLElement>('.fieldform [data-kind=primary]')?.click(),
}
/** Lists and forms that float are left in one place of code, whatever is in them: all ways for one of them. */
const isForWay = (way: string, { ref, field }: KnownType): boolean => {
  const style = controlStyle(field)
  if (style === 'picker') return way === 'Escape'
  if (style === 'form') return way === 'a click elsewhere' || ref.endsWith(':personName')
  return way !== 'Save'
}

it('there are types to look at, each with examples', () => {
  expect(fieldTypes.length).toBeGreaterThanOrEqual(51)
  expect(fieldTypes.filter(({ examples }) => examples.length === 0)).toEqual([])
})

it.each(fieldTypes)('$ref has an editor unless nobody writes it', ({ field, definition }) => {
  if (field.readOnly) expect(editStyle(field)).toBe('none')
  else expect(editStyle(field)).not.toBe('none')
  expect(fieldKind(field)).not.toBe('opaque')
  const structures = ['composite', 'file', 'files', 'relations', 'reference']
  if (structures.includes(definition.kind ?? 'text'))
    expect(controlStyle(field)).not.toMatch(/input|text/)
})

describe('an editor that is left as it was', { timeout: 60_000 }, () => {
  it.each(Object.keys(ways))('writes nothing in a cell: %s', async (way) => {
    const props = reactive({
      record,
      index: 0,
      columns: fields.slice(0, 1),
      entity,
      top: 0,
      cursorCol: 1,
      editing: null as { row: number; col: number } | null,
      isSelected: false,
      isOpen: false,
      flashes: { of: () => undefined, has: () => false },
      labelOf: (name: string) => `Select ${name}`,
    })
    const { component } = mounted(RecordTableRow, props)
    for (const type of written.filter((one) => isForWay(way, one))) {
      props.columns = [fields[0] as FieldInfo, type.field]
      props.editing = { row: 0, col: 1 }
      await flushPromises()
      expect([type.ref, openEditor()]).toEqual([type.ref, expect.anything()])
      ways[way as keyof typeof ways]()
      await flushPromises()
      expect([type.ref, component.emitted('commit'), component.emitted('pick')]).toEqual([
        type.ref,
        undefined,
        undefined,
      ])
      props.editing = null
      await flushPromises()
    }
  })

  // The editors are those of a cell; what differs is how each way of editing is wired.
  it('writes nothing on the page of a record', async () => {
    const ofEachStyle = Object.values(
      Object.groupBy(written, ({ field }) => editStyle(field)),
    ).flatMap((types) => types?.slice(0, 2) ?? [])
    const { component, wrapper } = mounted(RecordDetails, { entity, record }, undefined, [entity])
    for (const { field, ref } of ofEachStyle) {
      await wrapper.get(`[aria-label="Change: ${field.label}"]`).trigger('click')
      await flushPromises()
      expect([ref, openEditor()]).toEqual([ref, expect.anything()])
      ways['a click elsewhere']()
      await flushPromises()
      expect([ref, component.emitted('save')]).toEqual([ref, undefined])
    }
  })

  it.each([
    { of: 'a record that is there', modelValue: record },
    { of: 'a new one', modelValue: {} },
  ])('says nothing in the form of $of', async ({ modelValue }) => {
    const props = { entity, modelValue, problems: {} }
    const { component, wrapper } = mounted(RecordForm, props, undefined, [entity])
    await wrapper.find('.form-more').trigger?.('click')
    const controls = wrapper.findAll('input, textarea, [contenteditable], [role=slider]')
    expect(controls.length).toBeGreaterThan(40)
    for (const control of controls) {
      for (const event of ['focus', 'blur', 'change']) await control.trigger(event)
      await control.trigger('keydown', { key: 'Tab' })
    }
    expect(component.emitted('update:modelValue')).toBeUndefined()
  })
})

it.each([true, false])(
  'every example is shown as people read it; in a row: %s',
  async (isCompact) => {
    const all = fieldTypes.flatMap(({ ref, field, examples }) =>
      examples.map((value) => ({ ref, field, value })),
    )
    const list = defineComponent(
      () => () =>
        all.map(({ ref, field, value }) =>
          h('div', { 'data-ref': ref }, h(FieldCell, { field, value, isCompact })),
        ),
    )
    const { wrapper } = mounted(list, {})
    await flushPromises()
    for (const shown of wrapper.findAll('[data-ref]')) {
      const ref = shown.attributes('data-ref')
      const text = shown.find('.bool, .stars').exists() ? 'a sign' : shown.text().trim()
      expect([ref, text]).toEqual([ref, expect.stringMatching(/./)])
      expect([ref, text]).toEqual([ref, expect.not.stringContaining('[object')])
      if (ref !== 'platform.fields:json')
        expect([ref, text]).toEqual([ref, expect.not.stringContaining('{"')])
    }
  },
)
