import type { RecordData } from '@runwaycrm/sdk'
import { canReadField } from '../access/field-mask.ts'
import type { RequestContext } from '../context/request-context.ts'
import { fieldsOf } from '../model/formula/expression.ts'
import type { Entity, Field, Model } from '../model/model.ts'
import { readsOf } from '../model/resolve-computed.ts'
import type { Reader } from './read.ts'

/**
 * Computed fields that look at other records of their own entity. The statement that writes sees those
 * as they were before it, so what it answers of these fields is asked once more.
 *
 * @returns the records with what the fields give now.
 */
export async function rereadComputed(
  reader: Pick<Reader, 'getMany'>,
  ctx: RequestContext,
  entity: Entity,
  records: readonly RecordData[],
): Promise<readonly RecordData[]> {
  const names = lookingAround(entity, ctx.model)
    .map((field) => field.apiName)
    .filter((name) => canReadField(ctx.ability, entity, name))
  if (names.length === 0 || records.length === 0) return records
  const ids = records.map((record) => record.id)
  const now = await reader.getMany(ctx, entity, ids, { fields: names }).catch((error: unknown) => {
    // What is committed is answered, if need be with these fields as they were.
    if (ctx.tx) throw error
    return new Map<string, RecordData>()
  })
  return records.map((record) => {
    const again = now.get(record.id)
    if (!again) return record
    const shown = names.filter((name) => Object.hasOwn(record, name))
    return { ...record, ...Object.fromEntries(shown.map((name) => [name, again[name]])) }
  })
}

/** All computed fields of an entity that reaches itself over a relation; none of any other. */
function lookingAround(entity: Entity, model: Model): Field[] {
  const computed = [...entity.fields.values()].filter(({ storage }) => storage.in === 'computed')
  const isReached =
    computed.some((field) => reachesOwn(entity, field)) ||
    [...readsOf(entity)].some((ref) => {
      const other = model.entities.get(ref)
      return other !== undefined && readsOf(other).has(entity.ref)
    })
  return isReached ? computed : []
}

function reachesOwn(entity: Entity, { storage }: Field): boolean {
  if (storage.in !== 'computed') return false
  const { computation } = storage
  const leadsHere = (name: string) => entity.byApiName.get(name)?.target === entity.ref
  if (computation.by === 'rollup') return computation.from === entity.ref
  if (computation.by === 'lookup') return leadsHere(computation.through)
  if (computation.by !== 'formula') return false
  return fieldsOf(computation.expression).some(
    ({ steps }) => steps.length > 0 && leadsHere(steps[0]!),
  )
}
