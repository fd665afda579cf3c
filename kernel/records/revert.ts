import {
  ChangeConflictError,
  ForbiddenError,
  type RunwayError,
  StateConflictError,
} from '@runwaycrm/sdk'
import type { RequestContext } from '../context/request-context.ts'
import type { Database } from '../database/postgres.ts'
import type { Writer } from './change-set.ts'
import type { Codecs } from './fields.ts'
import type { Change, Ledger } from './ledger.ts'
import { alwaysVisible } from './ledger-values.ts'
import { conflictOf, noValues, type RevertConflict } from './revert-conflict.ts'
import { type Decision, decide } from './revert-decide.ts'
import { assertMayRevert, loadRecords } from './revert-load.ts'
import { loadPlan, type RevertItem, type RevertPlan, type RevertStep } from './revert-plan.ts'
import { assertNotDraft, type TransactionContext } from './transactions.ts'
import type { Draft } from './write-records.ts'

export interface RevertOptions {
  /** Tells what would happen and writes nothing. */
  readonly dryRun?: boolean | undefined
  /** With a conflict, take nothing back (the default), or take back the rest. */
  readonly onConflict?: 'stop' | 'skip' | undefined
}

export interface RevertResult {
  /** Null after a dry run. */
  readonly changeSetId: string | null
  /** Records that were taken back, in whole or in part. */
  readonly reverted: number
  /** Records of which something was left as it is, because somebody changed it since. */
  readonly skipped: number
  readonly conflicts: readonly RevertConflict[]
}

export interface RevertDeps {
  readonly db: Database
  readonly codecs: Codecs
  readonly ledger: Ledger
  readonly writer: Writer
}

/** What a piece of a large revert did. */
export type RevertProgress = Omit<RevertResult, 'changeSetId'>

/** Conflicts in one answer; more would not be read. */
const maxConflicts = 1000

interface TreePlan extends RevertPlan {
  readonly ids: readonly string[]
}

interface Tally {
  reverted: number
  readonly skipped: Set<string>
  readonly conflicts: RevertConflict[]
}

/** A change set that may be taken back. */
export interface Revertible {
  readonly change: Change
  /** Its own and those of what belongs to it. */
  readonly ids: readonly string[]
  /** Times that it wrote a record, which are at least as many as its records. */
  readonly writes: number
}

/**
 * Takes back any change set: what it created is deleted, what it deleted restored, what it changed set
 * back where it still has the value that was written. That is itself a change set, so reverting it does
 * the whole again.
 */
