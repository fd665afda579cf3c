import { expect, it } from 'vitest'
import { baseLayers } from '../../tests/setup/test-layers.ts'
import { composeModel } from './compose-model.ts'
import { enabledLayers, type PluginState } from './enabled-layers.ts'
import { emptyDocument } from './layer-document.ts'
import { createOrgModels } from './org-models.ts'

const deployment = composeModel(baseLayers)
const ids = (states: [string, PluginState][]) =>
  enabledLayers(deployment.stack, new Map(states)).map(({ id }) => id)

it('takes out a plugin that is not enabled, together with what requires it', () => {
  expect(ids([])).toEqual(['kernel', 'crm.accounts', 'crm.leads', 'platform.fields'])
  expect(ids([['crm.leads', 'disabled']])).toEqual(['kernel', 'crm.accounts', 'platform.fields'])
  expect(ids([['crm.accounts', 'suspended']])).toEqual(['kernel', 'platform.fields'])
  expect(ids([['crm.accounts', 'enabled']])).toHaveLength(4)
})

it('never takes out the kernel', () => {
  expect(ids([['kernel', 'disabled']])).toContain('kernel')
})

it('composes organisations that enabled the same plugins once', () => {
  const models = createOrgModels(deployment)
  const source = (state: PluginState) => ({
    states: new Map([['crm.leads', state]] as const),
    packages: [],
    reseller: null,
    document: emptyDocument,
  })
  const without = models.of(source('disabled'))
  expect(models.of(source('archived'))).toBe(without)
  expect(without.entities.has('crm.leads:lead')).toBe(false)
  expect(models.of(source('enabled'))).toBe(deployment)
})
