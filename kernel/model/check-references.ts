import { type Problem, placeOf } from '../manifest/problem.ts'
import type { Layer } from './layer.ts'
import { type JsonObject, withLeaf } from './leaf.ts'
import type { Reference } from './references-in.ts'

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
 * @param references what `referencesIn` finds in it.
 * @param overriding layers that changed the definition; what they put there they may declare.
 */
export function checkReferences(
  definition: JsonObject,
  references: readonly Reference[],
  layer: Layer,
  at: string,
  has: Finder,
  overriding: readonly Layer[] = [],
): CheckedReferences {
  const layers = [layer, ...overriding]
  const problems: Problem[] = []
  let kept: JsonObject | null = definition
  for (const { path, ref, point: target, entry, isFree } of references) {
    const full = ref.includes(':') ? ref : `${layer.id}:${ref}`
    const plugin = full.slice(0, full.indexOf(':'))
    const place = placeOf(at, ...path)
    if (has(target, full)) {
      if (!layers.some((one) => isDeclared(one, plugin)))
        problems.push(undeclared(place, layer.id, plugin))
      continue
    }
    if (isFree) continue
    if (!layers.some((one) => Object.hasOwn(one.manifest.enhances ?? {}, plugin))) {
      problems.push(missing(place, full, target))
    }
    if (kept !== null) kept = entry ? withLeaf(kept, entry, undefined) : null
  }
  return { definition: kept, problems }
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
