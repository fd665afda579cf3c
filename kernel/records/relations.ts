import { RelationInUseError } from '@runwaycrm/sdk'
import { buildAbility } from '../access/build-ability.ts'
import type { RequestContext } from '../context/request-context.ts'
import type { Tx } from '../database/postgres.ts'
import type { Entity, Field, Model } from '../model/model.ts'
import { termOf, type Words } from '../model/words.ts'
import { bindSql } from './bound-sql.ts'
import type { Codecs } from './fields.ts'
import { identifier, literal } from './sql-text.ts'
import { storageOf } from './storage-columns.ts'
import { invalidError } from './validate.ts'
import { mainKey, ofEntity, storedUuid } from './write-checks.ts'
import type { RowOutcome, RowWriter } from './write-rows.ts'
import type { RowItem } from './write-values.ts'

/** A relation that points to an entity, and what becomes of it when its target is deleted. */
export interface Incoming {
  readonly entity: Entity
  readonly field: Field
  readonly onDelete: 'clear' | 'restrict' | 'cascade'
}

const incoming = new WeakMap<Model, Map<string, Incoming[]>>()
const rowsAtOnce = 1000

/**
 * The relations that point to an entity. User fields are among them only when they say what they want:
 * who worked on something stays readable after the person is gone.
 */
export function incomingRelations(model: Model, target: string): readonly Incoming[] {
  let byTarget = incoming.get(model)
  if (!byTarget) {
    byTarget = new Map()
    for (const entity of model.entities.values())
      for (const { field, target: to } of storageOf(entity).relations) {
        const { onDelete } = field.definition
        if (field.system || (field.typeDefinition.kind === 'user' && !onDelete)) continue
        const list = byTarget.get(to) ?? []
        // A required relation cannot be cleared, so its target has to stay.
        const effect = onDelete ?? 'clear'
        list.push({
          entity,
          field,
          onDelete: effect === 'clear' && field.required ? 'restrict' : effect,
        })
        byTarget.set(to, list)
      }
    incoming.set(model, byTarget)
  }
  return byTarget.get(target) ?? []
}

export interface DeleteEffectsDeps {
  readonly rows: RowWriter
  /** Deletes with everything that belongs to it: hooks, and the effects of these deletes in turn. */
  readonly deleteRows: (
    ctx: RequestContext,
    entity: Entity,
    items: readonly { readonly id: string }[],
  ) => Promise<readonly RowOutcome[]>
}

/**
 * What deleting records does to those that point to them. Part of the same change set and done whatever
 * the actor may change there: the right to delete the target covers it.
 *
 * @throws RelationInUseError when a relation restricts.
 */
export async function applyDeleteEffects(
  ctx: RequestContext & { readonly tx: Tx },
  entity: Entity,
  ids: readonly string[],
  { rows, deleteRows }: DeleteEffectsDeps,
): Promise<void> {
  const relations = incomingRelations(ctx.model, entity.ref)
  if (relations.length === 0 || ids.length === 0) return
  const inner = asSystem(ctx)
  const order = { restrict: 0, cascade: 1, clear: 2 }
  for (const relation of relations.toSorted((a, b) => order[a.onDelete] - order[b.onDelete])) {
    const pointing = await idsPointing(ctx, relation, ids)
    if (pointing.length === 0) continue
    if (relation.onDelete === 'restrict') throw inUse(ctx, relation, pointing.length)
    for (let at = 0; at < pointing.length; at += rowsAtOnce) {
      const chunk = pointing.slice(at, at + rowsAtOnce)
      const outcomes =
        relation.onDelete === 'cascade'
          ? await deleteRows(
              inner,
              relation.entity,
              chunk.map((id) => ({ id })),
            )
          : await rows.write(
              inner,
              relation.entity,
              'update',
              chunk.map((id) => cleared(relation, id)),
              {
                answer: 'version',
              },
            )
      for (const outcome of outcomes) if (outcome.status === 'failed') throw outcome.error
    }
  }
}

/** The same actor without limits, for what the kernel itself does in the course of a change. */
export function asSystem<T extends RequestContext>(ctx: T): T {
  const ability = buildAbility({
    principal: ctx.principal,
    roles: [],
    all: true,
    entities: ctx.model.entities,
    org: ctx.org,
  })
  return { ...ctx, ability }
}

/**
 * Locks records so that nobody else changes them until the transaction ends.
 * @param strength `for update` keeps others from writing relations to them too, which a delete needs.
 */
