import { InvalidError, PlanStaleError } from '@runwaycrm/sdk'
import type { Database, Statement, Tx } from '../database/postgres.ts'
import { placeOf } from '../manifest/problem.ts'
import type { Entity, Field, Model } from '../model/model.ts'
import type { PlanItem } from '../model/plan-change.ts'
import { maxUniqueLength } from './check-value.ts'
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

type Ask = (statement: Statement) => Promise<readonly Wrong[]>
const examples = 5

/** Keeps `tenant.unique_value` in step with which fields in `custom` are unique. */
export function createOwnUniques({ db }: { readonly db: Pick<Database, 'query'> }) {
  return {
    /** What stands in the way of fields that become unique. */
    async lookAtValues(orgId: string, before: Model, after: Model): Promise<PlanItem[]> {
      const ask: Ask = async (text) => (await db.query<Wrong>(orgId, text)).rows
      const found = await Promise.all(
        becoming(before, after).map((one) => obstacles(ask, orgId, one)),
      )
      return found.flat()
    },

    /**
     * Inside the transaction that publishes.
     *
     * @throws InvalidError in the words of the plan, PlanStaleError when somebody wrote meanwhile.
     */
    async inPublish(tx: Tx, orgId: string, after: Model, before: Model): Promise<void> {
      const wanted = uniqueIn(after)
      if (wanted.length === 0 && uniqueIn(before).length === 0) return
      const ask: Ask = async (text) => (await tx.one<Wrong>(text)).rows
      const fresh = becoming(before, after)
      const items: PlanItem[] = []
      for (const one of fresh) items.push(...(await obstacles(ask, orgId, one)))
      if (items.length > 0) {
        throw new InvalidError(items[0]?.text, {
          errors: items.map(({ path, text }) => ({ path, code: 'OUT_OF_RANGE', message: text })),
        })
      }
      const names = new Set(fresh.map(nameOf))
      const kept = wanted.filter((one) => !names.has(nameOf(one)))
      try {
        await tx.run([forget(orgId, kept), ...fresh.map((one) => fill(orgId, one))])
      } catch (error) {
        if ((error as { code?: string }).code === '23505') throw new PlanStaleError()
        throw error
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

async function obstacles(ask: Ask, orgId: string, one: UniqueField): Promise<PlanItem[]> {
  const twice = await ask(wrongOf(orgId, one, 'count(*) > 1'))
  const long = await ask(wrongOf(orgId, one, `length(value) > ${maxUniqueLength}`))
  const { definition } = one.entity
  const many = definition.labelPlural.toLowerCase()
  const tell = (rows: readonly Wrong[], what: string): PlanItem[] => {
    const [first] = rows
    if (!first) return []
    const list = rows.map(({ value, records }) => `"${short(value)}" (${records})`).join(', ')
    const values = first.all === 1 ? '1 value' : `${first.all.toLocaleString('en')} values`
    return [
      {
        severity: 'destructive',
        path: placeOf('entities', one.entity.ref, 'fields', one.field.key),
        text: `The field "${one.field.label}" of ${many} cannot become unique: ${values} ${what}, e.g. ${list}. Correct them first.`,
        affects: [{ entity: one.entity.ref, records: first.touched }],
        blocking: true,
      },
    ]
  }
  return [
    ...tell(twice, 'in more than one record'),
    ...tell(long, `of more than ${maxUniqueLength} characters`),
  ]
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
