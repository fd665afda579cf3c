import fc from 'fast-check'
import { expect, it } from 'vitest'
import { baseLayers } from '../../tests/setup/test-layers.ts'
import { composeModel } from './compose-model.ts'
import { applyOperations } from './draft-operations.ts'
import { emptyDocument, type LayerDocument } from './layer-document.ts'
import { operationsBetween } from './layer-operations.ts'

const base = composeModel(baseLayers)
const target = 'crm.leads:lead'
const word = fc.stringMatching(/^[a-z]{1,6}$/)
const keyOf = fc.constantFrom('one', 'two', 'three')

const field = fc.record(
  { type: fc.constantFrom('text', 'number'), label: word, order: fc.integer({ min: 0, max: 9 }) },
  { requiredKeys: ['type'] },
)
const entity = fc.record({ label: word, fields: fc.dictionary(keyOf, field, { minKeys: 1 }) })
const layer: fc.Arbitrary<LayerDocument> = fc
  .record({
    entities: fc.dictionary(keyOf, entity),
    roles: fc.dictionary(keyOf, fc.record({ label: word, rules: fc.constant({}) })),
    label: fc.option(word, { nil: undefined }),
    helps: fc.dictionary(fc.constantFrom('name', 'status'), word),
  })
  .map(({ entities, roles, label, helps }) => ({
    ...emptyDocument,
    contributes: Object.fromEntries(
      Object.entries({ entities, roles }).filter(([, keyed]) => Object.keys(keyed).length > 0),
    ),
    overrides: [
      ...Object.entries(helps).map(([key, to]) => ({
        point: 'entities',
        target,
        path: ['fields', key, 'help'],
        to,
      })),
      ...(label === undefined
        ? []
        : [{ point: 'entities', target, path: ['label'], from: 'Lead', to: label }]),
    ],
  }))

it('turns any layer into any other, and refuses to over the work of somebody else', () => {
  fc.assert(
    fc.property(layer, layer, (before, after) => {
      const operations = operationsBetween(before, after)
      const { document, conflicts, problems } = applyOperations(before, operations, base)
      expect({ conflicts, problems }).toEqual({ conflicts: [], problems: [] })
      expect(operationsBetween(document, after)).toEqual([])
      expect(operationsBetween(after, document)).toEqual([])
    }),
    { numRuns: 300 },
  )
  const one = { ...emptyDocument, contributes: { entities: { one: { label: 'A', fields: {} } } } }
  const two = { ...emptyDocument, contributes: { entities: { one: { label: 'B', fields: {} } } } }
  const meanwhile = {
    ...emptyDocument,
    contributes: { entities: { one: { label: 'C', fields: {} } } },
  }
  expect(applyOperations(meanwhile, operationsBetween(one, two), base).conflicts).toMatchObject([
    { path: ['entities', 'one', 'label'], from: 'A', now: 'C' },
  ])
})
