import { describe, expect, it } from 'vitest'
import { baseLayers, fieldsLayer, leadsManifest } from '../../tests/setup/test-layers.ts'
import { checkDocument } from './check-document.ts'
import { composeModel } from './compose-model.ts'
import { applyOperations, type DraftOperation } from './draft-operations.ts'
import { createLayer } from './layer.ts'
import { assignStorageIds, emptyDocument, type LayerDocument, layerOf } from './layer-document.ts'
import { mergeOverrides } from './merge-overrides.ts'

const base = composeModel(baseLayers)
const target = 'crm.leads:lead'

function edit(operations: DraftOperation[], document: LayerDocument = emptyDocument) {
  return applyOperations(document, operations, base)
}

function edited(operations: DraftOperation[], document: LayerDocument = emptyDocument) {
  const result = edit(operations, document)
  expect(result.conflicts).toEqual([])
  expect(result.problems).toEqual([])
  return result.document
}

const set = (path: string[], value: unknown, from?: unknown, on?: string): DraftOperation => ({
  op: 'set',
  path,
  value,
  ...(from !== undefined && { from }),
  ...(on && { target: on }),
})

describe('applyOperations on the own layer', () => {
  it('sets and unsets leaves, with or without "contributes" in front', () => {
    const document = edited([
      set(['fields', 'budget'], { entity: target, field: { type: 'number' } }),
      set(['contributes', 'fields', 'budget', 'field', 'label'], 'Budget'),
    ])
    expect(document.contributes['fields']).toEqual({
      budget: { entity: target, field: { type: 'number', label: 'Budget' } },
    })
    const gone = edited(
      [
        {
          op: 'unset',
          path: ['fields', 'budget'],
          from: { entity: target, field: { label: 'Budget', type: 'number' } },
        },
      ],
      document,
    )
    expect(gone.contributes).toEqual({})
  })

  it('tells both values when a leaf has moved on, and only for that leaf', () => {
    const document = edited([set(['roles', 'guest'], { label: 'Guest', rules: {} })])
    const { conflicts } = edit(
      [
        set(['roles', 'guest', 'label'], 'Visitor', 'Stranger'),
        set(['roles', 'guest', 'description'], 'May look around'),
      ],
      document,
    )
    expect(conflicts).toEqual([
      { index: 0, path: ['roles', 'guest', 'label'], from: 'Stranger', now: 'Guest' },
    ])
  })

  it('takes arrays as leaves', () => {
    const document = edited([
      set(['roles', 'guest'], { label: 'Guest', rules: {}, permissions: ['import'] }),
    ])
    const { problems } = edit([set(['roles', 'guest', 'permissions', '0'], 'x')], document)
    expect(problems[0]?.code).toBe('WRONG_TYPE')
  })
})

