import { InvalidError, NotFoundError } from '@runwaycrm/sdk'
import type { LayerDocument } from './layer-document.ts'
import { type Path, sameValue } from './leaf.ts'
import { type MergedOverride, needingReview } from './merge-overrides.ts'
import type { Model } from './model.ts'

/** One leaf that the organisation changed, and that an upgrade changed as well or took away. */
export interface ReviewItem {
  readonly point: string
  readonly target: string
  readonly path: Path
  /** `parked`: what it changes is gone; it comes back into force with it. */
  readonly fate: 'review' | 'parked'
  /** What the leaf had when the organisation changed it. */
  readonly was: unknown
  readonly mine: unknown
  readonly theirs: unknown
}

export interface ReviewDecision {
  readonly point: string
  readonly target: string
  readonly path: Path
  /** `mine` keeps the organisation's value over the new one; `theirs` lets go of it. */
  readonly take: 'mine' | 'theirs'
}

export function toReviewItem({ override, fate, theirs }: MergedOverride): ReviewItem {
  const { point, target, path, from, to } = override
  return {
    point,
    target,
    path,
    fate: fate === 'parked' ? 'parked' : 'review',
    was: from ?? null,
    mine: to ?? null,
    theirs: theirs ?? null,
  }
}

/**
 * Settles one leaf: keeping ours makes the new upstream value the one we know of, so that only its next
 * change is asked about again.
 *
 * @param base the model beneath the own layer.
 * @throws NotFoundError when nothing there waits for a decision, InvalidError when a parked one is to be kept.
 */
export function resolveReview(
  document: LayerDocument,
  { point, target, path, take }: ReviewDecision,
  base: Model,
): LayerDocument {
  const found = needingReview(document.overrides, base).find(
    ({ override }) =>
      override.point === point && override.target === target && sameValue(override.path, path),
  )
  if (!found)
    throw new NotFoundError('Nothing here waits for a decision; somebody made it already.')
  const { override, fate, theirs } = found
  if (take === 'mine' && fate === 'parked') {
    const message =
      'What this changes is gone. It stays parked until that is back, or can be dropped.'
    throw new InvalidError(message, { errors: [{ path: 'take', code: 'OUT_OF_RANGE', message }] })
  }
  const { from: _, ...rest } = override
  const kept = theirs === undefined ? rest : { ...rest, from: theirs }
  return {
    ...document,
    overrides: document.overrides.flatMap((one) =>
      one !== override ? one : take === 'mine' ? kept : [],
    ),
  }
}
