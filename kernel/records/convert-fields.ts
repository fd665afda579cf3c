import type { FieldDefinition, FieldTypeDefinition, StoredValue } from '@runwaycrm/sdk'
import type { RequestContext } from '../context/request-context.ts'
import type { Database, Tx } from '../database/postgres.ts'
import { nilUuid } from '../database/uuid.ts'
import type { Queue } from '../jobs/queue.ts'
import { placeOf } from '../manifest/problem.ts'
import { buildField } from '../model/build-field.ts'
import type { Contribution, Entity, Field, Model } from '../model/model.ts'
import { selectEpoch } from '../model/org-row.ts'
import { type PlanItem, planned } from '../model/plan-item.ts'
import type { Sentence } from '../model/sentence.ts'
import { storageIdOf } from '../model/storage-names.ts'
import { type TypeChange, typeChanges } from '../model/type-change.ts'
import { createConversion } from './convert-value.ts'
import type { Codecs } from './fields.ts'
import { holdCopies, slotsOf, upsertSlotsSql } from './slots.ts'
import { identifier, literal } from './sql-text.ts'
import { type StoredPart, storageOf } from './storage-columns.ts'
import { storedBy, withStoredAsSql } from './stored-sql.ts'
import { holdUniquesSql } from './unique-sql.ts'
import { ofEntity } from './write-checks.ts'

export const convertFieldJob = 'field_convert'
const atOnce = 500
/** Values that the plan converts; of more, a sample that is the same each time. */
const looked = 10_000
const examples = 5

export interface ConvertFieldsDeps {
  readonly db: Pick<Database, 'query' | 'transaction'>
  readonly queue: Pick<Queue, 'enqueue'>
  readonly codecs: Codecs
  readonly stateOf: (
    orgId: string,
    epoch?: number,
  ) => Promise<{ readonly org: RequestContext['org']; readonly model: Model }>
  readonly onProgress?: (orgId: string, audience: string, progress: ConvertProgress) => void
}

/** Of one run of the job; counted anew after a crash. */
export type ConvertProgress = {
  readonly entity: string
  readonly field: string
  readonly converted: number
  readonly left: number
  readonly isDone: boolean
}

interface Payload {
  readonly entity: string
  readonly key: string
  readonly was: { readonly id: string; readonly type: string; readonly definition: FieldDefinition }
  /** The storage id that the values get. */
  readonly to: string
  readonly audience: string
}

interface Row {
  readonly id: string
  readonly main: unknown
  readonly parts: Record<string, unknown>
}

/**
 * Brings the values of a field that has another type now over to it. The old values stay under the old
 * storage id. Nothing of it is a change that somebody made: no version, no ledger, no events.
 */
