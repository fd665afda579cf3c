import { type FieldTypeHandler, toId } from '@runwaycrm/sdk'
import { refused, stored } from './parsed.ts'

/** The id of one record. Whether it exists and may be seen, the kernel finds out when it writes. */
export const relation: FieldTypeHandler = () => ({
  plain: true,
  parse(input) {
    if (typeof input !== 'string') return refused('WRONG_TYPE', 'Expected the id of a record.')
    if (input.trim() === '') return stored(null)
    const id = toId(input)
    return id === null ? refused('BAD_FORMAT', 'Expected the id of a record.') : stored(id)
  },
  format: ({ main }) => main,
})

/** The id of a member. */
export const user: FieldTypeHandler = relation

/** A record of any entity: `{"entity": "leads", "id": "..."}`. */
export const reference: FieldTypeHandler = () => ({
  parse(input) {
    if (typeof input !== 'object' || input === null || Array.isArray(input)) {
      return refused('WRONG_TYPE', 'Expected {"entity": "leads", "id": "..."}.')
    }
    for (const name of Object.keys(input)) {
      if (name !== 'entity' && name !== 'id') {
        return refused('UNKNOWN_FIELD', 'A reference has "entity" and "id" only.', name)
      }
    }
    const { entity, id } = input as Record<string, unknown>
    for (const [name, value] of [
      ['entity', entity],
      ['id', id],
    ] as const) {
      if (value === undefined || value === null) {
        return refused('REQUIRED', `The ${name} is missing.`, name)
      }
      if (typeof value !== 'string') return refused('WRONG_TYPE', 'Expected a text.', name)
    }
    if (!entityForm.test(entity as string)) {
      return refused('BAD_FORMAT', 'Expected the name of an entity such as leads.', 'entity')
    }
    const uuid = toId(id as string)
    if (uuid === null) return refused('BAD_FORMAT', 'Expected the id of a record.', 'id')
    return stored(uuid, { entity })
  },
  parseFilter(input) {
    const id = typeof input === 'string' ? toId(input) : null
    return id === null ? refused('BAD_FORMAT', 'Expected the id of a record.') : stored(id)
  },
  format: ({ main, parts }) => ({ entity: parts?.['entity'] ?? null, id: main }),
  text: ({ parts }) => String(parts?.['entity'] ?? ''),
})

/** A plural, or a reference such as `crm.leads:lead`. */
const entityForm = /^(?:[a-z][a-z0-9-]{1,39}|[a-z][a-z0-9.-]{0,62}:[a-z][A-Za-z0-9_.-]{0,62})$/
