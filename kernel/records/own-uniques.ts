import { InvalidError, PlanStaleError } from '@runwaycrm/sdk'
import { DatabaseError } from '../database/database-errors.ts'
import type { Database, Statement, Tx } from '../database/postgres.ts'
import { statementTimeout } from '../database/transaction.ts'
import { placeOf } from '../manifest/problem.ts'
import type { Entity, Field, Model } from '../model/model.ts'
import { type PlanItem, planned } from '../model/plan-item.ts'
import type { Sentence } from '../model/sentence.ts'
import { maxUniqueLength } from './check-value.ts'
import { asConcurrentChange } from './concurrent-change.ts'
import { literal } from './sql-text.ts'
import { storageOf } from './storage-columns.ts'
import { ofEntity } from './write-checks.ts'

interface UniqueField {
  readonly entity: Entity
  readonly field: Field
  /** The property of `custom`. */
  readonly id: string
}

interface Wrong {
  readonly value: string
  readonly records: number
  /** Of all that are wrong, those beyond the examples too. */
  readonly all: number
  readonly touched: number
}

const examples = 5
/** All values of a field are gone through, and a million of them take longer than a request may ask. */
const statementTimeoutMs = 120_000

/** Keeps `tenant.unique_value` in step with which fields in `custom` are unique. */
export function createOwnUniques({ db }: { readonly db: Pick<Database, 'transaction'> }) {
  return {
    /** What stands in the way of fields that become unique. */
    async lookAtValues(orgId: string, before: Model, after: Model): Promise<PlanItem[]> {
      const fresh = becoming(before, after)
      if (fresh.length === 0) return []
      return db.transaction(orgId, (tx) => obstacles(tx, orgId, fresh), { statementTimeoutMs })
    },

    /**
     * Inside the transaction that publishes. Writers go on meanwhile, without knowing of the field; at the end
     * they are waited for, and what they wrote is looked at once more.
     *
     * @throws InvalidError in the words of the plan, PlanStaleError in the same words when somebody wrote
     *   meanwhile, ConcurrentChangeError when they take too long.
     */
    async inPublish(tx: Tx, orgId: string, after: Model, before: Model): Promise<void> {
      const wanted = uniqueIn(after)
      if (wanted.length === 0 && uniqueIn(before).length === 0) return
      const fresh = becoming(before, after)
      if (fresh.length > 0) await tx.run([statementTimeout(statementTimeoutMs)])
      const items = await obstacles(tx, orgId, fresh)
      if (items.length > 0) throw new InvalidError(items[0]?.text, { errors: issuesOf(items) })
      const names = new Set(fresh.map(nameOf))
      const kept = wanted.filter((one) => !names.has(nameOf(one)))
      const { rows } = await tx.one<{ xmin: string }>(oldestWriter)
      try {
        await tx.savepoint(async () => {
          await tx.run([forget(orgId, kept), ...fresh.map((one) => fill(orgId, one))])
          await tx.run([setUniques(wanted)]).catch(asConcurrentChange)
          await tx.run(fresh.flatMap((one) => refill(orgId, one, rows[0]!.xmin)))
        })
      } catch (error) {
        if (!(error instanceof DatabaseError) || error.code !== '23505') throw error
        const found = await obstacles(tx, orgId, fresh)
        throw new PlanStaleError(found[0]?.text, { errors: issuesOf(found) })
      }
    },
  }
}

function uniqueIn(model: Model): UniqueField[] {
  return [...model.entities.values()].flatMap((entity) =>
    storageOf(entity).customUnique.map(({ ledgerKey, field }) => ({
      entity,
      field,
      id: ledgerKey,
    })),
  )
}

/** Unique afterwards, and not yet. A field whose values start anew has none that could be there twice. */
function becoming(before: Model, after: Model): UniqueField[] {
  const was = new Set(uniqueIn(before).map(nameOf))
  return uniqueIn(after).filter((one) => !was.has(nameOf(one)))
}

const nameOf = ({ entity, id }: UniqueField) => `${entity.ref} ${id}`

async function obstacles(
  tx: Tx,
  orgId: string,
  fields: readonly UniqueField[],
): Promise<PlanItem[]> {
  const items: PlanItem[] = []
  for (const one of fields) items.push(...(await obstaclesOf(tx, orgId, one)))
  return items
}

