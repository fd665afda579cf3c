import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Json, leafChanges, sameJson, valueAt, withValue } from './leaf.ts'
import '../../testing/seed.ts'

const json = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.string(),
    fc.integer(),
    fc.boolean(),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.stringMatching(/^[a-d]$/), tie('value'), { maxKeys: 3 }),
  ) as fc.Arbitrary<Json>,
})).value

describe('leaf changes', () => {
  it('make the one document of the other, whatever both are', () => {
    fc.assert(
      fc.property(json, json, (before, after) => {
        const made = leafChanges(before, after).reduce<Json | undefined>(
          (document, change) => withValue(document, change.path, change.after),
          before,
        )
        expect(sameJson(made, after)).toBe(true)
      }),
      { numRuns: 500 },
    )
  })

  it('tell lists whole and objects leaf by leaf', () => {
    const before = { label: 'A', list: [1, 2], in: { x: 1, y: 2 } }
    const after = { label: 'A', list: [2, 1], in: { x: 1, y: 3 } }
    expect(leafChanges(before, after)).toEqual([
      { path: ['list'], before: [1, 2], after: [2, 1] },
      { path: ['in', 'y'], before: 2, after: 3 },
    ])
  })

  it('reach into lists when a form edits a part of one', () => {
    const document = { list: [{ a: 1 }, { a: 2 }] }
    expect(withValue(document, ['list', '1', 'a'], 5)).toEqual({ list: [{ a: 1 }, { a: 5 }] })
    expect(withValue(document, ['list', '0'], undefined)).toEqual({ list: [{ a: 2 }] })
    expect(valueAt(document, ['list', '1', 'a'])).toBe(2)
    expect(valueAt(document, ['list', 'length'])).toBeUndefined()
  })
})
