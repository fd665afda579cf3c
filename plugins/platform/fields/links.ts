import { type FieldTypeHandler, type Parsed, toId } from '@runwaycrm/sdk'
import { refused, stored } from './parsed.ts'

const maxLinks = 1_000

/**
 * The ids of several records: the whole list, or what to change about it, `{"add": [], "remove": []}`, which
 * the kernel works out against the list that is there. Whether they exist and may be seen it finds out too.
 */
export const relations: FieldTypeHandler = () => ({
  plain: true,
  parse(input) {
    if (Array.isArray(input)) {
      const whole = idsOf(input, '')
      if (!whole.ok) return whole
      return (whole.value.main as unknown[]).length > 0 ? whole : stored(null)
    }
    if (typeof input !== 'object' || input === null)
      return refused('WRONG_TYPE', 'Expected a list of ids, or {"add": [], "remove": []}.')
    for (const name of Object.keys(input))
      if (name !== 'add' && name !== 'remove')
        return refused('UNKNOWN_FIELD', 'A change has "add" and "remove" only.', name)
    const change: Record<string, unknown> = {}
    for (const name of ['add', 'remove'] as const) {
      const list = (input as Record<string, unknown>)[name] ?? []
      if (!Array.isArray(list)) return refused('WRONG_TYPE', 'Expected a list of ids.', name)
      const ids = idsOf(list, `${name}.`)
      if (!ids.ok) return ids
      change[name] = ids.value.main
    }
    return stored(change)
  },
  parseFilter(input) {
    const id = typeof input === 'string' ? toId(input) : null
    return id === null ? refused('BAD_FORMAT', 'Expected the id of a record.') : stored(id)
  },
  format: ({ main }) => main,
  text: ({ main }) => (Array.isArray(main) ? main.join(', ') : ''),
})

/** Each id once, in the order of their first place. */
function idsOf(input: readonly unknown[], path: string): Parsed {
  const ids = new Set<string>()
  for (const [index, item] of input.entries()) {
    const at = `${path}${index}`
    if (typeof item !== 'string') return refused('WRONG_TYPE', 'Expected the id of a record.', at)
    const id = toId(item)
    if (id === null) return refused('BAD_FORMAT', 'Expected the id of a record.', at)
    ids.add(id)
    if (ids.size > maxLinks) return refused('TOO_LONG', 'At most 1,000 records.')
  }
  return stored([...ids])
}
