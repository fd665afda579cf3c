import {
  ForbiddenError,
  type Issue,
  NotFoundError,
  type RunwayError,
  ScopeMissingError,
  StaleVersionError,
  StateConflictError,
  UniqueTakenError,
} from '@runwaycrm/sdk'
import type { RequestContext } from '../context/request-context.ts'
import type { Result, Statement } from '../database/postgres.ts'
import type { Entity, Field } from '../model/model.ts'
import { termOf } from '../model/words.ts'
import { uniqueFields } from './explain-sql.ts'
import { type StoredPart, storageOf } from './storage-columns.ts'
import { invalidError, notWritableError } from './validate.ts'
import { mainKey, type RowOperation, type WriteCheck } from './write-checks.ts'
import { type InputShape, inputShapeOf } from './write-input.ts'
import type { WritePlans } from './write-plans.ts'
import { type RowItem, writeValues } from './write-values.ts'

export type Explained = 'unchanged' | RunwayError

export interface ExplainOptions {
  readonly relations: boolean
  /** A constraint refused the statement, so values may be taken twice within the input. */
  readonly broken: boolean
  /** Nothing is tried again: every row gets an answer. */
  readonly isLast: boolean
}

export interface ExplainerDeps {
  readonly run: (ctx: RequestContext, statements: readonly Statement[]) => Promise<Result[]>
  readonly planOf: WritePlans
}

/**
 * Finds out why rows were not written. Rows of which nothing is wrong any more are left out of the answer:
 * somebody else was in the way, and the write is tried again.
 */
export function createExplainer({ run, planOf }: ExplainerDeps) {
  return async function explain(
    ctx: RequestContext,
    entity: Entity,
    operation: RowOperation,
    items: readonly RowItem[],
    options: ExplainOptions,
  ): Promise<Map<string, Explained>> {
    const input = inputShapeOf(entity, operation, items)
    const plan = planOf(ctx, entity, {
      operation,
      answer: 'why',
      changeSet: 'own',
      checkRelations: options.relations,
      input,
    })
    const values = writeValues(ctx, items, ctx.changeSet?.row ? null : (ctx.changeSet?.id ?? null))
    const [result] = await run(ctx, [plan.statement(ctx, values)])
    const rows = new Map(result?.rows.map((row) => [String(row.id), row]))
    const answers = new Map<string, Explained>()
    const seen = new Set<string>()
    for (const item of items) {
      const row = rows.get(item.id)
      const why = row
        ? (explainRow(ctx, entity, operation, plan.checks, input, item, row) ??
          (options.broken
            ? repeated(uniqueValues(entity, operation, input, item, row), seen)
            : null))
        : new NotFoundError()
      if (why) answers.set(item.id, why)
      else if (options.isLast) answers.set(item.id, lastResort(options.broken))
    }
    return answers
  }
}

/** @returns null when nothing is wrong. The order decides what an actor learns: existence comes first. */
function explainRow(
  ctx: RequestContext,
  entity: Entity,
  operation: RowOperation,
  checks: readonly WriteCheck[],
  input: InputShape,
  item: RowItem,
  row: Record<string, unknown>,
): Explained | null {
  const failed = checks.filter((_, at) => row[`c${at}`] !== true)
  const has = (why: WriteCheck['why']) => failed.filter((check) => check.why === why)
  if (!row._found || has('hidden').length > 0) return new NotFoundError()
  if (row._deleted && operation !== 'restore') return new NotFoundError()
  if (has('forbidden').length > 0) return forbiddenError(ctx, entity, operation)
  const given = new Set(item.values?.given)
  const added = new Set(item.values?.added)
  const locked = has('field').flatMap((check) =>
    check.fields.filter((field) => {
      const key = mainKey(entity, field)
      return given.has(key) && !added.has(key)
    }),
  )
  if (locked.length > 0)
    return notWritableError(
      ctx,
      entity,
      locked.map((field) => field.apiName),
    )
  if (!row._open) return new StateConflictError('The change set is closed.')
  if (!row._versionOk)
    return new StaleVersionError(undefined, { details: { id: item.id, version: item.version } })
  const missing = has('relation').flatMap((check) => check.fields)
  if (missing.length > 0) return invalidError(missing.map(unknownRecord))
  if (operation === 'restore' && !row._deleted) return 'unchanged'
  if (!row._changes) return 'unchanged'
  if (operation === 'delete') return null
  const taken = uniqueFields(entity, operation, input).find(
    (field, at) =>
      row[`u${at}`] === false && (operation === 'restore' || given.has(mainKey(entity, field))),
  )
  return taken ? takenError(taken) : null
}

export function forbiddenError(
  ctx: RequestContext,
  entity: Entity,
  operation: RowOperation,
): RunwayError {
  const scope = ctx.ability.missingScope(operation, entity.ref)
  if (scope !== null) return new ScopeMissingError(`The key lacks the scope ${scope}.`)
  const reason = ctx.ability.reason(operation, entity.ref, null)
  return new ForbiddenError(
    reason ?? `Your role does not let you ${operation} this ${termOf(ctx, entity).one}.`,
    { details: { entity: entity.ref, operation } },
  )
}

function unknownRecord(field: Field): Issue {
  return {
    path: field.apiName,
    code: 'UNKNOWN_RECORD',
    message: 'There is no such record, or you may not see it.',
  }
}

function takenError(field: Field): RunwayError {
  return new UniqueTakenError(`Another record has this value of "${field.apiName}" already.`, {
    extra: { field: field.apiName },
  })
}

/** The second of two rows of one input that want the same unique value. */
function repeated(
  values: readonly (readonly [field: Field, value: unknown])[],
  seen: Set<string>,
): RunwayError | null {
  const keys = values.flatMap(([field, value]) =>
    value === null || value === undefined
      ? []
      : [{ field, key: JSON.stringify([field.key, value]) }],
  )
  const taken = keys.find(({ key }) => seen.has(key))
  if (taken) return takenError(taken.field)
  for (const { key } of keys) seen.add(key)
  return null
}

/** What a row is to have in its unique fields; a restored one has what it had. */
function uniqueValues(
  entity: Entity,
  operation: RowOperation,
  input: InputShape,
  item: RowItem,
  row: Record<string, unknown>,
): (readonly [Field, unknown])[] {
  return uniqueFields(entity, operation, input).map((field, at) => {
    if (operation === 'restore') return [field, row[`v${at}`]]
    const part = storageOf(entity).partsOf.get(field)?.[0] as StoredPart
    const { values } = item
    return [field, part.column ? values?.columns[part.column] : values?.custom[part.ledgerKey]]
  })
}

function lastResort(broken: boolean): RunwayError {
  return broken
    ? new UniqueTakenError()
    : new StateConflictError('The record is being changed by others all the time. Try again.')
}