export function createFieldConverter({
  db,
  queue,
  codecs,
  stateOf,
  onProgress,
}: ConvertFieldsDeps) {
  /** Really converts what is there, and says what comes of it. */
  async function lookAtValues(orgId: string, before: Model, after: Model): Promise<PlanItem[]> {
    const changes = typeChanges(before, after)
    if (changes.length === 0) return []
    const { org } = await stateOf(orgId)
    return Promise.all(changes.map((change) => preview(org, change)))
  }

  async function preview(org: RequestContext['org'], { entity, was, is }: TypeChange) {
    const id = idOf(was)
    const { rows } = await db.query<Row & { all: number }>(org.id, {
      text: `select t.id, ${partsSql(was)}, (count(*) over ())::integer as "all" from ${entity.table} t
        where t.org_id = $1 and t.deleted_at is null and t.custom ? ${literal(id)}${ofEntity(entity, 't')}
        order by md5(t.id::text) limit ${looked}`,
      values: [org.id],
    })
    const convert = createConversion(was, is, codecs)
    const wrong = new Map<string, string>()
    let left = 0
    for (const row of rows) {
      const { text, ...result } = convert(row, org)
      if (result.ok) continue
      left++
      if (wrong.size < examples) wrong.set(text.slice(0, 60), result.problem.message)
    }
    const all = rows[0]?.all ?? 0
    const sample: Sentence =
      all > rows.length
        ? { key: 'plan.ofSample', values: { n: rows.length, all } }
        : { key: 'plan.ofValues' }
    const outcome: Sentence = {
      key: left === 0 ? 'plan.convert' : 'plan.convertSome',
      values: {
        sample,
        converted: rows.length - left,
        left,
        examples: [...wrong].map(([text, message]) => `"${text}" (${message})`),
      },
    }
    const typeOf = ({ type, typeDefinition }: Field) => ({
      contribution: { ref: type, definition: typeDefinition },
      under: 'fieldTypes',
    })
    return planned(
      left > 0 ? 'destructive' : 'breaking',
      placeOf('entities', entity.ref, 'fields', is.key),
      {
        key: 'plan.fieldTyped',
        values: {
          field: { field: is, of: entity },
          objects: { records: entity },
          was: typeOf(was),
          is: typeOf(is),
          outcome: all === 0 ? { key: 'plan.noValues' } : outcome,
        },
      },
      [{ entity: entity.ref, records: all }],
    )
  }

  /** Inside the transaction that publishes; a roll back has its old values already. */
  async function inPublish(
    tx: Tx,
    orgId: string,
    after: Model,
    before: Model,
    by: { readonly audience: string; readonly restores: number | null },
  ): Promise<void> {
    if (by.restores !== null) return
    const runAs = { type: 'system', id: null, userId: null, name: 'Fields' } as const
    const jobs = typeChanges(before, after).map(({ entity, was, is }) => {
      const { type, definition } = was
      const payload: Payload = {
        entity: entity.ref,
        key: is.key,
        was: { id: idOf(was), type, definition },
        to: idOf(is),
        audience: by.audience,
      }
      return { plugin: 'kernel', job: convertFieldJob, payload, runAs }
    })
    if (jobs.length > 0) await queue.enqueue(orgId, jobs, tx)
  }

  /** Repeating it goes over what has no value yet, and changes nothing else. */
  async function run(ctx: Pick<RequestContext, 'org' | 'signal'>, input: unknown): Promise<void> {
    const payload = input as Payload
    const { rows } = await db.query<{ epoch: number }>(ctx.org.id, selectEpoch(ctx.org.id))
    const { org, model } = await stateOf(ctx.org.id, rows[0]?.epoch)
    const entity = model.entities.get(payload.entity)
    const is = entity?.fields.get(payload.key)
    const type = model.contributions.get('fieldTypes')?.get(payload.was.type)
    // Another revision took the field away or changed it again.
    if (!entity || !is || !type || is.storage.in !== 'custom' || is.storage.id !== payload.to)
      return
    const { definition, id: storageId } = payload.was
    const was = buildField(
      payload.key,
      definition,
      type as Contribution<FieldTypeDefinition>,
      is.from,
      {
        in: 'custom',
        storageId,
      },
    )
    const change = { entity, was, is }
    let after: string = nilUuid
    let converted = 0
    let left = 0
    for (;;) {
      ctx.signal.throwIfAborted()
      const step = await db.transaction(org.id, (tx) => convertSome(tx, org, change, after))
      converted += step.converted
      left += step.count - step.converted
      after = step.last ?? after
      const isDone = step.count < atOnce
      onProgress?.(org.id, payload.audience, {
        entity: entity.ref,
        field: is.key,
        converted,
        left,
        isDone,
      })
      if (isDone) return
    }
  }

  async function convertSome(
    tx: Tx,
    org: RequestContext['org'],
    change: TypeChange,
    after: string,
  ) {
    const { entity, was, is } = change
    await tx.run([holdCopies(org.id, entity)])
    const { rows } = await tx.one<Row>({
      text: `select t.id, ${partsSql(was)} from ${entity.table} t
        where t.org_id = $1 and t.id > $2 and t.custom ? ${literal(idOf(was))}
          and not t.custom ? ${literal(idOf(is))}${ofEntity(entity, 't')}
        order by t.id limit ${atOnce} for update`,
      values: [org.id, after],
    })
    const convert = createConversion(was, is, codecs)
    const values = rows.flatMap((row) => {
      const result = convert(row, org)
      return result.ok && result.value ? [{ id: row.id, custom: customOf(is, result.value) }] : []
    })
    const written =
      values.length === 0
        ? 0
        : ((
            await tx.one<{ n: number }>({
              text: writeSql(entity, is),
              values: [org.id, JSON.stringify(values)],
            })
          ).rows[0]?.n ?? 0)
    return { count: rows.length, converted: written, last: rows.at(-1)?.id }
  }

  return { lookAtValues, inPublish, run }
}

/** Of several records with one value of a unique field, the first has it; the others stay blank. */
function writeSql(entity: Entity, is: Field): string {
  const id = literal(idOf(is))
  const unique = `taken as (insert into tenant.unique_value (org_id, entity, field, record_id, value)
select $1, ${literal(entity.ref)}, ${id}, v.id, v.custom ->> ${id} from v join ${entity.table} t on t.org_id = $1 and t.id = v.id
where t.deleted_at is null${ofEntity(entity, 't')} order by v.id on conflict do nothing returning record_id),
`
  const isFree = ' and (t.deleted_at is not null or t.id in (select record_id from taken))'
  // Formulas that are stored follow what they are worked out from.
  const stored = storedBy(
    entity,
    (storageOf(entity).partsOf.get(is) ?? []).map((part) => part.ledgerKey),
  )
  const partSql = ({ column }: StoredPart) => `t.${identifier(column ?? '')}`
  const custom = withStoredAsSql(entity, stored, partSql, 't.custom || v.custom')
  const slots =
    slotsOf(entity).length > 0 ? `, slots as (${upsertSlotsSql(entity, 'written w', 'w')})` : ''
  return `with v as (select * from jsonb_to_recordset($2::jsonb) as v(id uuid, custom jsonb)),
${is.unique ? unique : ''}written as (update ${entity.table} t set custom = ${custom} from v
where t.org_id = $1 and t.id = v.id${ofEntity(entity, 't')}${is.unique ? isFree : ''} returning t.id, t.version, t.custom)${slots}
select count(*)::integer as n, (select ${holdUniquesSql(entity)}) from written`
}

function customOf({ storage }: Field, { main, parts = {} }: StoredValue): Record<string, unknown> {
  if (storage.in !== 'custom') return {}
  const places = Object.entries(storage.parts).map(([part, { id }]) => [id, parts[part] ?? null])
  return { [storage.id]: main, ...Object.fromEntries(places) }
}

function partsSql({ storage }: Field): string {
  if (storage.in !== 'custom') return `null as main, '{}'::jsonb as parts`
  const parts = Object.entries(storage.parts).map(
    ([part, { id }]) => `${literal(part)}, t.custom -> ${literal(id)}`,
  )
  return `t.custom -> ${literal(storage.id)} as main, jsonb_build_object(${parts.join(', ')}) as parts`
}

const idOf = (field: Field): string => storageIdOf(field) ?? ''
