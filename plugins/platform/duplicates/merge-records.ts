import {
  type EntityInfo,
  type FieldInfo,
  type FieldValues,
  type HandlerContext,
  InvalidError,
  NotFoundError,
  type RecordData,
  StateConflictError,
} from '@runwaycrm/sdk'
import { entityFor } from './rules.ts'

export interface MergeInput {
  readonly entity: string
  readonly keepId: string
  readonly otherIds: readonly string[]
  readonly choices?: Readonly<Record<string, string>>
}

/**
 * Makes one record of several, in one transaction and one change set: everything that leads to the others leads
 * to the one that stays, then they are deleted, then it takes what it lacks or what was chosen. In this order no
 * relation is cleared, and unique values are free when they move.
 *
 * @throws NotFoundError for a record that is missing or hidden; StateConflictError when somebody else merges
 *   them at the same time; ForbiddenError unless the caller may change and delete all that it takes.
 */
export async function mergeRecords(input: MergeInput, ctx: HandlerContext) {
  const entity = entityFor(ctx, input.entity)
  const { keepId } = input
  const otherIds = [...new Set(input.otherIds)]
  assertDistinct(keepId, otherIds)
  // Before the transaction: what is not there is 404, what goes in the meantime 409.
  for (const id of [keepId, ...otherIds]) await ctx.records.get(entity.ref, id, { fields: ['id'] })
  return ctx.batch(async (records) => {
    const repointed = await records.repoint(entity.ref, otherIds, keepId)
    const kept = await records.get(entity.ref, keepId)
    const others: RecordData[] = []
    for (const id of otherIds) others.push(await stillThere(records.get(entity.ref, id)))
    const values = mergedValues(entity, kept, others, input.choices ?? {})
    for (const other of others) await records.delete(entity.ref, other.id, other.version)
    const saved =
      Object.keys(values).length > 0
        ? await records.update(entity.ref, keepId, values, kept.version)
        : kept
    return {
      id: saved.id,
      title: String(saved[entity.titleField] ?? ''),
      merged: others.length,
      repointed,
      fields: Object.keys(values),
    }
  })
}

/** Deleted in the moment between: somebody was faster. */
async function stillThere(record: Promise<RecordData>): Promise<RecordData> {
  try {
    return await record
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error
    throw new StateConflictError('One of the records is gone; somebody was faster.', {
      cause: error,
    })
  }
}

function assertDistinct(keepId: string, otherIds: readonly string[]): void {
  if (!otherIds.includes(keepId)) return
  const message = 'The record that stays cannot be one of those that go.'
  throw new InvalidError(message, {
    errors: [{ path: 'input.otherIds', code: 'OUT_OF_RANGE', message }],
  })
}

/**
 * What the kept record takes: the chosen values, and where it has none the first that another one has. Lists
 * are put together.
 *
 * @throws InvalidError for a choice of a field or a record that is none of these.
 */
function mergedValues(
  entity: EntityInfo,
  kept: RecordData,
  others: readonly RecordData[],
  choices: Readonly<Record<string, string>>,
): FieldValues {
  const writable = new Map(
    entity.fields.filter(isTakeable).map((field) => [field.apiName, field] as const),
  )
  const all = new Map([kept, ...others].map((record) => [record.id, record]))
  for (const [name, id] of Object.entries(choices)) {
    if (writable.has(name) && all.has(id)) continue
    const message = writable.has(name)
      ? 'Choose the value of one of the records that are merged.'
      : 'There is no such field, or you may not change it.'
    const code = writable.has(name) ? 'UNKNOWN_RECORD' : 'UNKNOWN_FIELD'
    throw new InvalidError(message, { errors: [{ path: `input.choices.${name}`, code, message }] })
  }
  const values: Record<string, unknown> = {}
  for (const [name, field] of writable) {
    // What is hidden on one of them is not compared and not moved.
    if (![kept, ...others].every((record) => Object.hasOwn(record, name))) continue
    const value = takenValue(field, kept, others, all.get(choices[name] ?? ''))
    if (JSON.stringify(value ?? null) !== JSON.stringify(kept[name] ?? null)) values[name] = value
  }
  return values
}

function takenValue(
  { apiName, kind }: FieldInfo,
  kept: RecordData,
  others: readonly RecordData[],
  chosen: RecordData | undefined,
): unknown {
  if (chosen) return chosen[apiName]
  const records = [kept, ...others]
  if (kind === 'relations' || kind === 'options') {
    const gone = new Set(records.map(({ id }) => id))
    const all = records.flatMap((record) => (record[apiName] ?? []) as string[])
    const list = [...new Set(all)].filter((one) => kind !== 'relations' || !gone.has(one))
    return list.length > 0 ? list : kept[apiName]
  }
  return records.map((record) => record[apiName]).find((value) => !isBlank(value)) ?? null
}

/** The owner stays, and what the platform keeps is not anybody's to move. */
function isTakeable({ readOnly, can, apiName }: FieldInfo): boolean {
  return !readOnly && can.read && can.update && !systemFields.has(apiName)
}

const systemFields = new Set([
  'id',
  'version',
  'createdAt',
  'updatedAt',
  'createdBy',
  'updatedBy',
  'ownerId',
])

function isBlank(value: unknown): boolean {
  return value === null || value === undefined || value === ''
}
