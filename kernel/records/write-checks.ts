import type { Filter } from '@runwaycrm/sdk'
import { fieldMaskOf } from '../access/field-mask.ts'
import type { RequestContext } from '../context/request-context.ts'
import type { Entity, Field } from '../model/model.ts'
import type { Compiler } from './query.ts'
import { identifier, literal } from './sql-text.ts'
import { storageOf } from './storage-columns.ts'
import { type InputShape, isAsked, isGiven } from './write-input.ts'

export type RowOperation = 'create' | 'update' | 'delete' | 'restore'

/**
 * One reason why a row may not be written, as SQL that is true when all is well. The statement that
 * writes asks all of them; the one that explains asks for each.
 */
export interface WriteCheck {
  readonly why: 'hidden' | 'forbidden' | 'field' | 'relation'
  readonly fields: readonly Field[]
  readonly sql: string
}

export interface CheckOptions {
  /** Take the rows that relations point to for the length of the transaction. */
  readonly lock: boolean
  /** False where values come from the ledger: they were checked when they were first written. */
  readonly relations: boolean
}

/**
 * Who may write which rows and values. `t` is the row (as it will be for a create, as it is otherwise),
 * `i` the input; for a create both are `t`. $1 is the org.
 */
export function compileChecks(
  ctx: RequestContext,
  entity: Entity,
  operation: RowOperation,
  compiler: Compiler,
  input: InputShape,
  options: CheckOptions,
): WriteCheck[] {
  const source = { alias: 't', entity }
  const checks: WriteCheck[] = []
  const add = (why: WriteCheck['why'], right: Filter | boolean) => {
    if (right !== true) checks.push({ why, fields: [], sql: compiler.allowed(source, right) })
  }
  if (operation !== 'create') add('hidden', ctx.ability.condition('read', entity.ref))
  add('forbidden', ctx.ability.condition(operation, entity.ref))
  if (operation === 'create' || operation === 'update') {
    checks.push(...fieldChecks(ctx, entity, operation, compiler, input))
    if (options.relations)
      checks.push(...relationChecks(ctx, operation, entity, compiler, input, options.lock))
  }
  return checks
}

/** Fields that may be written on some records only; one check for all that share the condition. */
function fieldChecks(
  ctx: RequestContext,
  entity: Entity,
  operation: 'create' | 'update',
  compiler: Compiler,
  input: InputShape,
): WriteCheck[] {
  const groups = new Map<string, { right: Filter; fields: Field[] }>()
  for (const [name, right] of fieldMaskOf(ctx.ability, entity, operation)) {
    const field = entity.byApiName.get(name)
    if (typeof right === 'boolean' || !field) continue
    if (isAsked(input, mainKey(entity, field), alias(operation)) === 'false') continue
    const key = JSON.stringify(right)
    const group = groups.get(key)
    if (group) group.fields.push(field)
    else groups.set(key, { right, fields: [field] })
  }
  return [...groups.values()].map(({ right, fields }) => {
    const given = fields.map((field) => isAsked(input, mainKey(entity, field), alias(operation)))
    const holds = compiler.allowed({ alias: 't', entity }, right)
    return { why: 'field', fields, sql: `(not (${given.join(' or ')}) or ${holds})` }
  })
}

/** A record that is pointed to must be there, not deleted, and visible to whoever points. */
function relationChecks(
  ctx: RequestContext,
  operation: 'create' | 'update',
  entity: Entity,
  compiler: Compiler,
  input: InputShape,
  lock: boolean,
): WriteCheck[] {
  return input.relations.map((field, at) => {
    const value = (of: string) => storedUuid(field, of)
    const from = alias(operation)
    const given = isGiven(input, mainKey(entity, field), from)
    const unchanged =
      operation === 'update' ? `or ${value('i')} is not distinct from ${value('t')} ` : ''
    // Users are pointed to all the time and hardly ever deleted: locking them would only cost.
    const locks = lock && field.typeDefinition.kind !== 'user'
    const there = targetCheck(ctx, field.target ?? '', `r${at}`, value(from), compiler, locks)
    return {
      why: 'relation',
      fields: [field],
      sql: `(not ${given} or ${value(from)} is null ${unchanged}or ${there})`,
    }
  })
}

/** SQL that is true when the actor sees a living record of `target` with the id that `value` gives. */
function targetCheck(
  ctx: RequestContext,
  target: string,
  r: string,
  value: string,
  compiler: Compiler,
  lock: boolean,
): string {
  const entity = ctx.model.entities.get(target)
  if (!entity) return 'false'
  // `for key share` waits for a delete under way, which locks its records `for update`, and for nothing else.
  const locked = lock ? ` for key share of ${r}` : ''
  // Not `exists`: the planner would read all targets of the organisation into a hash table.
  return (
    `(select true from ${entity.table} ${r} where ${r}.org_id = $1 and ${r}.id = ${value}` +
    ` and ${compiler.readable({ alias: r, entity })}${locked}) is true`
  )
}

/** Rows of the shared table say whose they are. */
export function ofEntity(entity: Entity, alias: string): string {
  return entity.shared ? ` and ${alias}.entity = ${literal(entity.ref)}` : ''
}

/** The id in a relation, of the row or the input that `alias` names. */
export function storedUuid(field: Field, alias: string): string {
  const { storage } = field
  if (storage.in === 'custom') return `(${alias}.custom ->> ${literal(storage.id)})::uuid`
  return storage.in === 'column' ? `${alias}.${identifier(storage.column)}` : 'null::uuid'
}

export function mainKey(entity: Entity, field: Field): string {
  return storageOf(entity).partsOf.get(field)?.[0]?.ledgerKey ?? field.key
}

const alias = (operation: 'create' | 'update') => (operation === 'create' ? 't' : 'i')
