import { placeOf } from '../manifest/problem.ts'
import { canonicalJson, sha256 } from './canonical-json.ts'
import { type Draft, problem } from './computed-parts.ts'
import { fieldsOf } from './formula/expression.ts'
import { surroundingsOf } from './formula/forms.ts'
import type { Entity, Field, StoredFormula } from './model.ts'

/** Instead of a column of `tenant.slot`: the value is kept in the record alone. */
export const inRecordOnly = 'custom'

/**
 * Where a formula is kept that is written with the record. Another formula, or the same over fields that are
 * kept elsewhere, has another key, so that all records are worked out anew.
 *
 * @param at where the field is defined.
 * @throws ComputedError when its value could change without the record being written.
 */
export function storedFormula(
  entity: Entity,
  field: Field,
  { computation, typeDefinition }: Draft,
  at: string,
): StoredFormula {
  const refuse = (
    message: string,
    hint = 'Remove "stored", or work it out from fields of the record.',
  ) =>
    problem(
      placeOf(at, 'stored'),
      'OUT_OF_RANGE',
      `"${field.key}" cannot be stored: ${message}`,
      hint,
    )
  const { storage } = field
  const room = storage.in === 'computed' ? storage.room : undefined
  if (computation.by !== 'formula' || !room) {
    throw refuse('only formulas of an organisation’s own layer are.', 'Remove "stored".')
  }
  const { expression } = computation
  const around = surroundingsOf(expression)
  if (around === 'now') throw refuse('what it gives changes as time passes.')
  if (around === 'zone') throw refuse('it depends on the time zone of the organisation.')
  const used = fieldsOf(expression).map(({ steps, name, part }) => {
    const path = [...steps, name, ...(part === null ? [] : [part])].join('.')
    if (steps.length > 0) throw refuse(`"${path}" is a field of another record.`)
    const base = entity.byApiName.get(name)
    if (!base || base.storage.in === 'computed') throw refuse(`"${path}" is worked out itself.`)
    if (base.system) throw refuse(`"${path}" is kept by the kernel.`)
    if (base.typeDefinition.generated !== undefined) {
      throw refuse(`"${path}" gets its number only when the record is written.`)
    }
    return base
  })
  const kept = used.map((base) =>
    base.storage.in === 'custom' ? base.storage.id : `${base.from}/${base.key}`,
  )
  const made = sha256(canonicalJson([expression, kept, typeDefinition.storage])).slice(0, 16)
  const key = `${room.id}:${made}`
  const slot = room.slots[key]
  return Object.freeze({
    id: room.id,
    key,
    on: [...new Set(used.map((base) => base.apiName))],
    isReady: slot?.isReady === true,
    slot: slot && slot.column !== inRecordOnly ? slot : null,
  })
}
