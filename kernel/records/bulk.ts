import {
  type BulkRequest,
  type BulkResult,
  type FieldValues,
  TooLargeError,
  UniqueTakenError,
  UnknownFieldError,
  UnknownParameterError,
} from '@runwaycrm/sdk'
import { canReadField } from '../access/field-mask.ts'
import type { RequestContext } from '../context/request-context.ts'
import type { Entity, Field } from '../model/model.ts'
import { combineFailures, type ItemFailure, problemOf } from './errors-of-many.ts'
import type { Codecs } from './fields.ts'
import type { TransactionContext, Transactions } from './transactions.ts'
import { findMatches, type Match } from './upsert-matches.ts'
import { invalidError } from './validate.ts'
import type { RowOperation } from './write-checks.ts'
import type { Draft, RecordWriter } from './write-records.ts'
import type { RowOutcome } from './write-rows.ts'

type ItemResult = BulkResult['results'][number]
type ItemOp = ItemResult['op']

/** Items of one request, of all operations together. */
const bulkLimit = 1000

export interface BulkDeps {
  readonly records: RecordWriter
  readonly codecs: Codecs
  readonly transaction: Transactions['transaction']
}

const failed = Symbol('failed')
type Collected = ItemResult & { readonly [failed]?: ItemFailure['error'] }

/**
 * Creates, updates, upserts, deletes and restores, in this order, in one transaction and one change set. All or
 * nothing unless `atomic` is false, when every item has its own fate.
 *
 * @throws TooLargeError; UnknownFieldError or UnknownParameterError for `by`; when atomic, one error for
 *   everything that is wrong, with paths like `create[3].email`.
 */
export function createBulk({ records, codecs, transaction }: BulkDeps) {
  return async function bulk(
    ctx: RequestContext,
    entity: Entity,
    request: BulkRequest,
  ): Promise<BulkResult> {
    const { create = [], update = [], upsert, atomic = true } = request
    const { delete: remove = [], restore = [] } = request
    const upserts = upsert?.records.length ?? 0
    const total = create.length + update.length + upserts + remove.length + restore.length
    if (total > bulkLimit)
      throw new TooLargeError(`Send at most ${bulkLimit} items at once; these are ${total}.`)
    const by = upsert ? uniqueFieldOf(ctx, entity, upsert.by) : null
    return transaction(
      ctx,
      async (inner) => {
        const results: Collected[] = []
        const created = create.map((values) => ({ values }))
        results.push(...(await writeAll(inner, entity, 'create', 'create', created)))
        results.push(
          ...(await writeAll(inner, entity, 'update', 'update', update.map(updateDraft))),
        )
        if (upsert && by) results.push(...(await upsertAll(inner, entity, by, upsert)))
        results.push(...(await writeAll(inner, entity, 'delete', 'delete', remove.map(bareDraft))))
        results.push(
          ...(await writeAll(inner, entity, 'restore', 'restore', restore.map(bareDraft))),
        )
        const failures = results.flatMap((result): ItemFailure[] => {
          const error = result[failed]
          return error ? [{ path: pathOf(result), error }] : []
        })
        if (atomic && failures.length > 0) throw combineFailures(failures)
        return { changeSetId: inner.changeSet?.id ?? '', results }
      },
      { keepEmpty: true, retry: true },
    )
  }

  /** Two items about the same record are written one after the other, like two requests. */
  async function writeAll(
    ctx: TransactionContext,
    entity: Entity,
    op: ItemOp,
    operation: RowOperation,
    drafts: readonly Draft[],
  ): Promise<Collected[]> {
    const results: Collected[] = []
    const all = drafts.map((draft, index) => ({ draft, index }))
    for (const round of rounds(all, ({ draft }) => draft.id ?? null)) {
      const outcomes = await write(
        ctx,
        entity,
        operation,
        round.map(({ draft }) => draft),
      )
      for (const [at, outcome] of outcomes.entries())
        results.push(resultOf(op, operation, round[at]!.index, outcome))
    }
    return results.sort((a, b) => a.index - b.index)
  }

  async function write(
    ctx: TransactionContext,
    entity: Entity,
    operation: RowOperation,
    drafts: readonly Draft[],
  ): Promise<RowOutcome[]> {
    if (drafts.length === 0) return []
    return records.write(ctx, entity, operation, drafts, { answer: 'version' })
  }

  async function upsertAll(
    ctx: TransactionContext,
    entity: Entity,
    by: Field,
    upsert: NonNullable<BulkRequest['upsert']>,
  ): Promise<Collected[]> {
    const results: Collected[] = []
    const codec = codecs.of(by)
    const items: Upsert[] = []
    for (const [index, values] of upsert.records.entries()) {
      const key = keyOf(values, by, codec.parse, ctx)
      if ('error' in key) results.push(failure('upsert', index, key.error))
      else items.push({ index, values, key: key.value })
    }
    for (const round of rounds(items, (item) => item.key))
      results.push(...(await upsertRound(ctx, entity, by, round, upsert.onDuplicate ?? 'update')))
    return results.sort((a, b) => a.index - b.index)
  }

  async function upsertRound(
    ctx: TransactionContext,
    entity: Entity,
    by: Field,
    items: readonly Upsert[],
    onDuplicate: 'update' | 'skip' | 'create',
    isRetry = false,
  ): Promise<Collected[]> {
    const matches =
      onDuplicate === 'create'
        ? new Map<string, Match>()
        : await findMatches(
            ctx,
            entity,
            by,
            items.map((item) => item.key),
            codecs,
          )
    const results: Collected[] = []
    const creates: Upsert[] = []
    const updates: { item: Upsert; id: string }[] = []
    for (const item of items) {
      const match = matches.get(item.key)
      if (!match) creates.push(item)
      else if (match === 'several') results.push(failure('upsert', item.index, ambiguous(by)))
      else if (onDuplicate === 'skip')
        results.push({ op: 'upsert', index: item.index, status: 'skipped', id: match.id })
      else updates.push({ item, id: match.id })
    }
    const made = await write(
      ctx,
      entity,
      'create',
      creates.map(({ values }) => ({ values })),
    )
    const again: Upsert[] = []
    for (const [at, outcome] of made.entries()) {
      const item = creates[at]!
      // Somebody else created it in this very moment: now it is there to be updated.
      if (!isRetry && onDuplicate !== 'create' && isTaken(outcome, by)) again.push(item)
      else results.push(resultOf('upsert', 'create', item.index, outcome))
    }
    const changed = await write(
      ctx,
      entity,
      'update',
      updates.map(({ item, id }) => ({ id, values: item.values })),
    )
    for (const [at, outcome] of changed.entries())
      results.push(resultOf('upsert', 'update', updates[at]!.item.index, outcome))
    if (again.length > 0)
      results.push(...(await upsertRound(ctx, entity, by, again, onDuplicate, true)))
    return results
  }
}

