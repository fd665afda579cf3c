import { matchPath } from '../manifest/match-path.ts'
import type { Point } from '../manifest/point.ts'
import { type Problem, placeOf } from '../manifest/problem.ts'
import type { Layer } from './layer.ts'
import { type JsonObject, type Path, withLeaf } from './leaf.ts'

/** Whether a point has a contribution of this reference. */
export type Finder = (point: string, ref: string) => boolean

export interface CheckedReferences {
  /** Without the entries that refer to nothing; null when the definition itself does. */
  readonly definition: JsonObject | null
  readonly problems: readonly Problem[]
}

/**
 * Checks every reference in a definition. One that leads nowhere takes along the nearest entry of a
 * keyed map around it (a rule of a role, not the role), or else the whole definition: an action must
 * not run without what it needs. When the plugin only `enhances` the other, that happens in silence.
 *
 * @param overriding layers that changed the definition; what they put there they may declare.
 */
export function checkReferences(
  definition: JsonObject,
  point: Pick<Point, 'references'>,
  layer: Layer,
  at: string,
  has: Finder,
  overriding: readonly Layer[] = [],
): CheckedReferences {
  const layers = [layer, ...overriding]
  const problems: Problem[] = []
  let kept: JsonObject | null = definition
  for (const [pattern, target] of point.references) {
    for (const { path, ref } of referencesAt(definition, pattern)) {
      const full = ref.includes(':') ? ref : `${layer.id}:${ref}`
      const plugin = full.slice(0, full.indexOf(':'))
      const place = placeOf(at, ...path)
      if (has(target, full)) {
        if (!layers.some((one) => isDeclared(one, plugin)))
          problems.push(undeclared(place, layer.id, plugin))
        continue
      }
      if (!layers.some((one) => Object.hasOwn(one.manifest.enhances ?? {}, plugin))) {
        problems.push(missing(place, full, target))
      }
      const entry = entryAround(pattern, path)
      if (kept !== null) kept = entry ? withLeaf(kept, entry, undefined) : null
    }
  }
  return { definition: kept, problems }
}

/** A value that is text is the reference; below a last `*` that holds something else, the key is. */
export function referencesAt(
  definition: JsonObject,
  pattern: Path,
): { readonly path: Path; readonly ref: string }[] {
  return matchPath(definition, pattern).flatMap(({ path, value }) => {
    const ref = typeof value === 'string' ? value : pattern.at(-1) === '*' ? path.at(-1) : undefined
    return ref === undefined || ref === '*' ? [] : [{ path, ref }]
  })
}

function entryAround(pattern: Path, path: Path): Path | null {
  const star = pattern.lastIndexOf('*', pattern.length - 2)
  return star < 0 || pattern.length < 2 ? null : path.slice(0, star + 1)
}

/** An organisation's own layer may refer to all that is enabled; the others say what they use. */
export function isDeclared(layer: Layer, plugin: string): boolean {
  if (plugin === layer.id || plugin === 'kernel') return true
  if (layer.origin === 'own' || layer.origin === 'reseller') return true
  const { requires, enhances } = layer.manifest
  return Object.hasOwn(requires ?? {}, plugin) || Object.hasOwn(enhances ?? {}, plugin)
}

export function undeclared(at: string, layer: string, plugin: string): Problem {
  return {
    at,
    code: 'REQUIRED',
    message: `${layer} uses ${plugin} without saying so.`,
    hint: `Add "${plugin}" to "requires", or to "enhances" when it works without.`,
  }
}

function missing(at: string, ref: string, point: string): Problem {
  return {
    at,
    code: 'UNKNOWN_RECORD',
    message: `There is no ${ref} under "${point}".`,
    hint: 'Correct the reference, or install and enable the plugin that brings it.',
  }
}
