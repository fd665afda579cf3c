import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Json } from './leaf.ts'
import { readRule, writeRule } from './rule-tree.ts'
import '../../testing/seed.ts'

const leaf = fc.record({
  fact: fc.constantFrom('record', 'change', 'steps', 'elsewhere'),
  path: fc.constantFrom('score', 'account.industry', '$.a[?(@.b)]'),
  operator: fc.constantFrom('$eq', '$in', '$gte', '$exists', '$changed', '$changedTo', '$odd'),
  value: fc.oneof(
    fc.constantFrom<Json>(null, true, false, 80, 'new', '@today-7d', ''),
    fc.array(fc.constantFrom<Json>('new', 'won', 1), { maxLength: 2 }),
    fc.constant<Json>({ deep: [1] }),
  ),
})
const { rule } = fc.letrec<{ rule: Json }>((tie) => ({
  rule: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf as fc.Arbitrary<Json>,
    fc.record({ all: fc.array(tie('rule'), { maxLength: 3 }) }) as fc.Arbitrary<Json>,
    fc.record({ any: fc.array(tie('rule'), { maxLength: 3 }) }) as fc.Arbitrary<Json>,
    fc.record({ not: tie('rule') }) as fc.Arbitrary<Json>,
  ),
}))

describe('a rule in the builder', () => {
  it('comes out as it went in, whatever somebody wrote', () => {
    fc.assert(
      fc.property(rule, (inner) => {
        const whole: Json = { all: [inner] }
        const written = writeRule(readRule(whole))
        // Read once more it says the same.
        expect(readRule(written)).toEqual(readRule(whole))
        const words = (value: Json | undefined) =>
          JSON.stringify(value).match(/"(\$|deep|else)[^"]*"/g)
        expect(words(written)).toEqual(words(whole))
      }),
    )
  })

  it('reads the words of filters, spans and groups', () => {
    const span: Json = {
      all: [
        { fact: 'record', path: 'due', operator: '$gte', value: '@today' },
        { fact: 'record', path: 'due', operator: '$lt', value: '@today+1d' },
      ],
    }
    const whole: Json = {
      any: [span, { not: { fact: 'change', path: 'stage', operator: '$changedTo', value: 'won' } }],
    }
    expect(readRule(whole)).toEqual({
      kind: 'group',
      join: 'any',
      nodes: [
        { kind: 'chip', chip: { field: 'due', operator: 'within', value: 'today' } },
        {
          kind: 'group',
          join: 'none',
          nodes: [
            { kind: 'leaf', fact: 'change', path: 'stage', operator: '$changedTo', value: 'won' },
          ],
        },
      ],
    })
    expect(writeRule(readRule(whole))).toEqual(whole)
  })
})
