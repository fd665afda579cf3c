import type { EntityInfo, FieldInfo } from '@runwaycrm/sdk'
import type { ModelIndex } from './model-index.ts'

/**
 * The field that a name in a filter or a sort leads to: one of the entity's own, a part of it
 * (`value.currency`), or one through relations (`account.industry`), whose label then says the way.
 *
 * @returns null for what is not there, or hidden from the reader.
 */
export function findField(model: ModelIndex, entity: EntityInfo, path: string): FieldInfo | null {
  const fields = model.fields(entity)
  const own = fields.get(path)
  if (own) return own
  const [first = '', ...rest] = path.split('.')
  if (rest.length === 0) return null
  const relation = [...fields.values()].find((field) => field.key === first && field.to)
  const target = relation?.to ? model.entity(relation.to) : null
  if (relation && target) {
    const field = findField(model, target, rest.join('.'))
    return field && { ...field, label: `${relation.label} › ${field.label}` }
  }
  return rest.length === 1 ? (fields.get(first) ?? null) : null
}
