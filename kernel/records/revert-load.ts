import { type Actor, ForbiddenError } from '@runwaycrm/sdk'
import type { Entity } from '../model/model.ts'
import { bindSql } from './bound-sql.ts'
import type { Codecs } from './fields.ts'
import type { LedgerFields } from './ledger-values.ts'
import { lockStatement } from './relations.ts'
import type { RevertItem, RevertStepKind } from './revert-plan.ts'
import type { TransactionContext } from './transactions.ts'
import { ofEntity } from './write-checks.ts'

/** A record as it is, and what became of it through and after a change set. */
export interface RevertRecord {
  /** Column name to value, `custom` among them. */
  readonly row: Readonly<Record<string, unknown>>
  readonly isDeleted: boolean
  readonly version: number
  /** What the change set did to it: before its first and after its last update. */
  readonly net: LedgerFields
  /** What came after, in order, without what the revert itself did. */
  readonly since: readonly {
    readonly op: string
    readonly actor: Actor
    readonly fields: LedgerFields | null
  }[]
}

interface LedgerRow {
  readonly record_id: string
  readonly version: number
  readonly op: string
  readonly actor: Actor
  readonly fields: LedgerFields | null
  readonly is_of_change: boolean
}

/** Which operation of an ability each step needs. */
const operationOf = { restore: 'restore', fields: 'update', delete: 'delete' } as const

/**
 * Nobody takes back in part what they may not change as a whole.
 *
 * @throws ForbiddenError
 */
export async function assertMayRevert(
  ctx: TransactionContext,
  entity: Entity,
  step: RevertStepKind,
  items: readonly RevertItem[],
  codecs: Codecs,
): Promise<void> {
  const rights = (['read', operationOf[step]] as const).map((operation) =>
    ctx.ability.condition(operation, entity.ref),
  )
  if (rights.every((right) => right === true)) return
  const sql = bindSql(ctx, codecs, [ctx.org.id, items.map((item) => item.id)])
  const source = { alias: 't', entity }
  const allowed = rights.map((right) => sql.compiler.allowed(source, right)).join(' and ')
  const text = `select 1 from ${entity.table} t where t.org_id = $1 and t.id = any($2::uuid[])${ofEntity(entity, 't')}
 and (${allowed}) is not true limit 1`
  const { rows } = await ctx.tx.one({ text, values: sql.values() })
  if (rows.length > 0)
    throw new ForbiddenError('You may not change all of it, so none of it is taken back.')
}

/** Locks the records, so that what is decided about them still holds when it is written. */
export async function loadRecords(
  ctx: TransactionContext,
  entity: Entity,
  changeSetIds: readonly string[],
  items: readonly RevertItem[],
): Promise<Map<string, RevertRecord>> {
  const ids = items.map((item) => item.id)
  const [, present, ledger] = await ctx.tx.run([
    lockStatement(ctx.org.id, entity, ids),
    {
      text: `select t.id, t.version, t.deleted_at is not null as is_deleted, to_jsonb(t) as row from ${entity.table} t
 where t.org_id = $1 and t.id = any($2::uuid[])${ofEntity(entity, 't')}`,
      values: [ctx.org.id, ids],
    },
    {
      name: 'revert_ledger',
      text: `select l.record_id, l.version, l.op, l.actor, l.fields, l.change_set_id = any($4::uuid[]) as is_of_change
 from unnest($2::uuid[], $3::bigint[]) as i(id, last)
 join tenant.ledger l on l.org_id = $1 and l.entity = $5 and l.record_id = i.id
  and (l.version > i.last or l.change_set_id = any($4::uuid[])) and l.change_set_id <> $6
 order by l.record_id, l.version`,
      values: [
        ctx.org.id,
        ids,
        items.map((item) => item.lastVersion),
        changeSetIds,
        entity.ref,
        ctx.changeSet?.id ?? null,
      ],
    },
  ])
  const histories = Map.groupBy(
    (ledger?.rows ?? []) as unknown as LedgerRow[],
    (row) => row.record_id,
  )
  return new Map(
    (present?.rows ?? []).map((found) => {
      const id = String(found.id)
      const rows = histories.get(id) ?? []
      return [
        id,
        {
          row: found.row as Record<string, unknown>,
          isDeleted: found.is_deleted === true,
          version: Number(found.version),
          net: netOf(rows.filter((row) => row.is_of_change)),
          since: rows.filter((row) => !row.is_of_change),
        },
      ]
    }),
  )
}

function netOf(rows: readonly LedgerRow[]): LedgerFields {
  const net: Record<string, readonly [unknown, unknown]> = {}
  for (const { fields } of rows)
    for (const [key, [before, after]] of Object.entries(fields ?? {}))
      net[key] = [net[key] ? net[key][0] : before, after]
  return net
}