describe('applyOperations on other layers', () => {
  it('keeps one override per leaf, with what upstream said', () => {
    const document = edited([
      set(['fields', 'name', 'label'], 'Full name', 'Name', target),
      set(
        ['fields', 'status', 'options', 'gold'],
        { label: 'Gold' },
        undefined,
        `entities/${target}`,
      ),
      set(['fields', 'name', 'label'], 'Whole name', 'Full name', target),
    ])
    expect(document.overrides).toEqual([
      {
        point: 'entities',
        target,
        path: ['fields', 'name', 'label'],
        from: 'Name',
        to: 'Whole name',
      },
      {
        point: 'entities',
        target,
        path: ['fields', 'status', 'options', 'gold'],
        to: { label: 'Gold' },
      },
    ])
  })

  it('compares with what the editor saw: the value with the overrides so far', () => {
    const document = edited([set(['label'], 'Prospect', 'Lead', target)])
    const { conflicts } = edit([set(['label'], 'Contact', 'Lead', target)], document)
    expect(conflicts).toEqual([
      { index: 0, target, path: ['label'], from: 'Lead', now: 'Prospect' },
    ])
  })

  it('forgets an override that says what upstream says, and one that is unset', () => {
    const document = edited([set(['label'], 'Prospect', 'Lead', target)])
    expect(edited([set(['label'], 'Lead', 'Prospect', target)], document).overrides).toEqual([])
    const unset = { op: 'unset', target, path: ['label'], from: 'Prospect' } as const
    expect(edited([unset], document).overrides).toEqual([])
  })

  it('splits a changed object into leaves, and changes an added one as a whole', () => {
    const options = { new: { order: 1 }, qualified: { order: 2 }, lost: { order: 3 } }
    const document = edited([
      set(
        ['fields', 'status', 'options'],
        { new: { order: 5 }, qualified: { order: 2 }, gold: { order: 4 } },
        options,
        target,
      ),
      set(['fields', 'status', 'options', 'gold', 'label'], 'Gold', undefined, target),
    ])
    expect(document.overrides.map(({ path, to }) => [path.slice(3).join('/'), to])).toEqual([
      ['gold', { order: 4, label: 'Gold' }],
      ['lost', undefined],
      ['new/order', 5],
    ])
  })

  it('takes a leaf away with null', () => {
    const document = edited([set(['fields', 'status', 'default'], null, 'new', target)])
    const model = composeModel([layerOf(document)], base)
    expect(model.entities.get(target)?.fields.get('status')?.definition.default).toBeUndefined()
  })

  it('finds bare references, entities first, and tells when there is nothing', () => {
    expect(
      edited([set(['label'], 'Our leads', 'Leads', 'crm.leads:leads')]).overrides,
    ).toMatchObject([{ point: 'pages' }])
    expect(edit([set(['label'], 'x', 'y', 'crm.deals:deal')]).problems[0]?.message).toBe(
      'There is no contribution crm.deals:deal.',
    )
  })
})

const placeOf = (problem: string) => problem.split(' ')[0]

describe('checkDocument', () => {
  const check = (
    operations: DraftOperation[],
    previous = emptyDocument,
    published = emptyDocument,
  ) =>
    checkDocument(edited(operations, previous), previous, published, base).map(
      ({ at, code }) => `${at} ${code}`,
    )

  it('tells all problems of schema, references and override rules at once', () => {
    expect(
      check([
        set(['roles', 'guest'], { rules: {} }),
        set(['fields', 'budget'], { entity: 'crm.deals:deal', field: { type: 'number' } }),
        set(['plural'], 'prospects', 'leads', target),
        set(['fields', 'score', 'max'], 200, 100, target),
        set(['fields', 'status', 'default'], 'gone', 'new', target),
        set(['rules', 'leads', 'entity'], 'crm.deals:deal', target, 'roles/crm.leads:seller'),
      ]).sort(),
    ).toEqual([
      'crm.leads/entities/lead/fields/status/default UNKNOWN_OPTION',
      't/fields/budget/entity UNKNOWN_RECORD',
      't/overrides/entities/crm.leads:lead/fields/score/max OUT_OF_RANGE',
      't/overrides/entities/crm.leads:lead/plural READ_ONLY',
      't/overrides/roles/crm.leads:seller/rules/leads/entity UNKNOWN_RECORD',
      't/roles/guest/label REQUIRED',
    ])
  })

  it('refuses rules of roles about fields that are not there', () => {
    const rule = { operations: ['read'], entity: target }
    const rules = {
      good: {
        ...rule,
        fields: ['name', 'accountId'],
        condition: { 'account.industry': 'software' },
      },
      gone: { ...rule, fields: ['margin'], condition: { margin: { $exists: true } } },
      odd: { ...rule, condition: { score: { $near: 1 } } },
    }
    expect(check([set(['roles', 'guest'], { label: 'Guest', rules })]).map(placeOf)).toEqual([
      't/roles/guest/rules/gone/fields/margin',
      't/roles/guest/rules/gone/condition/margin',
      't/roles/guest/rules/odd/condition/score/$near',
    ])
  })

  it('refuses keys that reach prototypes, patterns and references', () => {
    expect(check([set(['roles', '__proto__'], { label: 'x', rules: {} })])).toEqual([
      't/roles/__proto__ UNKNOWN_FIELD',
    ])
    const schema = { properties: { a: { pattern: 'x' }, b: { $ref: '#' } } }
    expect(check([set(['settings', 'mine'], { schema })])).toEqual([
      't/settings/mine/schema/properties/a/pattern UNKNOWN_FIELD',
      't/settings/mine/schema/properties/b/$ref UNKNOWN_FIELD',
    ])
    expect(Object.prototype).not.toHaveProperty('label')
  })

  it('does not hold against an edit what was wrong before it', () => {
    const broken = edited([set(['roles', 'guest'], { rules: {} })])
    expect(check([set(['roles', 'other'], { label: 'Other', rules: {} })], broken)).toEqual([])
  })

  it('keeps a published plural', () => {
    const entity = (plural: string) => ({
      label: 'A',
      labelPlural: 'As',
      plural,
      titleField: 'name',
      fields: { name: { type: 'text' } },
    })
    const published = edited([set(['entities', 'home'], entity('homes'))])
    const operation = set(['entities', 'home', 'plural'], 'houses', 'homes')
    expect(check([operation], published, published)).toEqual(['t/entities/home/plural READ_ONLY'])
    expect(check([operation], published)).toEqual([])
  })
})