export function createRevert({ db, codecs, ledger, writer }: RevertDeps) {
  /**
   * @throws NotFoundError when no record of it is visible; StateConflictError when it was taken back
   *   already, or cannot be any more.
   */
  async function find(ctx: RequestContext, changeSetId: string): Promise<Revertible> {
    assertNotDraft(ctx)
    const change = await ledger.find(ctx, changeSetId)
    if (change.state === 'reverted') throw new StateConflictError('It was taken back already.')
    const ids = await treeOf(ctx, db, change.id)
    return { change, ids, writes: await assertNotFinal(ctx, db, ids) }
  }

  /**
   * All of it in one transaction, a thousand records in memory at a time.
   *
   * @throws as `find`; ChangeConflictError with `conflicts`; ForbiddenError unless the actor may change all
   *   of it.
   */
  async function revert(
    ctx: RequestContext,
    changeSetId: string,
    { dryRun = false, onConflict = 'stop' }: RevertOptions = {},
  ): Promise<RevertResult> {
    const { change } = await find(ctx, changeSetId)
    const plan = await planOf(ctx, change)
    const outside = { ...ctx, changeSet: null }
    if (dryRun) return { changeSetId: null, ...(await rehearse(outside, change, plan)) }
    return writer.transaction(
      outside,
      async (inner) => {
        const total = await revertAll(inner, plan)
        stopAtConflicts(total, onConflict, nothing)
        const id = inner.changeSet?.id ?? null
        await markReverted(inner, plan.ids, id)
        return { changeSetId: id, ...total }
      },
      { ...optionsOf(change), keepEmpty: true },
    )
  }

  /** It and what belongs to it, turned round as one. */
  async function planOf(ctx: RequestContext, { id }: Change): Promise<TreePlan> {
    const ids = await treeOf(ctx, db, id)
    return { ids, ...(await loadPlan(ctx, db, ids)) }
  }

  /** What would be refused at once, found with the first records of it. @throws as `revert` */
  async function tryFirst(
    ctx: RequestContext,
    { change }: Revertible,
    { onConflict = 'stop' }: RevertOptions,
  ): Promise<void> {
    const plan = await planOf(ctx, change)
    const outside = { ...ctx, changeSet: null }
    stopAtConflicts(await rehearse(outside, change, plan, () => true), onConflict, nothing)
  }

  /**
   * A large one, in the open change set of the context: batch after batch, each a transaction. Called again
   * after a crash it finds what is left: what is back already needs nothing.
   *
   * @throws as `revert`; of conflicts before anything was written, unless records change on the way.
   */
  async function revertInBatches(
    ctx: RequestContext & { readonly changeSet: { readonly id: string } },
    changeSetId: string,
    onConflict: 'stop' | 'skip',
    onBatch: (progress: RevertProgress) => Promise<void>,
  ): Promise<void> {
    const change = await ledger.find(ctx, changeSetId)
    const plan = await planOf(ctx, change)
    if (onConflict === 'stop' && !(await hasWritten(ctx, db))) {
      const untilConflict = ({ skipped }: RevertProgress) => skipped > 0
      stopAtConflicts(await rehearse(ctx, change, plan, untilConflict), onConflict, nothing)
    }
    for await (const batch of plan.batches(ctx)) {
      ctx.signal.throwIfAborted()
      const progress = await writer.transaction(ctx, async (inner) => {
        const tally = await revertBatch(inner, plan.ids, batch)
        stopAtConflicts(tally, onConflict, 'The rest was taken back before. Try again for these.')
        return tally
      })
      await onBatch(progress)
    }
    await markReverted(ctx, plan.ids, ctx.changeSet.id)
  }

  /** @param isEnough asked after each batch. */
  async function revertAll(
    ctx: TransactionContext,
    plan: TreePlan,
    isEnough: (soFar: RevertProgress) => boolean = () => false,
  ): Promise<RevertProgress> {
    let total: RevertProgress = { reverted: 0, skipped: 0, conflicts: [] }
    for await (const batch of plan.batches(ctx)) {
      ctx.signal.throwIfAborted()
      total = sum(total, await revertBatch(ctx, plan.ids, batch))
      if (isEnough(total)) break
    }
    return total
  }

  /** Does everything in a transaction and undoes it: rights, hooks and constraints have their say. */
  async function rehearse(
    ctx: RequestContext,
    change: Change,
    plan: TreePlan,
    isEnough?: (soFar: RevertProgress) => boolean,
  ): Promise<RevertProgress> {
    let total: RevertProgress | null = null
    const undo = new Error('The rehearsal is over.')
    try {
      await writer.transaction(
        ctx,
        async (inner) => {
          total = await revertAll(inner, plan, isEnough)
          throw undo
        },
        optionsOf(change),
      )
    } catch (error) {
      if (error !== undo) throw error
    }
    return total!
  }

  async function revertBatch(
    ctx: TransactionContext,
    changeSetIds: readonly string[],
    steps: readonly RevertStep[],
  ): Promise<RevertProgress> {
    const tally: Tally = { reverted: 0, skipped: new Set(), conflicts: [] }
    for (const run of runsOf(steps)) {
      const entity = ctx.model.entities.get(run.entity)
      if (!entity) {
        const reason = 'The plugin that brought it is not here.'
        note(
          tally,
          run.items.map(({ id }) => conflictOf(run.entity, id, null, noValues, null, reason)),
        )
        continue
      }
      await assertMayRevert(ctx, entity, run.step, run.items, codecs)
      const context = { entity, codecs, visible: alwaysVisible(ctx, entity) }
      const records = await loadRecords(ctx, entity, changeSetIds, run.items)
      const decisions = run.items.map((item) =>
        decide(context, run.step, item, records.get(item.id)),
      )
      for (const { conflicts } of decisions) note(tally, conflicts)
      const byOperation = (operation: Decision['operation']) =>
        decisions.filter((one) => one.operation === operation)
      const changed = new Set<string>()
      for (const operation of ['restore', 'update', 'delete'] as const) {
        const drafts = byOperation(operation).map(
          ({ id, stored }): Draft => ({ id, ...(stored ? { stored } : {}) }),
        )
        if (drafts.length === 0) continue
        const outcomes = await writer.records.write(ctx, entity, operation, drafts, {
          answer: 'version',
          checkRelations: false,
        })
        for (const outcome of outcomes) {
          if (outcome.status === 'failed') refuse(tally, entity.plural, outcome.id, outcome.error)
          else changed.add(outcome.id)
        }
      }
      tally.reverted += changed.size
    }
    return { ...tally, skipped: tally.skipped.size }
  }

  async function markReverted(
    ctx: RequestContext,
    ids: readonly string[],
    revertedBy: string | null,
  ): Promise<void> {
    const statements = [
      {
        name: 'change_set_reverted',
        text: `update tenant.change_set set state = 'reverted', reverted_by = $3, closed_at = coalesce(closed_at, $4)
 where org_id = $1 and id = any($2::uuid[])`,
        values: [ctx.org.id, ids, revertedBy, ctx.now],
      },
      {
        // Taking back a revert brings the first change back to life, ready to be taken back again.
        name: 'change_set_redone',
        text: `update tenant.change_set set state = 'done', reverted_by = null
 where org_id = $1 and reverted_by = any($2::uuid[])`,
        values: [ctx.org.id, ids],
      },
    ]
    await (ctx.tx ? ctx.tx.run(statements) : db.batch(ctx.org.id, statements))
  }

  return { find, revert, tryFirst, revertInBatches }
}
export type Revert = ReturnType<typeof createRevert>

