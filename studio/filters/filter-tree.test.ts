import type { Filter } from '@runwaycrm/sdk'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  addNode,
  countConditions,
  type FilterGroup,
  parseTree,
  replaceNode,
  treeFilter,
} from './filter-tree.ts'
import '../testing/seed.ts'

const shape = (group: FilterGroup): unknown => [
  group.join,
  ...group.nodes.map((node) =>
    node.kind === 'group' ? shape(node) : node.kind === 'chip' ? node.chip.field : 'advanced',
  ),
]

/** What a filter says of a record, as the server's own rules do for these few operators. */
function holds(filter: Filter, record: Readonly<Record<string, number>>): boolean {
  return Object.entries(filter).every(([key, value]) => {
    if (key === '$and') return (value as Filter[]).every((part) => holds(part, record))
    if (key === '$or') return (value as Filter[]).some((part) => holds(part, record))
    if (key === '$not') return !holds(value as Filter, record)
    const own = record[key] ?? 0
    if (typeof value !== 'object' || value === null) return own === value
    const { $gt, $lt, $ne, $in } = value as Readonly<Record<string, never>>
    return (
      ($gt === undefined || own > $gt) &&
      ($lt === undefined || own < $lt) &&
      ($ne === undefined || own !== $ne) &&
      ($in === undefined || (($in as unknown as number[]).includes(own) as boolean))
    )
  })
}

const leaf = fc
  .record({
    field: fc.constantFrom('a', 'b', 'c'),
    value: fc.oneof(
      fc.integer({ min: 0, max: 3 }),
      fc.record({ $gt: fc.integer({ min: 0, max: 3 }) }),
      fc.record({ $gt: fc.integer({ min: 0, max: 1 }), $lt: fc.integer({ min: 2, max: 4 }) }),
      fc.record({ $in: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 3 }) }),
    ),
  })
  .map(({ field, value }) => ({ [field]: value }) as Filter)
const filters = fc.letrec<{ filter: Filter }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 3, depthSize: 'medium' },
    leaf,
    fc.tuple(leaf, leaf).map(([a, b]) => ({ ...a, ...b })),
    fc.array(tie('filter'), { minLength: 1, maxLength: 3 }).map(($or) => ({ $or }) as Filter),
    fc.array(tie('filter'), { minLength: 1, maxLength: 3 }).map(($and) => ({ $and }) as Filter),
    tie('filter').map(($not) => ({ $not }) as Filter),
  ),
})).filter

describe('the filter builder', () => {
  it('draws nested groups as they are written', () => {
    const filter = {
      status: 'new',
      $or: [{ value: { $gt: 5 } }, { ownerId: '@me', 'account.industry': 'software' }],
    }
    expect(shape(parseTree(filter))).toEqual([
      'and',
      'status',
      ['or', 'value', ['and', 'ownerId', 'account.industry']],
    ])
    expect(treeFilter(parseTree(filter))).toEqual(filter)
  })

  it('leaves alone what it cannot draw, wherever it stands', () => {
    const filter = {
      $not: { status: 'new' },
      $or: [{ value: { $gt: 1, $lt: 5 } }, { status: 'won' }, { $not: { name: 'x' } }],
    }
    expect(shape(parseTree(filter))).toEqual([
      'and',
      'advanced',
      ['or', 'advanced', 'status', 'advanced'],
    ])
    expect(treeFilter(parseTree(filter))).toEqual(filter)
  })

  it('means the same after a round trip, whatever the filter', () => {
    fc.assert(
      fc.property(filters, (filter) => {
        const back = treeFilter(parseTree(filter))
        for (let n = 0; n < 64; n++) {
          const record = { a: n % 4, b: Math.floor(n / 4) % 4, c: Math.floor(n / 16) }
          expect(holds(back, record)).toBe(holds(filter, record))
        }
        expect(treeFilter(parseTree(back))).toEqual(back)
      }),
      { numRuns: 150 },
    )
  })

  it('changes one node and nothing else; a group without conditions goes', () => {
    const tree = parseTree({ status: 'new', $or: [{ value: 1 }, { value: 2 }] })
    const changed = replaceNode(tree, [1, 0], {
      kind: 'chip',
      chip: { field: 'name', operator: 'contains', value: 'dock' },
    })
    expect(treeFilter(changed)).toEqual({
      status: 'new',
      $or: [{ name: { $contains: 'dock' } }, { value: 2 }],
    })
    const less = replaceNode(replaceNode(tree, [1, 1], null), [1, 0], null)
    expect(treeFilter(less)).toEqual({ status: 'new' })
    expect(less.nodes.length).toBe(1)
  })

  it('says nothing for what is not filled in yet', () => {
    const open = addNode(parseTree({}), {
      kind: 'group',
      join: 'or',
      nodes: [{ kind: 'chip', chip: { field: 'name', operator: 'contains' } }],
    })
    expect(treeFilter(open)).toEqual({})
    expect(countConditions(open)).toBe(1)
  })

  it('keeps an alternative that is always true, for without it the filter would say less', () => {
    const filter = { $or: [{}, { status: 'new' }] }
    expect(treeFilter(parseTree(filter))).toEqual(filter)
  })
})
