import { describe, expect, it } from 'vitest'
import { inverse, operationsBetween, placeOf, restoreOperations } from './draft-edits.ts'
import { listFields } from './field-list.ts'
import { issuePlace } from './issue-place.ts'

const lead = {
  point: 'entities',
  ref: 'crm.leads:lead',
  key: 'lead',
  layer: 'plugin',
  plugin: 'crm.leads',
  published: { label: 'Lead', fields: { name: { type: 'text' }, fax: { type: 'text' } } },
  upstream: null,
  fieldOrigins: {
    budget: {
      point: 'fields',
      ref: 't:budget',
      plugin: 't',
      layer: 'own',
      state: 'new',
      path: ['field'],
    },
  },
} as const

describe('operations of an edit', () => {
  it('are leaves with what the editor saw, aimed at the contribution that has them', () => {
    const before = { label: 'Lead', fields: { budget: { type: 'currency', label: 'B' } } }
    const after = { label: 'Enquiry', fields: { budget: { type: 'currency', label: 'Budget' } } }
    expect(operationsBetween(lead, before, after)).toEqual([
      {
        op: 'set',
        target: 'entities/crm.leads:lead',
        path: ['label'],
        from: 'Lead',
        value: 'Enquiry',
      },
      {
        op: 'set',
        target: 'fields/t:budget',
        path: ['field', 'label'],
        from: 'B',
        value: 'Budget',
      },
    ])
    expect(placeOf(lead, ['fields', 'name', 'label'])).toEqual({
      target: 'entities/crm.leads:lead',
      path: ['fields', 'name', 'label'],
    })
  })

  it('are turned round by undo, the last one first', () => {
    expect(
      inverse([
        { op: 'set', path: ['pages', 'a'], from: null, value: { label: 'A' } },
        { op: 'set', path: ['pages', 'a', 'label'], from: 'A', value: 'B' },
      ]),
    ).toEqual([
      { op: 'set', path: ['pages', 'a', 'label'], from: 'B', value: 'A' },
      { op: 'unset', path: ['pages', 'a'], from: { label: 'A' } },
    ])
  })

  it('bring a draft back that was thrown away', () => {
    const at = { point: 'pages', target: 'crm.leads:leads', path: ['order'] }
    const published = { contributes: { pages: { a: { label: 'A' } } }, overrides: [] }
    const draft = {
      contributes: { pages: { a: { label: 'B' } }, roles: { r: { label: 'R' } } },
      overrides: [{ ...at, from: 10, to: 7 }],
    }
    expect(restoreOperations(published, draft)).toEqual([
      { op: 'set', path: ['pages', 'a', 'label'], from: 'A', value: 'B' },
      { op: 'set', path: ['roles', 'r'], from: null, value: { label: 'R' } },
      { op: 'set', target: 'pages/crm.leads:leads', path: ['order'], from: 10, value: 7 },
    ])
  })
})

describe('problems of the server', () => {
  it.each([
    ['overrides/entities/crm.leads:lead/fields/name/label', ['fields', 'name', 'label']],
    ['crm.leads/entities/lead/titleField', ['titleField']],
    ['fields/budget/field/max', ['fields', 'budget', 'max']],
    ['entities/leadership/label', null],
  ])('%s is shown at %j', (path, place) => {
    expect(issuePlace({ path }, lead)).toEqual(place)
  })
})

describe('the list of fields', () => {
  it('keeps what the draft takes away in sight and tells what is new', () => {
    const definition = {
      label: 'Lead',
      fields: { budget: { type: 'currency', order: 5 }, name: { type: 'text', hidden: true } },
    }
    const fields = listFields(lead, definition)
    expect(fields.map(({ key, state, layer }) => [key, state, layer])).toEqual([
      ['budget', 'new', 'own'],
      ['name', 'changed', 'plugin'],
      ['fax', 'removed', 'plugin'],
    ])
  })
})
