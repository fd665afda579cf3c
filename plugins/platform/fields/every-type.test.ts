import type { CodecOrg, FieldTypeDefinition, FieldTypeHandler } from '@runwaycrm/sdk'
import Schema from 'typebox/schema'
import { describe, expect, it } from 'vitest'
import manifest from './plugin.json' with { type: 'json' }
import { handlers } from './server.ts'

const org: CodecOrg = { currency: 'EUR', country: 'NO', timeZone: 'Europe/Oslo' }
const types = Object.entries(
  manifest.contributes.fieldTypes as unknown as Readonly<Record<string, FieldTypeDefinition>>,
)
const make = handlers as unknown as Readonly<Record<string, FieldTypeHandler>>

describe.each(types)('the type %s', (key, { value, parts = {}, handler, storage, join, kind }) => {
  const codec = make[handler]!({ key: 'x', label: 'X', params: {} })
  const { examples } = value as { readonly examples: readonly unknown[] }
  const isWritten = storage !== 'computed'

  it('shows values of its kind that its schema accepts', () => {
    expect(examples.length).toBeGreaterThan(0)
    for (const example of examples) expect(Schema.Check(value, example), key).toBe(true)
  })

  it.runIf(isWritten)('gives back what was written, again and again', () => {
    for (const example of examples) {
      const parsed = codec.parse(example, org)
      if (!parsed.ok) throw new Error(parsed.problem.message)
      const shown = codec.format(parsed.value)
      // A reference is given with its entity, which the kernel knows.
      expect(shown).toEqual(example)
      expect(Schema.Check(value, shown)).toBe(true)
      const again = codec.parse(shown, org)
      expect(again).toEqual(parsed)
      if (codec.plain) expect(parsed.value.main).toEqual(example)
      expect(typeof (codec.text?.(parsed.value) ?? String(shown))).toBe('string')
    }
  })

  it.runIf(isWritten)('keeps exactly the parts that it declares', () => {
    for (const example of examples) {
      const parsed = codec.parse(example, org)
      if (!parsed.ok) throw new Error(parsed.problem.message)
      const names = Object.keys(parsed.value.parts ?? {})
      expect(names.sort()).toEqual(Object.keys(parts).sort())
      if (kind === 'composite' && join !== undefined)
        expect(parsed.value.main).toBe(
          Object.keys(parts)
            .flatMap((name) => (parsed.value.parts?.[name] as string | null) ?? [])
            .join(join),
        )
    }
  })

  it('refuses nonsense with a problem and never throws', () => {
    const nonsense = [{ __proto__: null, x: 1 }, [[]], () => 1, Symbol('x'), 10n, Number.NaN, '\0']
    for (const one of nonsense) {
      const parsed = codec.parse(one, org)
      if (parsed.ok) expect(key).toBe('json')
      else expect(parsed.problem.message).toMatch(/[.]$/)
    }
  })
})

it('there are at least 35 types that differ in handler, parameters, operators or display', () => {
  const looks = types.map(([, { handler, params, operators, display, storage }]) =>
    JSON.stringify([handler, params, operators, display, storage]),
  )
  expect(new Set(looks).size).toBe(types.length)
  expect(types.length).toBeGreaterThanOrEqual(35)
})
