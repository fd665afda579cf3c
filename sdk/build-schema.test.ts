import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import { expect, it } from 'vitest'
import { isUpToDate, pluginSchema } from './build-schema.ts'

it('plugin.schema.json is what the types say', () => {
  expect(isUpToDate(), 'run node sdk/build-schema.ts').toBe(true)
})

it('accepts the kernel its own manifest and completes definitions of the kernel points', () => {
  const validate = new Ajv({ strict: false }).compile(JSON.parse(pluginSchema()))
  const kernel = JSON.parse(readFileSync(new URL('../kernel/kernel.json', import.meta.url), 'utf8'))
  expect(validate(kernel)).toBe(true)
  expect(validate({ ...kernel, contributes: { entities: { user: { label: 1 } } } })).toBe(false)
})
