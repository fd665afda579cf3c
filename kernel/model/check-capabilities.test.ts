import { expect, it } from 'vitest'
import { baseLayers, layer } from '../../tests/setup/test-layers.ts'
import { composeModel } from './compose-model.ts'

const action = (needs: Record<string, string[]>) => ({
  label: 'Ring',
  description: 'Rings.',
  input: { type: 'object' },
  output: { type: 'object' },
  risk: 'write',
  needs,
  handler: 'ring',
})

function problemsOf(parts: Record<string, unknown>) {
  const bells = layer('test.bells', { requires: { 'crm.leads': '^1.0.0' }, ...parts } as never)
  return composeModel([...baseLayers, bells]).problems.filter(({ at }) =>
    at.startsWith('test.bells'),
  )
}

it('names an action that needs more than its plugin asks for', () => {
  const problems = problemsOf({
    capabilities: { data: { 'crm.leads:lead': ['read'] } },
    contributes: { actions: { ring: action({ 'crm.leads:lead': ['read', 'update'] }) } },
  })
  expect(problems.map(({ at, hint }) => [at, hint])).toEqual([
    [
      'test.bells/actions/ring/needs/crm.leads:lead',
      'Add "update" to capabilities.data["crm.leads:lead"].',
    ],
  ])
})

it('names a capability for what is not there, and for what the plugin does not require', () => {
  const problems = problemsOf({
    capabilities: { data: { 'crm.ghosts:ghost': ['read'], 'crm.accounts:account': ['read'] } },
  })
  expect(problems.map(({ at }) => at)).toEqual([
    'test.bells/capabilities/data/crm.ghosts:ghost',
    'test.bells/capabilities/data/crm.accounts:account',
  ])
})

it('lets what is only enhanced be absent', () => {
  expect(
    problemsOf({
      enhances: { 'crm.ghosts': '^1.0.0' },
      capabilities: { data: { 'crm.ghosts:ghost': ['read'] } },
    }),
  ).toEqual([])
})
