import type { RecordData, RunwayError } from '@runwaycrm/sdk'
import type { RequestContext } from '../context/request-context.ts'
import { DatabaseError } from '../database/database-errors.ts'
import type { Database, Result, Statement } from '../database/postgres.ts'
import { uuidv7 } from '../database/uuid.ts'
import type { Entity } from '../model/model.ts'
import { asConcurrentWrite, withRetry } from './concurrent-change.ts'
import { createExplainer, type Explained } from './explain-rows.ts'
import type { Codecs } from './fields.ts'
import type { Reader } from './read.ts'
import { rereadComputed } from './reread-computed.ts'
import { ofEntity, type RowOperation } from './write-checks.ts'
import { inputShapeOf } from './write-input.ts'
import { createWritePlans, type PlanShape } from './write-plans.ts'
import { type RowItem, writeValues } from './write-values.ts'

export type RowOutcome =
  | { readonly status: 'written'; readonly id: string; readonly record: RecordData }
  | { readonly status: 'unchanged'; readonly id: string }
  | { readonly status: 'failed'; readonly id: string; readonly error: RunwayError }

export interface WriteOptions {
  /** `record` answers what the actor may see of it, `version` only id and version. */
  readonly answer: 'record' | 'version'
  /** False when the values come from the ledger. */
  readonly checkRelations?: boolean
}

export interface CommittedBatch {
  readonly orgId: string
  readonly changeSetId: string
}

export interface RowWriterDeps {
  readonly db: Database
  readonly codecs: Codecs
  readonly reader: Pick<Reader, 'getMany'>
  /** A hint for those who wait for events; called after the commit. */
  readonly onCommitted: (batch: CommittedBatch) => void
}

const maxAttempts = 4
const constraintCodes = new Set(['23505', '23503'])

/**
 * Writes rows of one entity: one statement for any number of them. Rows that may not be written are left
 * out by the statement and explained afterwards, so the good case is a single round trip.
 *
 * Outside a transaction, send one row: several may be written in part.
 */
export function createRowWriter({ db, codecs, reader, onCommitted }: RowWriterDeps) {
  const planOf = createWritePlans(codecs)
  const explain = createExplainer({ run, planOf })

  async function write(
    ctx: RequestContext,
    entity: Entity,
    operation: RowOperation,
    items: readonly RowItem[],
    options: WriteOptions,
  ): Promise<RowOutcome[]> {
    const outcomes = new Map<string, RowOutcome>()
    const relations = options.checkRelations ?? true
    const changeSetId = ctx.changeSet?.id ?? uuidv7()
    let pending = items
    for (let attempt = 1; pending.length > 0; attempt++) {
      let broken = false
      try {
        const plan = planOf(ctx, entity, {
          operation,
          answer: options.answer,
          changeSet: changeSetOf(ctx),
          checkRelations: relations,
          input: inputShapeOf(entity, operation, pending),
        })
        const base = writeValues(ctx, pending, changeSetId)
        const statement = plan.statement(ctx, base)
        const isMany = operation !== 'create' && pending.length > 1
        const results = await run(
          ctx,
          isMany ? [lockInOrder(ctx.org.id, entity, pending), statement] : [statement],
        )
        const rows = (results.at(-1)?.rows ?? []) as unknown as readonly unknown[][]
        const written = rows.map((row) => plan.read(row, ctx.model))
        const records =
          options.answer === 'record' ? await rereadComputed(reader, ctx, entity, written) : written
        for (const record of records) {
          outcomes.set(record.id, { status: 'written', id: record.id, record })
        }
        if (!ctx.tx && outcomes.size > 0) onCommitted({ orgId: ctx.org.id, changeSetId })
      } catch (error) {
        if (!isConstraint(error)) throw error
        broken = true
      }
      pending = pending.filter((item) => !outcomes.has(item.id))
      if (pending.length === 0) break
      const isLast = attempt >= maxAttempts
      const explained = await explain(ctx, entity, operation, pending, {
        relations,
        broken,
        isLast,
      })
      for (const [id, why] of explained) outcomes.set(id, outcomeOf(id, why))
      pending = pending.filter((item) => !outcomes.has(item.id))
    }
    return items.map((item) => outcomes.get(item.id) as RowOutcome)
  }

  /** Inside a transaction under a savepoint, so that a broken constraint undoes this statement alone. */
  function run(ctx: RequestContext, statements: readonly Statement[]): Promise<Result[]> {
    const { tx } = ctx
    if (!tx) return withRetry(() => db.batch(ctx.org.id, statements).catch(asConcurrentWrite))
    return tx.savepoint(() => tx.run(statements).catch(asConcurrentWrite))
  }

  return { write, explain }
}
export type RowWriter = ReturnType<typeof createRowWriter>

/** Writers of the same records wait for each other in one order, and so never for one another in a circle. */
function lockInOrder(orgId: string, entity: Entity, items: readonly RowItem[]): Statement {
  return {
    name: `lock ${entity.ref}`,
    text: `select count(*) from (select t.id from ${entity.table} t
 where t.org_id = $1 and t.id = any($2::uuid[])${ofEntity(entity, 't')} order by t.id for no key update) locked`,
    values: [orgId, items.map((item) => item.id)],
  }
}

function changeSetOf({ changeSet }: RequestContext): PlanShape['changeSet'] {
  return !changeSet ? 'own' : changeSet.row ? 'shared' : 'joined'
}

function outcomeOf(id: string, why: Explained): RowOutcome {
  return why === 'unchanged' ? { status: 'unchanged', id } : { status: 'failed', id, error: why }
}

function isConstraint(error: unknown): boolean {
  return error instanceof DatabaseError && constraintCodes.has(error.code ?? '')
}
