import type { Override } from '@runwaycrm/sdk'
import type { Point } from '../manifest/point.ts'
import { type Problem, placeOf } from '../manifest/problem.ts'
import { isJsonObject, type JsonObject, leafAt, sameValue, withLeaf } from './leaf.ts'
import { isMapEntry, isStricter, overrideRule } from './override-rules.ts'

export interface Overridden {
  readonly definition: JsonObject
  readonly problems: readonly Problem[]
}

/**
 * Applies one layer's overrides of one contribution. An override that is not allowed, or no longer
 * leads to a valid definition, is left out and told; it stays in its layer, so nothing is lost.
 *
 * @param at where the layer's overrides stand, e.g. `t/overrides/entities/crm.leads:lead`.
 */
export function applyOverrides(
  definition: JsonObject,
  overrides: readonly Override[],
  point: Point,
  at: string,
): Overridden {
  const ordered = inDepthOrder(overrides)
  // Looking at the whole definition costs most, and nearly always once is enough.
  if (ordered.length > 1) {
    const all = applyAll(definition, ordered, point, at, noCheck)
    const isChanged = all.definition !== definition
    if (!isChanged || point.check(all.definition, at).length === 0) return all
  }
  return applyAll(definition, ordered, point, at, point.check)
}

const noCheck: Point['check'] = () => []

function applyAll(
  definition: JsonObject,
  overrides: readonly Override[],
  point: Point,
  at: string,
  check: Point['check'],
): Overridden {
  const problems: Problem[] = []
  let result = definition
  for (const override of overrides) {
    const outcome = applyOne(result, override, point, at, check)
    if ('problem' in outcome) problems.push(outcome.problem)
    else result = outcome.definition
  }
  return { definition: result, problems }
}

function applyOne(
  definition: JsonObject,
  override: Override,
  point: Point,
  place: string,
  check: Point['check'],
): { definition: JsonObject } | { problem: Problem } {
  const { path, to } = override
  const current = leafAt(definition, path)
  if (sameValue(current, to)) return { definition }
  const rule = overrideRule(point.schema, path)
  const refused = (code: Problem['code'], message: string, hint: string) => ({
    problem: { at: placeOf(place, ...path), code, message, hint },
  })
  if (rule.kind === 'locked') {
    return refused('READ_ONLY', 'This cannot be changed here.', lockedHint(path))
  }
  if (rule.kind === 'narrow' && !isStricter(rule.sense, current, to)) {
    const hint = `It is ${JSON.stringify(current) ?? 'not set'} and may only become stricter.`
    return refused('OUT_OF_RANGE', 'This would be less strict than it was.', hint)
  }
  if (isParked(definition, override, point)) {
    const hint = 'It is parked. Remove it, or wait until what it changes is back.'
    const gone = refused('UNKNOWN_FIELD', 'What this changes is no longer there.', hint)
    return { problem: { ...gone.problem, notice: true } }
  }
  let next: JsonObject
  try {
    next = withLeaf(definition, path, to)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    return refused('WRONG_TYPE', error.message, 'Set the whole value instead.')
  }
  const invalid = check(next, place)[0]
  return invalid ? { problem: invalid } : { definition: next }
}

/**
 * Whether the target of an override is gone. A leaf may be set although the property around it is
 * missing (`params.digits` of a field without `params`), but an entry of a keyed map, a field or an
 * option, must be there: half an option would come back otherwise.
 */
export function isParked(definition: JsonObject, override: Override, point: Point): boolean {
  const { path } = override
  let node: unknown = definition
  for (let at = 0; at < path.length - 1; at++) {
    const key = path[at]!
    node = isJsonObject(node) && Object.hasOwn(node, key) ? node[key] : undefined
    if (node === undefined && isMapEntry(point.schema, path.slice(0, at + 1))) return true
  }
  return false
}

/** Parents before children, so that the order in which overrides were saved does not matter. */
function inDepthOrder(overrides: readonly Override[]): readonly Override[] {
  if (overrides.length < 2) return overrides
  const keyed = overrides.map((override) => ({ override, key: override.path.join('\u0000') }))
  keyed.sort((a, b) => (a.key < b.key ? -1 : 1))
  return keyed.map(({ override }) => override)
}

function lockedHint(path: readonly string[]): string {
  return path[0] === 'fields' && path.length <= 2
    ? 'Add a field under "fields" instead.'
    : 'Labels, order, help, options and stricter limits can be changed.'
}
