import { type Problem, placeOf } from './problem.ts'

/** Largest manifest in bytes, and deepest nesting of the envelope and of one contribution. */
export const manifestLimits = { bytes: 1_000_000, depth: 12 } as const

const forbiddenKeys = new Set(['__proto__', 'constructor', 'prototype'])

/**
 * What no document of ours may hold, whatever its schema says: keys that reach prototypes, and nesting
 * so deep that walking it is a risk. Walks without recursion, so that the limit also protects itself.
 *
 * @param at where the value stands, for the problems.
 * @param depth how deep it may nest; 1 allows an object of scalars.
 */
export function checkJsonLimits(
  value: unknown,
  at: string,
  depth: number = manifestLimits.depth,
): Problem[] {
  const problems: Problem[] = []
  const open: { value: unknown; at: string; left: number }[] = [{ value, at, left: depth }]
  for (let node = open.pop(); node; node = open.pop()) {
    if (typeof node.value !== 'object' || node.value === null) continue
    if (node.left === 0) {
      problems.push({
        at: node.at,
        code: 'TOO_LONG',
        message: `This is nested deeper than ${depth} levels.`,
        hint: 'Flatten it, or move a part into a contribution of its own.',
      })
      continue
    }
    for (const key of Object.keys(node.value)) {
      const place = placeOf(node.at, key)
      if (forbiddenKeys.has(key)) {
        problems.push({
          at: place,
          code: 'UNKNOWN_FIELD',
          message: `"${key}" may not be used as a key.`,
          hint: 'Choose another name.',
        })
        continue
      }
      open.push({ value: Reflect.get(node.value, key), at: place, left: node.left - 1 })
    }
  }
  return problems
}
