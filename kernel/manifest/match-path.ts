/** A value found by a path pattern, with the keys that lead to it. */
export interface PathMatch {
  readonly path: readonly string[]
  readonly value: unknown
}

/**
 * Everything in a definition that a path pattern points at; `*` stands for any key of a map or any
 * place of a list. Only own properties are followed.
 *
 * @example
 * matchPath({ fields: { name: { type: 'text' } } }, ['fields', '*', 'type'])
 * // [{ path: ['fields', 'name', 'type'], value: 'text' }]
 */
export function matchPath(definition: unknown, pattern: readonly string[]): PathMatch[] {
  let found: PathMatch[] = [{ path: [], value: definition }]
  for (const segment of pattern) {
    found = found.flatMap(({ path, value }) => {
      if (typeof value !== 'object' || value === null) return []
      const keys =
        segment === '*' ? Object.keys(value) : Object.hasOwn(value, segment) ? [segment] : []
      return keys.map((key) => ({ path: [...path, key], value: Reflect.get(value, key) }))
    })
  }
  return found
}
