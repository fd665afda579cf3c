import type { Override } from '@runwaycrm/sdk'
import { isParked } from './apply-overrides.ts'
import { type JsonObject, leafAt, sameValue } from './leaf.ts'
import type { Model } from './model.ts'

/**
 * What has become of an override since its author made it: `kept` when nothing changed upstream,
 * `same` when upstream now says the same and it can go, `review` when both changed (ours holds until
 * somebody decides), `parked` when what it changes is gone.
 */
export type OverrideFate = 'kept' | 'same' | 'review' | 'parked'

export interface MergedOverride {
  readonly override: Override
  readonly fate: OverrideFate
  /** What upstream says now. */
  readonly theirs: unknown
}

/**
 * The three-way merge, leaf by leaf: `from` is the common past, the model beneath the layer is theirs,
 * `to` is ours. Every override comes back with its fate; none is lost.
 *
 * @param base the model beneath the layer that has the overrides.
 */
export function mergeOverrides(overrides: readonly Override[], base: Model): MergedOverride[] {
  return overrides.map((override) => {
    const point = base.points.get(override.point)
    const definition = base.contributions.get(override.point)?.get(override.target)?.definition as
      | JsonObject
      | undefined
    if (!point || !definition || isParked(definition, override, point)) {
      return { override, fate: 'parked', theirs: undefined }
    }
    const theirs = leafAt(definition, override.path)
    return { override, fate: fateOf(override, theirs), theirs }
  })
}

function fateOf({ from, to }: Override, theirs: unknown): OverrideFate {
  if (sameValue(theirs, to)) return 'same'
  return sameValue(theirs, from) ? 'kept' : 'review'
}

/** Those that somebody has to decide about. */
export function needingReview(overrides: readonly Override[], base: Model): MergedOverride[] {
  return mergeOverrides(overrides, base).filter(
    ({ fate }) => fate === 'review' || fate === 'parked',
  )
}