/** Of the change set that takes another one back. */
export function optionsOf({ id, label }: Change) {
  return { door: 'revert', parentId: id, workflows: 'skip', label: label ?? undefined } as const
}

/** What may not be changed forbids the whole; a value that somebody took meanwhile is a conflict. */
function refuse(tally: Tally, entity: string, id: string, error: RunwayError): void {
  if (error.status === 403 || error.status === 404)
    throw new ForbiddenError('You may not change all of it, so none of it is taken back.', {
      cause: error,
    })
  if (error.status !== 409) throw error
  note(tally, [conflictOf(entity, id, fieldOf(error), noValues, null, error.message)])
}

function fieldOf(error: RunwayError): string | null {
  const field = error.extra?.field
  return typeof field === 'string' ? field : null
}

function note(tally: Tally, conflicts: readonly RevertConflict[]): void {
  for (const conflict of conflicts) {
    tally.skipped.add(`${conflict.entity} ${conflict.id}`)
    if (tally.conflicts.length < maxConflicts) tally.conflicts.push(conflict)
  }
}

const nothing = 'Nothing was taken back.'

function stopAtConflicts(
  { conflicts, skipped: count }: RevertProgress,
  onConflict: 'stop' | 'skip',
  outcome: string,
): void {
  if (onConflict === 'skip' || conflicts.length === 0) return
  throw new ChangeConflictError(
    `${count} ${count === 1 ? 'record has' : 'records have'} changed since. ${outcome}`,
    { extra: { conflicts } },
  )
}

/** A change set and those that belong to it, but for what was taken back before or takes something back. */
async function treeOf(
  { org, tx }: RequestContext,
  db: Pick<Database, 'query'>,
  id: string,
): Promise<readonly string[]> {
  const statement = {
    name: 'revert_tree',
    text: `with recursive tree as (
        select $2::uuid as id
        union all
        select c.id from tree t join tenant.change_set c on c.org_id = $1 and c.parent_id = t.id
          where c.door <> 'revert' and c.state = 'done'
      ) select id from tree`,
    values: [org.id, id],
  }
  const { rows } = await (tx
    ? tx.one<{ id: string }>(statement)
    : db.query<{ id: string }>(org.id, statement))
  return rows.map((row) => row.id)
}

/**
 * @returns how often it wrote a record.
 * @throws StateConflictError when what it took away is nowhere any more.
 */
async function assertNotFinal(
  ctx: RequestContext,
  db: Database,
  ids: readonly string[],
): Promise<number> {
  const { rows } = await db.query<{ is_final: boolean | null; writes: number }>(ctx.org.id, {
    text: `select bool_or(c.is_final) as is_final, coalesce(sum(
 (select sum(n.value::bigint) from jsonb_each_text(c.counts) n)), 0)::bigint as writes
 from tenant.change_set c where c.org_id = $1 and c.id = any($2::uuid[])`,
    values: [ctx.org.id, ids],
  })
  if (rows[0]?.is_final)
    throw new StateConflictError(
      'A person was erased here. The values are nowhere any more, so it cannot be taken back.',
    )
  return rows[0]?.writes ?? 0
}

async function hasWritten(
  ctx: RequestContext & { readonly changeSet: { readonly id: string } },
  db: Database,
): Promise<boolean> {
  const { rows } = await db.query<{ yes: boolean }>(ctx.org.id, {
    text: `select counts <> '{}' as yes from tenant.change_set where org_id = $1 and id = $2`,
    values: [ctx.org.id, ctx.changeSet.id],
  })
  return rows[0]?.yes ?? false
}

function sum(a: RevertProgress, b: RevertProgress): RevertProgress {
  return {
    reverted: a.reverted + b.reverted,
    skipped: a.skipped + b.skipped,
    conflicts: [...a.conflicts, ...b.conflicts].slice(0, maxConflicts),
  }
}

/** Neighbours that are treated alike are written by one statement. */
function runsOf(steps: readonly RevertStep[]) {
  const runs: { entity: string; step: RevertStep['step']; items: RevertItem[] }[] = []
  for (const { entity, step, item } of steps) {
    const last = runs.at(-1)
    if (last?.entity === entity && last.step === step) last.items.push(item)
    else runs.push({ entity, step, items: [item] })
  }
  return runs
}
