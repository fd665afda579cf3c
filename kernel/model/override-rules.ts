/** What other layers may do with one path of a definition. */
export type OverrideRule =
  | { readonly kind: 'free' }
  | { readonly kind: 'locked' }
  | { readonly kind: 'narrow'; readonly sense: NarrowSense }

export type NarrowSense = 'min-up' | 'max-down' | 'true-only' | 'subset'

const locked: OverrideRule = { kind: 'locked' }
const free: OverrideRule = { kind: 'free' }

/**
 * The rule for a path, from the `x-override` marks of a point's schema. A mark holds for everything
 * below it, the nearest one wins, and without a mark a path is locked. A path that the schema does not
 * know is locked too.
 */
export function overrideRule(schema: object, path: readonly string[]): OverrideRule {
  let node: unknown = schema
  let rule = locked
  for (const key of path) {
    node = step(node, key).schema
    if (node === undefined && rule.kind !== 'free') return locked
    rule = markOf(node) ?? rule
  }
  return rule
}

/**
 * Whether a path ends at an entry of a keyed map (a field, an option, a rule) rather than at a property
 * that the schema names.
 */
export function isMapEntry(schema: object, path: readonly string[]): boolean {
  let node: unknown = schema
  let entry = false
  for (const key of path) ({ schema: node, entry } = step(node, key))
  return entry
}

/**
 * Whether `next` is at least as strict as `current`. `undefined` means that nothing is said: no
 * minimum, no maximum, not required, nobody, and for a switch with the sense `subset`, on.
 */
export function isStricter(sense: NarrowSense, current: unknown, next: unknown): boolean {
  switch (sense) {
    case 'min-up':
      return typeof next === 'number' && (current === undefined || next >= Number(current))
    case 'max-down':
      return typeof next === 'number' && (current === undefined || next <= Number(current))
    case 'true-only':
      return next === true || (next === false && current !== true)
    case 'subset':
      return isSubset(current, next)
  }
}

function isSubset(current: unknown, next: unknown): boolean {
  if (typeof next === 'boolean') return next === false || current !== false
  if (!Array.isArray(next)) return next === undefined && current === undefined
  const allowed = new Set(Array.isArray(current) ? current : [])
  return next.every((entry) => allowed.has(entry))
}

function step(node: unknown, key: string): { schema: unknown; entry: boolean } {
  if (!isObject(node)) return { schema: undefined, entry: false }
  const { properties, patternProperties, additionalProperties } = node
  if (isObject(properties) && Object.hasOwn(properties, key)) {
    return { schema: properties[key], entry: false }
  }
  if (isObject(patternProperties)) {
    const pattern = Object.keys(patternProperties).find((source) => patternOf(source).test(key))
    if (pattern !== undefined) return { schema: patternProperties[pattern], entry: true }
  }
  return isObject(additionalProperties)
    ? { schema: additionalProperties, entry: true }
    : { schema: undefined, entry: false }
}

const patterns = new Map<string, RegExp>()

/** Patterns stand in schemas of the kernel and of trusted plugins only, so there are few of them. */
function patternOf(source: string): RegExp {
  const known = patterns.get(source)
  if (known) return known
  const pattern = new RegExp(source, 'u')
  patterns.set(source, pattern)
  return pattern
}

function markOf(node: unknown): OverrideRule | undefined {
  if (!isObject(node)) return undefined
  switch (node['x-override']) {
    case 'free':
      return free
    case 'locked':
      return locked
    case 'narrow':
      return isSense(node['x-narrow']) ? { kind: 'narrow', sense: node['x-narrow'] } : locked
    default:
      return undefined
  }
}

function isSense(value: unknown): value is NarrowSense {
  return ['min-up', 'max-down', 'true-only', 'subset'].includes(value as string)
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
