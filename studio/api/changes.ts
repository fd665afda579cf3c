import type { Http } from './http.ts'
import type { ActorInfo } from './records.ts'

/** What one actor did in one go; the unit of undo. */
export interface ChangeSet {
  readonly id: string
  readonly parentId: string | null
  readonly actor: ActorInfo
  readonly door: string
  readonly at: string
  readonly label?: string | null
  readonly state: 'open' | 'done' | 'reverted'
  readonly counts: Readonly<Record<string, unknown>>
}

/** Of one that a job filled, what it could not write; the first by name. */
export interface RefusedRecord {
  readonly entity: string
  readonly id: string
  readonly detail: string
}

export interface ChangedRecord {
  /** The plural, or the reference when another entity has it. */
  readonly entity: string
  readonly id: string
  readonly op: 'create' | 'update' | 'delete' | 'restore'
  readonly version: number
  /** apiNames. */
  readonly fields: readonly string[]
}

export interface RevertResult {
  readonly changeSetId: string | null
  readonly reverted: number
  readonly skipped: number
  readonly conflicts: readonly RevertConflict[]
}
/** Of a large one: a job takes it back behind the answer. */
export interface StartedRevert {
  readonly jobId: string
  readonly changeSetId: string
  readonly matched: number
}
export interface RevertConflict {
  readonly entity: string
  readonly id: string
  readonly field: string
  readonly then: unknown
  readonly now: unknown
  /** Who changed it last. */
  readonly by?: ActorInfo | null
  /** Why, when it is not a matter of values. */
  readonly reason?: string
}

export function createChangesApi(http: Http) {
  return {
    list: (cursor?: string) =>
      http.get<{ data: readonly ChangeSet[]; page: { nextCursor: string | null } }>('/changes', {
        cursor,
        limit: 50,
      }),
    get: (id: string) =>
      http.get<
        ChangeSet & {
          readonly records: { readonly data: readonly ChangedRecord[] }
          readonly job?: { readonly refused: number; readonly refusals: readonly RefusedRecord[] }
        }
      >(`/changes/${id}`),
    revert: (id: string, onConflict: 'stop' | 'skip' = 'stop') =>
      http.post<RevertResult | StartedRevert>(`/changes/${id}/revert`, { onConflict }),
  }
}
