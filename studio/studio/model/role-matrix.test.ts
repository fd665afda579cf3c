import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { JsonObject } from './leaf.ts'
import { cellOf, operations, type Reach, reachesOf, withCell } from './role-matrix.ts'
import '../../testing/seed.ts'

const lead = 'crm.leads:lead'
const rules: JsonObject = {
  everything: { operations: ['read'], entity: '*' },
  own: { operations: ['read', 'update'], entity: lead, scope: 'own' },
  big: { operations: ['delete'], entity: lead, condition: { score: { $gt: 5 } } },
}

describe('the matrix of a role', () => {
  it('reads what rules give', () => {
    expect(cellOf(rules, lead, 'read')).toMatchObject({ reach: 'all', inherited: 'all' })
    expect(cellOf(rules, lead, 'update').reach).toBe('own')
    expect(cellOf(rules, lead, 'create').reach).toBe('none')
    expect(cellOf(rules, lead, 'delete')).toMatchObject({ reach: 'none', hasMore: true })
  })

  it('writes what was chosen, and leaves other cells and rules with conditions alone', () => {
    const cell = fc.tuple(
      fc.constantFrom(...operations),
      fc.constantFrom<Reach>('none', 'own', 'team', 'all'),
    )
    fc.assert(
      fc.property(fc.array(cell, { maxLength: 6 }), (edits) => {
        let now = rules
        for (const [operation, reach] of edits) {
          if (!reachesOf(cellOf(now, lead, operation)).includes(reach)) continue
          const before = now
          now = withCell(now, lead, operation, reach)
          expect(cellOf(now, lead, operation).reach).toBe(reach)
          for (const other of operations)
            if (other !== operation)
              expect(cellOf(now, lead, other).reach).toBe(cellOf(before, lead, other).reach)
          expect(now['big']).toEqual(rules['big'])
          for (const rule of Object.values(now))
            expect((rule as { operations: unknown[] }).operations.length).toBeGreaterThan(0)
        }
      }),
    )
  })
})
