import { ForbiddenError, NotFoundError, StateConflictError } from '@runwaycrm/sdk'
import type { RequestContext } from '../context/request-context.ts'
import type { Statement } from '../database/postgres.ts'
import { isUuid } from '../database/uuid.ts'
import type { Entity } from '../model/model.ts'
import { asConcurrentWrite } from './concurrent-change.ts'
import type { Codecs } from './fields.ts'
import { type Pointers, pointersTo, pointingStatements, repointed } from './pointers.ts'
import { asSystem, lockStatement } from './relations.ts'
import { seenTargets } from './seen-targets.ts'
import type { TransactionContext, Transactions } from './transactions.ts'
import { ofEntity } from './write-checks.ts'
import type { RecordWriter } from './write-records.ts'

export interface RepointDeps {
  readonly codecs: Codecs
  readonly records: RecordWriter
  readonly transaction: Transactions['transaction']
}

/** Records that are changed by one statement. */
const rowsAtOnce = 1_000

/**
 * Lets everything that leads to some records lead to another one instead, in all entities of the model:
 * relations to one, lists, and references to any entity. What would lead to itself is cleared.
 */
export function createRepoint({ codecs, records, transaction }: RepointDeps) {
  /**
   * @returns how many records were changed.
   * @throws StateConflictError when one of the records is gone; ForbiddenError when the actor may not change
   *   all that leads to them.
   */
  return async function repoint(
    ctx: RequestContext,
    entity: Entity,
    from: readonly string[],
    to: string,
  ): Promise<number> {
    if (![...from, to].every(isUuid) || from.includes(to)) throw new NotFoundError()
    return transaction(ctx, async (inner) => {
      await holdAll(inner, entity, [...from, to])
      let changed = 0
      for (const other of inner.model.entities.values()) {
        const pointers = pointersTo(other, entity.ref)
        if (pointers) changed += await repointEntity(inner, other, pointers, from, to)
      }
      return changed
    })
  }

  /** Two who merge the same records come one after the other, and the second finds them gone. */
  async function holdAll(ctx: TransactionContext, entity: Entity, ids: readonly string[]) {
    await ctx.tx.run([lockStatement(ctx.org.id, entity, ids)]).catch(asConcurrentWrite)
    const wanted = new Map([[entity.ref, new Set(ids)]])
    const seen = await seenTargets(ctx, wanted, codecs, (statement) => rowsOf(ctx, statement))
    if (seen.get(entity.ref)?.size !== wanted.get(entity.ref)?.size)
      throw new StateConflictError('One of the records is gone; somebody was faster.')
  }

  async function repointEntity(
    ctx: TransactionContext,
    entity: Entity,
    pointers: Pointers,
    from: readonly string[],
    to: string,
  ): Promise<number> {
    const ids = new Set<string>()
    for (const statement of pointingStatements(ctx.org.id, entity, pointers, from))
      for (const row of await rowsOf<{ id: string }>(ctx, statement)) ids.add(row.id)
    // What is about to go needs no new way.
    for (const id of from) ids.delete(id)
    const all = [...ids].sort()
    for (let at = 0; at < all.length; at += rowsAtOnce)
      await writeSome(ctx, entity, pointers, all.slice(at, at + rowsAtOnce), from, to)
    return all.length
  }

  async function writeSome(
    ctx: TransactionContext,
    entity: Entity,
    pointers: Pointers,
    ids: readonly string[],
    from: readonly string[],
    to: string,
  ): Promise<void> {
    await ctx.tx.run([lockStatement(ctx.org.id, entity, ids)]).catch(asConcurrentWrite)
    const rows = await rowsOf<{ id: string; row: Record<string, unknown> }>(ctx, {
      text: `select t.id, to_jsonb(t) as row from ${entity.table} t
 where t.org_id = $1 and t.id = any($2::uuid[]) and t.deleted_at is null${ofEntity(entity, 't')}`,
      values: [ctx.org.id, ids],
    })
    const drafts = rows.flatMap(({ id, row }) => {
      const stored = repointed(pointers, row, id, new Set(from), to)
      return stored ? [{ id, stored }] : []
    })
    // What leads there is its owner's alone, who is told of the other record from now on.
    const acting = entity.definition.private ? asSystem(ctx) : ctx
    const outcomes = await records.write(acting, entity, 'update', drafts, {
      answer: 'version',
      checkRelations: false,
    })
    for (const outcome of outcomes) {
      if (outcome.status !== 'failed') continue
      const { error } = outcome
      if (error.status !== 403 && error.status !== 404) throw error
      throw new ForbiddenError('You may not change all of the records that lead to them.', {
        cause: error,
      })
    }
  }
}
async function rowsOf<R>(ctx: TransactionContext, statement: Statement): Promise<R[]> {
  return (await ctx.tx.one<R>(statement)).rows
}