const issuesOf = (items: readonly PlanItem[]) =>
  items.map(({ path, text }) => ({ path, code: 'OUT_OF_RANGE' as const, message: text }))

async function obstaclesOf(tx: Tx, orgId: string, one: UniqueField): Promise<PlanItem[]> {
  const ask = async (having: string) => (await tx.one<Wrong>(wrongOf(orgId, one, having))).rows
  const twice = await ask('count(*) > 1')
  const long = await ask(`length(value) > ${maxUniqueLength}`)
  const tell = (rows: readonly Wrong[], key: string): PlanItem[] => {
    const [first] = rows
    if (!first) return []
    const says: Sentence = {
      key: `plan.${key}`,
      count: first.all,
      values: {
        field: { field: one.field, of: one.entity },
        objects: { records: one.entity },
        n: first.all,
        length: maxUniqueLength,
        examples: rows.map(({ value, records }) => `"${short(value)}" (${records})`),
      },
    }
    const place = placeOf('entities', one.entity.ref, 'fields', one.field.key)
    const affects = [{ entity: one.entity.ref, records: first.touched }]
    return [{ ...planned('destructive', place, says, affects), blocking: true }]
  }
  return [...tell(twice, 'notUnique'), ...tell(long, 'tooLongToBeUnique')]
}

const short = (value: string) => (value.length > 60 ? `${value.slice(0, 60)}…` : value)

/** Deleted records do not count. */
const living = ({ entity, id }: UniqueField) =>
  `select t.id, t.custom ->> ${literal(id)} as value from ${entity.table} t
 where t.org_id = $1 and t.deleted_at is null and t.custom ->> ${literal(id)} is not null${ofEntity(entity, 't')}`

function wrongOf(orgId: string, one: UniqueField, having: string): Statement {
  return {
    text: `select value, count(*)::integer as records, (count(*) over ())::integer as "all",
        (sum(count(*)) over ())::integer as touched
      from (${living(one)}) v group by value having ${having}
      order by count(*) desc, value limit ${examples}`,
    values: [orgId],
  }
}

/** Empties what is no longer unique, and what is about to be filled. */
function forget(orgId: string, kept: readonly UniqueField[]): Statement {
  const rows = kept.map(({ entity, id }) => ({ entity: entity.ref, field: id }))
  return {
    text: `delete from tenant.unique_value u where u.org_id = $1 and not exists (
      select from jsonb_to_recordset($2::jsonb) as w(entity text, field text)
      where w.entity = u.entity and w.field = u.field)`,
    values: [orgId, JSON.stringify(rows)],
  }
}

function fill(orgId: string, one: UniqueField): Statement {
  return {
    text: `insert into tenant.unique_value (org_id, entity, field, record_id, value)
      select $1, ${literal(one.entity.ref)}, ${literal(one.id)}, v.id, v.value from (${living(one)}) v`,
    values: [orgId],
  }
}

/** What older transactions than this one wrote, every later statement sees. */
const oldestWriter: Statement = {
  text: 'select pg_snapshot_xmin(pg_current_snapshot())::text as xmin',
  values: [],
}

function setUniques(wanted: readonly UniqueField[]): Statement {
  const rows = wanted.map(({ entity, id }) => ({ entity: entity.ref, field: id }))
  return { text: 'select kernel.set_uniques($1)', values: [JSON.stringify(rows)] }
}

/** Records that were written since, anew. */
function refill(orgId: string, one: UniqueField, xmin: string): Statement[] {
  const { entity, id } = one
  const recent = `select t.id from ${entity.table} t
    where t.org_id = $1 and age(t.xmin) <= age($2::xid8::xid)${ofEntity(entity, 't')}`
  return [
    {
      text: `delete from tenant.unique_value u where u.org_id = $1 and u.entity = ${literal(entity.ref)}
        and u.field = ${literal(id)} and u.record_id = any(array(${recent}))`,
      values: [orgId, xmin],
    },
    {
      text: `insert into tenant.unique_value (org_id, entity, field, record_id, value)
        select $1, ${literal(entity.ref)}, ${literal(id)}, v.id, v.value from (${living(one)}) v
        where v.id = any(array(${recent}))`,
      values: [orgId, xmin],
    },
  ]
}
