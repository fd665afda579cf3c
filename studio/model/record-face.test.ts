import { describe, expect, it } from 'vitest'
import type { LayoutInfo } from '../api/model.ts'
import { field, sampleModel, yacht } from '../testing/sample-model.ts'
import { indexModel } from './model-index.ts'
import { besideTabs, recordFace } from './record-face.ts'

const words = {
  details: 'Details',
  timeline: 'Timeline',
  files: 'Files',
  rest: 'More',
  system: 'Record',
}
const crew = {
  ...yacht,
  ref: 't:crew',
  key: 'crew',
  plural: 'crews',
  labelPlural: 'Crews',
  fields: [field('name'), { ...field('yachtId'), kind: 'relation', to: yacht.ref }],
}
const faceWith = (layout?: LayoutInfo, entity = yacht) =>
  recordFace(
    entity,
    indexModel({ ...sampleModel, entities: [entity, crew], layouts: layout ? [layout] : [] }),
    words,
  )
const fieldNames = (face: ReturnType<typeof faceWith>, tab: number) =>
  face.tabs[tab]!.sections.map((one) => one.fields.map(({ apiName }) => apiName))

describe('the page of a record', () => {
  it('that nobody laid out has details, timeline and what leads here', () => {
    const face = faceWith()
    expect(face.tabs.map(({ label }) => label)).toEqual(['Details', 'Timeline', 'Crews'])
    expect(face.highlights).toBeNull()
  })

  it('follows its layout and shows behind it whatever has no place in it', () => {
    const face = faceWith({
      ref: 't:yacht',
      entity: yacht.ref,
      highlights: ['value', 'gone'],
      tabs: [
        {
          key: 'main',
          label: 'Main',
          sections: [
            { key: 'money', label: 'Money', widget: 'fields', fields: ['value', 'gone'] },
            { key: 'lost', widget: 'fields', fields: ['gone'] },
            { key: 'sum', widget: 'figure', entity: 't:gone', field: 'yachtId' },
          ],
        },
      ],
    })
    expect(face.tabs.map(({ label }) => label)).toEqual(['Main', 'Timeline', 'Crews'])
    expect(face.tabs[0]!.sections.map(({ key }) => key)).toEqual(['money', 'rest', 'system'])
    const [money, rest] = fieldNames(face, 0)
    expect(money).toEqual(['name', 'value'])
    expect(rest).toContain('status')
    expect(rest).not.toContain('name')
    expect(rest).not.toContain('value')
    expect(face.highlights?.map(({ apiName }) => apiName)).toEqual(['value'])
  })

  it('has a related list once', () => {
    const face = faceWith({
      ref: 't:yacht',
      entity: yacht.ref,
      tabs: [
        {
          key: 'crew',
          label: 'On board',
          sections: [{ key: 'crew', widget: 'related', entity: 't:crew', field: 'yachtId' }],
        },
      ],
    })
    expect(face.tabs.map(({ label }) => label)).toEqual(['On board', 'Details', 'Timeline'])
  })

  it('has its fields beside the tabs when there is room, unless there is nothing else', () => {
    const { tabs } = faceWith()
    expect(besideTabs(tabs).aside?.key).toBe('details')
    expect(besideTabs(tabs).tabs.map(({ key }) => key)).not.toContain('details')
    expect(besideTabs(tabs.slice(0, 1))).toEqual({ aside: null, tabs: tabs.slice(0, 1) })
  })
})
