import { canReadField, fieldMaskOf } from '../access/field-mask.ts'
import type { RequestContext } from '../context/request-context.ts'
import type { Entity, Field } from '../model/model.ts'
import { storageOf } from './storage-columns.ts'
import { notWritableError, type StorageValues } from './validate.ts'

/**
 * The fields that values from the ledger set back.
 *
 * @throws FieldNotWritableError for one that does not exist for the actor, or that they may not write.
 */
export function storedFields(
  ctx: RequestContext,
  entity: Entity,
  operation: 'create' | 'update',
  stored: StorageValues,
): readonly Field[] {
  const storage = storageOf(entity)
  const mask = fieldMaskOf(ctx.ability, entity, operation)
  const fields = stored.given.flatMap((key) => storage.byLedgerKey.get(key)?.field ?? [])
  const locked = fields.filter(
    ({ apiName }) => mask.get(apiName) === false || !canReadField(ctx.ability, entity, apiName),
  )
  if (locked.length === 0) return fields
  throw notWritableError(
    ctx,
    entity,
    locked.map((field) => field.apiName),
  )
}
