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

/** Conflicts in one answer; more would not be read. */
const maxConflicts = 1000

interface Tally {
  reverted: number
  readonly skipped: Set<string>
  readonly conflicts: RevertConflict[]
}

/**
 * Takes back any change set: what it created is deleted, what it deleted restored, what it changed set
 * back where it still has the value that was written. That is itself a change set, so reverting it does
 * the whole again.
 */
export function createRevert({ db, codecs, ledger, writer }: RevertDeps) {
  /**
   * @throws NotFoundError when no record of it is visible; ChangeConflictError with `conflicts`;
   *   StateConflictError when it was taken back already; ForbiddenError unless the actor may change all
   *   of it.
   */
  return async function revert(
    ctx: RequestContext,
    changeSetId: string,
    { dryRun = false, onConflict = 'stop' }: RevertOptions = {},
  ): Promise<RevertResult> {
    assertNotDraft(ctx)
    const change = await ledger.find(ctx, changeSetId)
    if (change.state === 'reverted') throw new StateConflictError('It was taken back already.')
    await assertNotFinal(ctx, db, change.id)
    const plan = await loadPlan(ctx, db, change.id)
    const options = {
      door: 'revert',
      parentId: change.id,
      workflows: 'skip',
      label: change.label ?? undefined,
    } as const
    const outside = { ...ctx, changeSet: null }
    if (dryRun || !plan.isOne) {
      // One batch can change its mind; of several, none may begin in vain.
      const tally = await rehearse(outside, change, plan)
      if (dryRun) return resultOf(null, tally)
      stopAtConflicts(tally, onConflict)
      const open = await writer.openChangeSet(outside, options)
      const result = await runBatches(open, change, plan, onConflict)
      await writer.closeChangeSet(open)
      return result
    }
    return writer.transaction(outside, (inner) => runBatches(inner, change, plan, onConflict), {
      ...options,
      keepEmpty: true,
    })
  }

  async function runBatches(
    ctx: RequestContext,
    change: Change,
    plan: RevertPlan,
    onConflict: 'stop' | 'skip',
  ): Promise<RevertResult> {
    const total = newTally()
    for await (const batch of plan.batches(ctx))
      await writer.transaction(ctx, async (inner) => {
        const tally = newTally()
        await revertBatch(inner, change.id, batch, tally)
        stopAtConflicts(tally, onConflict)
        add(total, tally)
      })
    const id = ctx.changeSet?.id ?? null
    await markReverted(ctx, change, id)
    return resultOf(id, total)
  }

  /** Does everything in a transaction and undoes it: rights, hooks and constraints have their say. */
  async function rehearse(ctx: RequestContext, change: Change, plan: RevertPlan): Promise<Tally> {
    const tally = newTally()
    const undo = new Error('The rehearsal is over.')
    try {
      await writer.transaction(
        ctx,
        async (inner) => {
          for await (const batch of plan.batches(inner))
            await revertBatch(inner, change.id, batch, tally)
          throw undo
        },
        { door: 'revert', parentId: change.id, workflows: 'skip' },
      )
    } catch (error) {
      if (error !== undo) throw error
    }
    return tally
  }

  async function revertBatch(
    ctx: TransactionContext,
    changeSetId: string,
    steps: readonly RevertStep[],
    tally: Tally,
  ): Promise<void> {
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
      const records = await loadRecords(ctx, entity, changeSetId, run.items)
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
  }

  async function markReverted(
    ctx: RequestContext,
    change: Change,
    revertedBy: string | null,
  ): Promise<void> {
    const statements = [
      {
        name: 'change_set_reverted',
        text: `update tenant.change_set set state = 'reverted', reverted_by = $3, closed_at = coalesce(closed_at, $4)
 where org_id = $1 and id = $2`,
        values: [ctx.org.id, change.id, revertedBy, ctx.now],
      },
      {
        // Taking back a revert brings the first change back to life, ready to be taken back again.
        name: 'change_set_redone',
        text: `update tenant.change_set set state = 'done', reverted_by = null
 where org_id = $1 and reverted_by = $2`,
        values: [ctx.org.id, change.id],
      },
    ]
    await (ctx.tx ? ctx.tx.run(statements) : db.batch(ctx.org.id, statements))
  }
}
export type Revert = ReturnType<typeof createRevert>

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

function stopAtConflicts({ conflicts, skipped }: Tally, onConflict: 'stop' | 'skip'): void {
  if (onConflict === 'skip' || conflicts.length === 0) return
  const count = skipped.size
  throw new ChangeConflictError(
    `${count} ${count === 1 ? 'record has' : 'records have'} changed since. Nothing was taken back.`,
    { extra: { conflicts } },
  )
}

/** @throws StateConflictError when what it took away is nowhere any more. */
async function assertNotFinal(ctx: RequestContext, db: Database, id: string): Promise<void> {
  const { rows } = await db.query<{ is_final: boolean }>(ctx.org.id, {
    text: 'select is_final from tenant.change_set where org_id = $1 and id = $2',
    values: [ctx.org.id, id],
  })
  if (rows[0]?.is_final)
    throw new StateConflictError(
      'A person was erased here. The values are nowhere any more, so it cannot be taken back.',
    )
}

const newTally = (): Tally => ({ reverted: 0, skipped: new Set(), conflicts: [] })

function add(total: Tally, { reverted, skipped, conflicts }: Tally): void {
  total.reverted += reverted
  for (const one of skipped) total.skipped.add(one)
  for (const one of conflicts) if (total.conflicts.length < maxConflicts) total.conflicts.push(one)
}

function resultOf(changeSetId: string | null, tally: Tally): RevertResult {
  const { reverted, skipped, conflicts } = tally
  return { changeSetId, reverted, skipped: skipped.size, conflicts }
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
