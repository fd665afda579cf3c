import type { Actor, Brand, Door, FieldValues, OrgInfo, Principal } from '@runwaycrm/sdk'
import type { Ability } from '../access/build-ability.ts'
import type { Tx } from '../database/postgres.ts'
import type { Model } from '../model/model.ts'

/**
 * The first argument of everything that acts for somebody: which organisation, who, what they may do,
 * on which model. Frozen; `withTx`, `withChangeSet` and the like make a new one.
 */
export interface RequestContext {
  readonly org: OrgInfo
  readonly principal: Principal
  readonly ability: Ability
  readonly model: Model
  readonly door: Door
  /** Also the request id of an answer. */
  readonly traceId: string
  readonly now: Date
  readonly signal: AbortSignal
  /** Set inside a transaction: reads and writes go through it. */
  readonly tx: Tx | null
  /** Set while a change set of several batches is open: writes join it instead of making their own. */
  readonly changeSet: OpenChange | null
  /** Reading the draft: nothing may be written. */
  readonly draft: boolean
  /** BCP 47: in which the reader wants the words of the model; without it in the organisation's. */
  readonly language?: string
  /** Settings of plugins by reference of the contribution; without them the defaults hold. */
  readonly settings?: ReadonlyMap<string, FieldValues>
  /** What makes the effects of a deed the same ones when it is tried again. */
  readonly effectKey?: string
  /** All of it will be undone: nothing may leave the house. */
  readonly isDryRun?: boolean
  /** How the organisation looks; without it the product's own look holds. */
  readonly brand?: Brand
}

export interface OpenChange {
  readonly id: string
  readonly parentId: string | null
  /** Whether workflows react to it. */
  readonly workflows: 'run' | 'skip'
  /** Of one transaction: each statement that writes makes its row or adds to it, so one without writes has none. */
  readonly row?: ChangeSetRow
}

/** What the row of a change set says when it is made. */
export interface ChangeSetRow {
  /** JSON. */
  readonly actor: string
  readonly door: Door
  readonly label: string | null
  readonly origin: 'external' | null
  readonly source: string | null
  readonly at: Date
}

/** The actor as it is written into records, the ledger and events. */
export function actorOf(principal: Principal): Actor {
  return { type: principal.type, id: principal.id, name: principal.name }
}
