import { expect, it } from 'vitest'
import { baseLayers, layer, orgLayer } from '../../tests/setup/test-layers.ts'
import { composeModel } from './compose-model.ts'

const point = {
  label: 'Watches',
  schema: {
    type: 'object',
    'x-scope': { record: 'entity', 'found.$': 'entity' },
    'x-rules': { facts: { record: true, found: 'parts', vars: true }, operators: {} },
    properties: {
      entity: { type: 'string' },
      parts: { type: 'object' },
      when: { type: 'object', 'x-rule': true },
    },
  },
}
const watches = layer('test.watches', { contributes: { points: { watches: point } } })
const leaf = (path: string, operator: string, value: unknown, fact = 'record') => ({
  ...{ fact, path, operator, value },
})
const watch = (...all: object[]) => ({
  ...{ entity: 'crm.leads:lead', parts: { first: {} }, when: { all } },
})
const ofPlugin = (definition: object) =>
  layer('test.ours', {
    requires: { 'test.watches': '^1.0.0' },
    contributes: { watches: { one: definition } },
  })
const told = (model: ReturnType<typeof composeModel>) =>
  model.problems.map(({ at, code }) => [at, code])

it('tells of a manifest which of its rules cannot be told, and where', () => {
  const wrong = watch(
    leaf('name', '$eq', 'Ada'),
    leaf('nothing', '$eq', 1),
    leaf('name', '$near', 'Ada'),
    leaf('name', '$eq', 7),
    leaf('second', '$eq', 1, 'found'),
  )
  const model = composeModel([...baseLayers, watches, ofPlugin(wrong)])
  const at = 'test.ours/watches/one/when/all'
  expect(told(model)).toEqual([
    [`${at}/2/operator`, 'UNKNOWN_OPTION'],
    [`${at}/4/path`, 'UNKNOWN_FIELD'],
    [`${at}/1/path`, 'UNKNOWN_FIELD'],
    [`${at}/3/value`, 'WRONG_TYPE'],
  ])
  expect(model.problems.map(({ notice }) => notice)).toEqual(Array(4).fill(undefined))
  expect(
    told(composeModel([...baseLayers, watches, ofPlugin(watch(leaf('name', '$eq', '')))])),
  ).toEqual([])
})

it('tells of the own layer of an organisation over all others', () => {
  const base = composeModel([...baseLayers, watches])
  const own = orgLayer({ watches: { mine: watch(leaf('account.industry', '$exists', 'yes')) } })
  expect(told(composeModel([own], base))).toEqual([
    ['t/watches/mine/when/all/0/value', 'WRONG_TYPE'],
  ])
})
