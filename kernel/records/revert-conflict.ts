import type { Actor } from '@runwaycrm/sdk'

/** Something that was changed again since. */
export interface RevertConflict {
  /** Plural. */
  readonly entity: string
  readonly id: string
  /** API name; null when the record as a whole stands in the way. */
  readonly field: string | null
  /** The value that the change set left. */
  readonly then: unknown
  readonly now: unknown
  /** Who changed it last. */
  readonly by: Actor | null
  /** Why, when it is not a matter of values. */
  readonly reason?: string
}

/** The value that was left and the one that is there, and who put it there. */
export interface ConflictValues {
  readonly left: unknown
  readonly now: unknown
}

export function conflictOf(
  entity: string,
  id: string,
  field: string | null,
  { left, now }: ConflictValues,
  by: Actor | null,
  reason?: string,
): RevertConflict {
  const conflict = { entity, id, field, then: left, now, by }
  return reason === undefined ? conflict : { ...conflict, reason }
}

export const noValues: ConflictValues = { left: null, now: null }