export function lockStatement(
  orgId: string,
  entity: Entity,
  ids: readonly string[],
  strength: 'for update' | 'for no key update' = 'for update',
) {
  return {
    text: `select t.id from ${entity.table} t where t.org_id = $1 and t.id = any($2::uuid[])${ofEntity(entity, 't')} order by t.id ${strength}`,
    values: [orgId, ids],
  }
}

async function idsPointing(
  ctx: RequestContext & { readonly tx: Tx },
  { entity, field }: Incoming,
  ids: readonly string[],
): Promise<string[]> {
  const { rows } = await ctx.tx.one<{ id: string }>({
    text: `select t.id from ${entity.table} t where t.org_id = $1 and ${storedUuid(field, 't')} = any($2::uuid[])
 and t.deleted_at is null${ofEntity(entity, 't')} order by t.id`,
    values: [ctx.org.id, ids],
  })
  return rows.map((row) => row.id)
}

function cleared({ entity, field }: Incoming, id: string): RowItem {
  const key = mainKey(entity, field)
  const inCustom = field.storage.in === 'custom'
  const columns = field.storage.in === 'column' ? { [field.storage.column]: null } : {}
  return { id, values: { given: [key], columns, custom: {}, unset: inCustom ? [key] : [] } }
}

function inUse(
  words: Words,
  { entity, field }: Incoming,
  count: number,
): InstanceType<typeof RelationInUseError> {
  const { one, many } = termOf(words, entity)
  return new RelationInUseError(
    `${count} ${count === 1 ? one : many} refer to this record in "${field.apiName}". Change them first.`,
    { extra: { entity: entity.ref, field: field.apiName, count } },
  )
}

/**
 * Checks references to records of any entity, which no prepared statement can join, and holds their
 * targets until the transaction ends.
 *
 * @returns per item the API names of references whose target is missing or invisible.
 */
export async function missingReferences(
  ctx: RequestContext & { readonly tx: Tx },
  entity: Entity,
  items: readonly RowItem[],
  codecs: Codecs,
): Promise<Map<RowItem, string[]>> {
  const wanted = new Map<string, Set<string>>()
  const uses: { item: RowItem; field: Field; target: string; id: string }[] = []
  for (const item of items)
    for (const field of storageOf(entity).references) {
      const reference = storedReference(field, item)
      if (!reference) continue
      uses.push({ item, field, ...reference })
      const ids = wanted.get(reference.target) ?? new Set()
      wanted.set(reference.target, ids.add(reference.id))
    }
  const found = new Set<string>()
  for (const [ref, ids] of wanted) {
    const target = ctx.model.entities.get(ref)
    if (!target) continue
    const sql = bindSql(ctx, codecs, [ctx.org.id, [...ids]])
    const text = `select r.id from ${target.table} r where r.org_id = $1 and r.id = any($2::uuid[])
 and ${sql.compiler.readable({ alias: 'r', entity: target })} for key share of r`
    const { rows } = await ctx.tx.one<{ id: string }>({ text, values: sql.values() })
    for (const row of rows) found.add(`${ref} ${row.id}`)
  }
  const missing = new Map<RowItem, string[]>()
  for (const { item, field, target, id } of uses)
    if (!found.has(`${target} ${id}`))
      missing.set(item, [...(missing.get(item) ?? []), field.apiName])
  return missing
}

export function hasReferences(entity: Entity, items: readonly RowItem[]): boolean {
  return storageOf(entity).references.some((field) =>
    items.some((item) => storedReference(field, item) !== null),
  )
}

/** What a reference field of the input points to; null when it is absent or cleared. */
function storedReference(field: Field, item: RowItem): { target: string; id: string } | null {
  const { storage } = field
  const { values } = item
  if (!values || storage.in === 'computed') return null
  const [id, target] =
    storage.in === 'column'
      ? [values.columns[storage.column], values.columns[storage.parts.entity?.column ?? '']]
      : [values.custom[storage.id], values.custom[storage.parts.entity?.id ?? '']]
  return id && target ? { id: String(id), target: String(target) } : null
}

export function missingReferenceError(names: readonly string[]) {
  return invalidError(
    names.map((path) => ({
      path,
      code: 'UNKNOWN_RECORD' as const,
      message: 'There is no such record, or you may not see it.',
    })),
  )
}

/** Column or property as text, e.g. for looking records up by a unique value. */
export function storedText(field: Field, alias: string): string {
  const { storage } = field
  if (storage.in === 'custom') return `(${alias}.custom ->> ${literal(storage.id)})`
  return storage.in === 'column' ? `${alias}.${identifier(storage.column)}` : 'null'
}
