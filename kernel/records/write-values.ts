import { actorOf, type ChangeSetRow, type RequestContext } from '../context/request-context.ts'
import { uuidv7 } from '../database/uuid.ts'
import type { StorageValues } from './validate.ts'

/** One row to be written. `values` are for creates and updates. */
export interface RowItem {
  readonly id: string
  /** Refuses the row when it has moved on. */
  readonly version?: number | undefined
  readonly values?: StorageValues | undefined
}

/** Where the writer's own values come from; each becomes a parameter when it is used. */
export interface WriteValues {
  readonly orgId: string
  readonly items: readonly RowItem[]
  readonly now: Date
  /** JSON. */
  readonly actor: string
  readonly changeSetId: string | null
  readonly batchId: string
  readonly workflows: 'run' | 'skip'
  readonly parentId: string | null
  /** Of the change set that the statement makes. */
  readonly row: ChangeSetRow
}

const ownRow = { label: null, origin: null, source: null } as const

/** Rows of one transaction are one batch of the outbox. */
const batchOfTransaction = new WeakMap<object, string>()

export function writeValues(
  ctx: RequestContext,
  items: readonly RowItem[],
  changeSetId: string | null,
): WriteValues {
  const actor = JSON.stringify(actorOf(ctx.principal))
  return {
    orgId: ctx.org.id,
    items,
    now: ctx.now,
    actor,
    changeSetId,
    batchId: batchIdOf(ctx),
    workflows: ctx.changeSet?.workflows ?? 'run',
    parentId: ctx.changeSet?.parentId ?? null,
    row: ctx.changeSet?.row ?? { ...ownRow, actor, door: ctx.door, at: ctx.now },
  }
}

function batchIdOf(ctx: RequestContext): string {
  if (!ctx.tx) return uuidv7()
  let id = batchOfTransaction.get(ctx.tx)
  if (!id) {
    id = uuidv7()
    batchOfTransaction.set(ctx.tx, id)
  }
  return id
}

/** Values with what a hook sets over them; keys that nobody gave count as added. */
export function mergeValues(values: StorageValues, more: StorageValues): StorageValues {
  const replaced = new Set(more.given)
  const keep = ([key]: [string, unknown]) => !replaced.has(key)
  const added = more.given.filter((key) => !values.given.includes(key))
  return {
    given: [...values.given, ...added],
    added: [...(values.added ?? []), ...added],
    columns: { ...values.columns, ...more.columns },
    custom: { ...Object.fromEntries(Object.entries(values.custom).filter(keep)), ...more.custom },
    unset: [...values.unset.filter((key) => !replaced.has(key)), ...more.unset],
  }
}
