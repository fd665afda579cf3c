import { kernelPoints } from '@runwaycrm/sdk'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createPoint } from '../manifest/point.ts'
import { applyOverrides } from './apply-overrides.ts'
import type { JsonObject } from './leaf.ts'
import { isStricter, type NarrowSense, overrideRule } from './override-rules.ts'

const { schema } = kernelPoints.entities

describe('overrideRule', () => {
  it.each([
    [['label'], 'free'],
    [['plural'], 'locked'],
    [['fields'], 'locked'],
    [['fields', 'name'], 'locked'],
    [['fields', 'name', 'type'], 'locked'],
    [['fields', 'name', 'label'], 'free'],
    [['fields', 'name', 'required'], 'narrow'],
    [['fields', 'stage', 'options', 'won'], 'free'],
    [['fields', 'stage', 'options', 'won', 'category'], 'free'],
    [['fields', 'name', 'params', 'digits'], 'free'],
    [['fields', 'name', 'nothing'], 'locked'],
    [['fields', 'Not A Key', 'label'], 'locked'],
    [['nothing', 'label'], 'locked'],
    [['__proto__', 'label'], 'locked'],
  ])('%j is %s', (path, kind) => {
    expect(overrideRule(schema, path as string[]).kind).toBe(kind)
  })
})

/** What a definition with this value lets pass: the oracle that `narrow` is held against. */
const passes: Record<NarrowSense, (rule: unknown, probe: number) => boolean> = {
  'min-up': (rule, probe) => rule === undefined || probe >= (rule as number),
  'max-down': (rule, probe) => rule === undefined || probe <= (rule as number),
  'true-only': (rule, probe) => rule !== true || probe % 2 === 0,
  subset: (rule, probe) => {
    if (typeof rule === 'boolean') return rule
    return Array.isArray(rule) && rule.includes(`p${probe}`)
  },
}

const number = fc.option(fc.integer({ min: -5, max: 5 }), { nil: undefined })
const flag = fc.option(fc.boolean(), { nil: undefined })
const set = fc.option(fc.uniqueArray(fc.integer({ min: -5, max: 5 }).map((n) => `p${n}`)), {
  nil: undefined,
})
const values: Record<NarrowSense, fc.Arbitrary<unknown>> = {
  'min-up': number,
  'max-down': number,
  'true-only': flag,
  subset: set,
}

describe('narrow', () => {
  it.each(Object.keys(values) as NarrowSense[])('%s only ever tightens', (sense) => {
    fc.assert(
      fc.property(values[sense], values[sense], (current, next) => {
        if (!isStricter(sense, current, next)) return
        for (let probe = -6; probe <= 6; probe++) {
          if (passes[sense](next, probe)) expect(passes[sense](current, probe)).toBe(true)
        }
      }),
      { numRuns: 2_000 },
    )
  })

  it('subset on a switch can turn it off and never on; without a value it is on', () => {
    const stricter = (current: unknown, next: unknown) => isStricter('subset', current, next)
    expect(stricter(undefined, false)).toBe(true)
    expect(stricter(true, false)).toBe(true)
    expect(stricter(false, true)).toBe(false)
    expect(stricter(false, undefined)).toBe(false)
    expect(stricter(true, undefined)).toBe(false)
  })

  it('takes the same again, so that an override survives when upstream says it too', () => {
    expect(isStricter('min-up', 3, 3)).toBe(true)
    expect(isStricter('max-down', 3, 3)).toBe(true)
    expect(isStricter('true-only', true, true)).toBe(true)
    expect(isStricter('subset', ['a'], ['a'])).toBe(true)
  })

  it.each(['min-up', 'max-down', 'true-only'] as const)('never takes a rule away (%s)', (sense) => {
    expect(isStricter(sense, 1, undefined)).toBe(false)
    expect(isStricter(sense, true, undefined)).toBe(false)
  })

  it('holds through a chain of layers, whatever they try', () => {
    const point = createPoint('entities', 'kernel', kernelPoints.entities)
    const definition = (field: JsonObject): JsonObject => ({
      label: 'A',
      labelPlural: 'As',
      plural: 'as',
      titleField: 'n',
      fields: { n: { type: 'number', ...field } },
    })
    const leaf = fc.oneof(
      fc.tuple(fc.constantFrom('min', 'max'), number),
      fc.tuple(fc.constantFrom('required', 'readOnly'), flag),
    )
    fc.assert(
      fc.property(leaf, fc.array(leaf, { maxLength: 6 }), (start, tries) => {
        const [key, value] = start
        let current = definition(value === undefined ? {} : { [key]: value })
        for (const [name, to] of tries) {
          const before = current
          const path = ['fields', 'n', name]
          const override = {
            point: 'entities',
            target: 'a.a:a',
            path,
            ...(to !== undefined && { to }),
          }
          current = applyOverrides(current, [override], point, '').definition
          const sense = {
            min: 'min-up',
            max: 'max-down',
            required: 'true-only',
            readOnly: 'true-only',
          }[name] as NarrowSense
          const at = (from: JsonObject) => ((from['fields'] as JsonObject)['n'] as JsonObject)[name]
          for (let probe = -6; probe <= 6; probe++) {
            if (passes[sense](at(current), probe))
              expect(passes[sense](at(before), probe)).toBe(true)
          }
        }
      }),
      { numRuns: 2_000 },
    )
  })
})
