import { readFileSync } from 'node:fs'
import { filterOperators, readRule } from '@runwaycrm/sdk'
import { expect, it } from 'vitest'
import type { Rule } from './definition.ts'
import { ruleScope, testRule } from './test-rule.ts'

const manifest = JSON.parse(readFileSync(new URL('plugin.json', import.meta.url), 'utf8'))
const { facts, operators } = manifest.contributes.points.workflows.schema['x-rules']
const scope = ruleScope({ conditions: { match: () => true, compare: () => true } }, {}, {})

it('asks about the facts and with the operators that the manifest says, and no others', async () => {
  const of = (fact: string, operator: string) => ({ fact, operator, value: '{{ vars.x }}' })
  const all = Object.keys(facts).flatMap((fact) =>
    [...filterOperators, ...Object.keys(operators[fact] ?? {})].map((one) => of(fact, one)),
  )
  const words = {
    facts: Object.fromEntries(Object.keys(facts).map((one) => [one, null])),
    operators,
  }
  expect(readRule({ all }, words).issues).toEqual([])
  await expect(testRule({ any: all } as Rule, scope)).resolves.toHaveProperty('holds')
  await expect(testRule(of('run', '$eq'), scope)).rejects.toThrow('cannot look at "run"')
  await expect(testRule(of('record', '$near'), scope)).rejects.toThrow('no operator "$near"')
})