interface Upsert {
  readonly index: number
  readonly values: FieldValues
  /** The unique value as text. */
  readonly key: string
}

function uniqueFieldOf(ctx: RequestContext, entity: Entity, name: string): Field {
  const field = entity.byApiName.get(name)
  if (!field || !canReadField(ctx.ability, entity, name))
    throw new UnknownFieldError(`"by" names no field: "${name}".`)
  if (!field.unique || field.system)
    throw new UnknownParameterError(`"by" must name a unique field; "${name}" is not.`)
  return field
}

function keyOf(
  values: FieldValues,
  by: Field,
  parse: ReturnType<Codecs['of']>['parse'],
  ctx: RequestContext,
): { value: string } | { error: ItemFailure['error'] } {
  const input = values?.[by.apiName]
  const parsed = input === null || input === undefined ? null : parse(input, ctx.org)
  if (parsed && !parsed.ok) {
    const { code, message } = parsed.problem
    return { error: invalidError([{ path: by.apiName, code, message }]) }
  }
  const main = parsed?.value.main
  if (main === null || main === undefined)
    return {
      error: invalidError([
        { path: by.apiName, code: 'REQUIRED', message: 'Records are found by this field.' },
      ]),
    }
  return { value: String(main) }
}

function ambiguous(by: Field) {
  return invalidError([
    { path: by.apiName, code: 'AMBIGUOUS', message: 'Several records have this value.' },
  ])
}

function isTaken(outcome: RowOutcome, by: Field): boolean {
  return (
    outcome.status === 'failed' &&
    outcome.error instanceof UniqueTakenError &&
    outcome.error.extra?.field === by.apiName
  )
}

function updateDraft({
  id,
  version,
  ...values
}: NonNullable<BulkRequest['update']>[number]): Draft {
  return { id: String(id), version, values }
}

function bareDraft({ id, version }: NonNullable<BulkRequest['delete']>[number]): Draft {
  return { id: String(id), version }
}

/** Splits items so that none of a round has the key of another; in order. */
function rounds<T>(items: readonly T[], keyOfItem: (item: T) => string | null): T[][] {
  const result: T[][] = []
  const counts = new Map<string, number>()
  for (const item of items) {
    const key = keyOfItem(item)
    const round = key === null ? 0 : (counts.get(key) ?? 0)
    if (key !== null) counts.set(key, round + 1)
    const list = result[round] ?? []
    result[round] = list
    list.push(item)
  }
  return result
}

const writtenStatus = {
  create: 'created',
  update: 'updated',
  delete: 'deleted',
  restore: 'restored',
} as const

function resultOf(
  op: ItemOp,
  operation: RowOperation,
  index: number,
  outcome: RowOutcome,
): Collected {
  if (outcome.status === 'failed')
    return failure(op, index, outcome.error, operation === 'create' ? undefined : outcome.id)
  const status = outcome.status === 'unchanged' ? 'unchanged' : writtenStatus[operation]
  return { op, index, status, id: outcome.id }
}

function failure(op: ItemOp, index: number, error: ItemFailure['error'], id?: string): Collected {
  return {
    op,
    index,
    status: 'failed',
    ...(id ? { id } : {}),
    problem: problemOf(error),
    [failed]: error,
  }
}

function pathOf({ op, index }: ItemResult): string {
  return op === 'upsert' ? `upsert.records[${index}]` : `${op}[${index}]`
}
