import { type Actor, type Door, FieldNotWritableError, type RunwayError } from '@runwaycrm/sdk'
import type { RequestContext } from '../context/request-context.ts'
import type { Statement } from '../database/postgres.ts'
import type { Entity, Field } from '../model/model.ts'
import { labelOfField, termOf, type Words } from '../model/words.ts'
import { columnSql } from './column-sql.ts'
import { originOf } from './provenance.ts'
import { literal } from './sql-text.ts'
import { storageOf } from './storage-columns.ts'
import type { StorageValues } from './validate.ts'

const kept = new WeakMap<Entity, readonly Field[]>()

/** Fields in which what a person wrote stays: `"keep": "person"`. */
export function keptFields(entity: Entity): readonly Field[] {
  let fields = kept.get(entity)
  if (!fields) {
    fields = [...entity.fields.values()].filter((field) => field.definition.keep === 'person')
    kept.set(entity, fields)
  }
  return fields
}

/** Whether the rule binds whoever acts: people are free to correct themselves and each other. */
export function isBound({ principal, door }: RequestContext): boolean {
  const origin = originOf(principal, door)
  return origin !== 'person' && origin !== 'system'
}

/** A long list has one bad value here and there; a single request is told. */
export function leavesOut({ door }: RequestContext): boolean {
  return door === 'import'
}

/**
 * Which of these fields hold what a person wrote, by record. A field that was blank when its record was
 * made and never touched since is nobody's.
 */
export async function writtenByPeople(
  ctx: RequestContext,
  entity: Entity,
  ids: readonly string[],
  fields: readonly Field[],
  run: <R>(ctx: RequestContext, statement: Statement) => Promise<R[]>,
): Promise<ReadonlyMap<string, ReadonlySet<Field>>> {
  const found = new Map<string, Set<Field>>()
  for (const field of fields) {
    const keys = (storageOf(entity).partsOf.get(field) ?? []).map(({ ledgerKey }) => ledgerKey)
    const rows = await run<{
      id: string
      actor: Actor
      door: Door | null
      origin: string | null
    }>(ctx, {
      text: `select t.id, l.actor, c.door, c.origin from ${entity.table} t
 cross join lateral (select l.actor, l.change_set_id, l.op from tenant.ledger l
   where l.org_id = $1 and l.entity = ${literal(entity.ref)} and l.record_id = t.id
     and (l.op = 'create' or l.fields ?| $3::text[])
   order by l.version desc limit 1) l
 left join tenant.change_set c on c.org_id = $1 and c.id = l.change_set_id
 where t.org_id = $1 and t.id = any($2::uuid[])
   and (l.op <> 'create' or ${columnSql(field, null, 't')} is not null)`,
      values: [ctx.org.id, ids, keys],
    })
    for (const { id, actor, door, origin } of rows) {
      if (originOf(actor, door ?? 'api', origin) !== 'person') continue
      const fieldsOf = found.get(id) ?? new Set()
      found.set(id, fieldsOf.add(field))
    }
  }
  return found
}

/** The values without those of some fields. */
export function leaveOut(
  entity: Entity,
  values: StorageValues,
  kept: readonly Field[],
): StorageValues {
  const parts = kept.flatMap((field) => storageOf(entity).partsOf.get(field) ?? [])
  const keys = new Set(parts.map(({ ledgerKey }) => ledgerKey))
  const columns = new Set(parts.map(({ column }) => column))
  const without = <T>(of: Readonly<Record<string, T>>, gone: ReadonlySet<string | null>) =>
    Object.fromEntries(Object.entries(of).filter(([name]) => !gone.has(name)))
  return {
    ...values,
    given: values.given.filter((key) => !keys.has(key)),
    columns: without(values.columns, columns),
    custom: without(values.custom, keys),
    unset: values.unset.filter((key) => !keys.has(key)),
  }
}

export function keptError(words: Words, entity: Entity, kept: readonly Field[]): RunwayError {
  const fields = kept.map((field) => field.apiName)
  const names = kept.map((field) => `"${labelOfField(words, entity, field)}"`).join(', ')
  return new FieldNotWritableError(
    `A person wrote ${names} of this ${termOf(words, entity).one}, which only people change.`,
    { details: { entity: entity.ref, fields }, extra: { fields } },
  )
}
