/**
 * Writes down the order in which an author wrote fields and options. Nothing may depend on the order
 * of keys (PostgreSQL sorts them, a hash ignores them), so it becomes data where a file is read.
 * Numbers that are already there stay.
 *
 * @param contributes the `contributes` of a manifest, of any shape.
 */
export function fillOrder(contributes: unknown): unknown {
  if (!isObject(contributes)) return contributes
  return mapValues(contributes, (definitions, point) => {
    if (!isObject(definitions)) return definitions
    if (point === 'entities')
      return mapValues(definitions, (entity) => inside(entity, 'fields', fields))
    if (point === 'fields') return mapValues(definitions, (on) => inside(on, 'field', field))
    return definitions
  })
}

function fields(map: unknown): unknown {
  return isObject(map) ? mapValues(numbered(map), field) : map
}

function field(definition: unknown): unknown {
  return inside(definition, 'options', (options) =>
    isObject(options) ? numbered(options) : options,
  )
}

/** Gives each entry that has no `order` ten more than the entry before it. */
function numbered(map: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  let last = 0
  return mapValues(map, (entry) => {
    if (!isObject(entry)) return entry
    if (typeof entry['order'] === 'number') {
      last = entry['order']
      return entry
    }
    if ('order' in entry) return entry
    last += 10
    return { ...entry, order: last }
  })
}

function inside(holder: unknown, key: string, change: (value: unknown) => unknown): unknown {
  return isObject(holder) && isObject(holder[key])
    ? { ...holder, [key]: change(holder[key]) }
    : holder
}

/** `Object.fromEntries` defines own properties, so a key `__proto__` stays a key and is found later. */
function mapValues(
  map: Readonly<Record<string, unknown>>,
  change: (value: unknown, key: string) => unknown,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, change(value, key)]))
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
