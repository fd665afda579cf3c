import type { Issue } from '@runwaycrm/sdk'
import type { RequestContext } from '../context/request-context.ts'
import type { Statement, Tx } from '../database/postgres.ts'
import type { Entity } from '../model/model.ts'
import { columnSql } from './column-sql.ts'
import type { Codecs } from './fields.ts'
import { type RunRows, seenTargets } from './seen-targets.ts'
import { identifier } from './sql-text.ts'
import { type LinkField, storageOf } from './storage-columns.ts'
import type { StorageValues } from './validate.ts'
import { ofEntity } from './write-checks.ts'

/** Records that one record may lead to by one field. */
const maxLinks = 1_000

/** What somebody wants to become of the lists of one record, under its id. */
export interface LinkWish {
  readonly id: string
  readonly values: StorageValues
}

export interface LinkAnswer {
  readonly values: StorageValues
  readonly issues: readonly Issue[]
}

/** Whether values name records through a many-relation; what they come to depends on the record. */
export function hasLinks(entity: Entity, values: StorageValues | undefined): boolean {
  return values !== undefined && givenLinks(entity, values).length > 0
}

/**
 * Works out the lists that a write leaves: a whole list replaces what the actor sees, and `{add, remove}`
 * changes that. What they do not see, because it is deleted or not theirs, they cannot take away; it stays
 * behind what they see. The records must be locked; targets are held until the transaction ends.
 *
 * @returns by id of the record; issues when a target is missing or invisible, or a list is too long.
 */
export async function resolveLinks(
  ctx: RequestContext & { readonly tx: Tx },
  entity: Entity,
  operation: 'create' | 'update',
  wishes: readonly LinkWish[],
  codecs: Codecs,
): Promise<Map<string, LinkAnswer>> {
  const before = operation === 'update' ? await listsBefore(ctx, entity, wishes) : new Map()
  const wanted = new Map<string, Set<string>>()
  for (const { id, values } of wishes)
    for (const link of givenLinks(entity, values)) {
      const wish = wishOf(link, values)
      const ids = wanted.get(link.target) ?? new Set()
      for (const one of [
        ...(before.get(`${id} ${link.part.ledgerKey}`) ?? []),
        ...wish.add,
        ...wish.remove,
      ])
        ids.add(one)
      wanted.set(link.target, ids)
    }
  const run: RunRows = async <R>(statement: Statement) => (await ctx.tx.one<R>(statement)).rows
  const seen = await seenTargets(ctx, wanted, codecs, run, true)
  return new Map(
    wishes.map(({ id, values }) => {
      let out = values
      const issues: Issue[] = []
      for (const link of givenLinks(entity, values)) {
        const old = before.get(`${id} ${link.part.ledgerKey}`) ?? []
        const wish = wishOf(link, values)
        const visible = seen.get(link.target) ?? new Set<string>()
        issues.push(...missingTargets(link, wish, visible))
        const list = newList(old, wish, visible)
        if (list.length > maxLinks) issues.push(tooMany(link))
        if (list.length === 0 && link.field.required) issues.push(blank(link))
        out = withList(out, link, list.length > 0 ? list : null)
      }
      return [id, { values: out, issues }]
    }),
  )
}

interface Wish {
  readonly isWhole: boolean
  readonly add: readonly string[]
  readonly remove: readonly string[]
}

function givenLinks(entity: Entity, values: StorageValues): LinkField[] {
  return storageOf(entity).links.filter(({ part }) => values.given.includes(part.ledgerKey))
}

/** The value as the codec of the type gives it: null, a list, or what to add and to remove. */
function wishOf({ part }: LinkField, values: StorageValues): Wish {
  const value =
    (part.column === null ? values.custom[part.ledgerKey] : values.columns[part.column]) ?? []
  if (Array.isArray(value)) return { isWhole: true, add: value as string[], remove: [] }
  const { add = [], remove = [] } = value as Partial<Wish>
  return { isWhole: false, add, remove }
}

/** A list that shows the same as before is left as it is, so that it counts as unchanged. */
function newList(
  old: readonly string[],
  { isWhole, add, remove }: Wish,
  visible: ReadonlySet<string>,
): readonly string[] {
  const shown = old.filter((id) => visible.has(id))
  const gone = new Set(remove)
  const kept = isWhole ? [] : shown.filter((id) => !gone.has(id))
  const next = [...new Set([...kept, ...add])]
  if (next.length === shown.length && next.every((id, at) => id === shown[at])) return old
  return [...new Set([...next, ...old.filter((id) => !visible.has(id))])]
}

function withList(
  values: StorageValues,
  { part }: LinkField,
  list: readonly string[] | null,
): StorageValues {
  const { ledgerKey, column } = part
  if (column !== null) return { ...values, columns: { ...values.columns, [column]: list } }
  const { [ledgerKey]: _replaced, ...custom } = values.custom
  const unset = values.unset.filter((key) => key !== ledgerKey)
  return list === null
    ? { ...values, custom, unset: [...unset, ledgerKey] }
    : { ...values, custom: { ...custom, [ledgerKey]: list }, unset }
}

/** What to remove need not be there: it is gone either way, and nobody learns more. */
function missingTargets(
  { field }: LinkField,
  { isWhole, add }: Wish,
  visible: ReadonlySet<string>,
): Issue[] {
  return add.flatMap((id, at) =>
    visible.has(id)
      ? []
      : [
          {
            path: `${field.apiName}.${isWhole ? '' : 'add.'}${at}`,
            code: 'UNKNOWN_RECORD' as const,
            message: 'There is no such record, or you may not see it.',
          },
        ],
  )
}

function tooMany({ field }: LinkField): Issue {
  const message = `At most ${maxLinks.toLocaleString('en')} records.`
  return { path: field.apiName, code: 'TOO_LONG', message }
}

function blank({ field }: LinkField): Issue {
  return { path: field.apiName, code: 'REQUIRED', message: 'This field needs a value.' }
}

/** `<id> <ledger key>` to the list that is there. */
async function listsBefore(
  ctx: RequestContext & { readonly tx: Tx },
  entity: Entity,
  wishes: readonly LinkWish[],
): Promise<Map<string, readonly string[]>> {
  const { links } = storageOf(entity)
  const columns = links.map(
    ({ field }, at) => `${columnSql(field, null, 't')} as ${identifier(`l${at}`)}`,
  )
  const { rows } = await ctx.tx.one<Record<string, unknown>>({
    text: `select t.id, ${columns.join(', ')} from ${entity.table} t
 where t.org_id = $1 and t.id = any($2::uuid[])${ofEntity(entity, 't')}`,
    values: [ctx.org.id, wishes.map(({ id }) => id)],
  })
  const lists = new Map<string, readonly string[]>()
  for (const row of rows)
    for (const [at, { part }] of links.entries()) {
      const list = row[`l${at}`]
      if (Array.isArray(list)) lists.set(`${row.id} ${part.ledgerKey}`, list as string[])
    }
  return lists
}