describe('assignStorageIds', () => {
  let n = 0
  const newId = () => `f_${++n}`
  const field = (type: string) => ({ entity: target, field: { type } })
  const withField = (type: string) => ({
    ...emptyDocument,
    contributes: { fields: { budget: field(type) } },
  })

  it('keeps the id of a field, and gives a new one to another type and after a removal', () => {
    const first = assignStorageIds(withField('number'), emptyDocument, newId)
    const id = first.storageIds['fields/budget']
    expect(id).toBe('f_1')
    expect(assignStorageIds(withField('number'), first, newId).storageIds).toEqual(first.storageIds)
    expect(assignStorageIds(withField('text'), first, newId).storageIds['fields/budget']).not.toBe(
      id,
    )
    const removed = assignStorageIds(emptyDocument, first, newId)
    expect(removed.storageIds).toEqual({})
    expect(assignStorageIds(withField('number'), removed, newId).storageIds).not.toEqual(
      first.storageIds,
    )
  })
})

describe('mergeOverrides', () => {
  it('tells what became of each override when upstream changed', () => {
    const document = edited([
      set(['fields', 'name', 'label'], 'Full name', 'Name', target),
      set(['label'], 'Prospect', 'Lead', target),
      set(['labelPlural'], 'Prospects', 'Leads', target),
      set(['fields', 'score', 'label'], 'Points', undefined, target),
    ])
    const entities = leadsManifest.contributes?.['entities'] as Record<string, { fields: object }>
    const { score: _gone, ...fields } = (entities['lead']?.fields ?? {}) as Record<string, unknown>
    const upgraded = createLayer(
      {
        ...leadsManifest,
        version: '1.1.0',
        contributes: {
          entities: {
            lead: { ...entities['lead'], fields, label: 'Prospect', labelPlural: 'Enquiries' },
          },
        },
      },
      'plugin',
    )
    const after = composeModel([
      ...baseLayers.filter(({ id }) => id !== 'crm.leads' && id !== fieldsLayer.id),
      fieldsLayer,
      upgraded,
    ])
    const fates = mergeOverrides(document.overrides, after).map(({ override, fate, theirs }) => [
      override.path.join('/'),
      fate,
      theirs,
    ])
    expect(fates).toEqual([
      ['fields/name/label', 'kept', 'Name'],
      ['fields/score/label', 'parked', undefined],
      ['label', 'same', 'Prospect'],
      ['labelPlural', 'review', 'Enquiries'],
    ])
    const model = composeModel([layerOf(document)], after)
    expect(model.entities.get(target)?.definition.labelPlural).toBe('Prospects')
    expect(model.problems).toMatchObject([
      { notice: true, message: expect.stringContaining('no longer') },
    ])
  })
})
