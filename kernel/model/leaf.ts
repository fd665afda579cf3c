import { isDeepStrictEqual } from 'node:util'

/**
 * Values at paths of JSON documents. Documents are never changed: setting a leaf copies the objects on
 * the way to it and shares the rest. Arrays are leaves; paths do not lead into them.
 */
export type Path = readonly string[]
export type JsonObject = Readonly<Record<string, unknown>>

/** The value at a path, or undefined. */
export function leafAt(document: unknown, path: Path): unknown {
  let node = document
  for (const key of path) {
    if (!isJsonObject(node) || !Object.hasOwn(node, key)) return undefined
    node = node[key]
  }
  return node
}

/**
 * Sets the value at a path, or removes it when the value is undefined. Missing objects on the way are
 * made; objects that a removal leaves empty stay.
 *
 * @throws {TypeError} when the path leads through something that is not an object.
 */
export function withLeaf(document: JsonObject, path: Path, value: unknown): JsonObject {
  return withLeafFrom(document, path, 0, value)
}

function withLeafFrom(document: JsonObject, path: Path, at: number, value: unknown): JsonObject {
  const key = path[at]
  if (key === undefined) throw new TypeError('The path is empty.')
  if (at === path.length - 1) {
    if (value !== undefined) return Object.freeze({ ...document, [key]: value })
    const { [key]: _removed, ...others } = document
    return Object.freeze(others)
  }
  const inner = Object.hasOwn(document, key) ? document[key] : undefined
  if (inner === undefined && value === undefined) return document
  if (inner !== undefined && !isJsonObject(inner)) {
    throw new TypeError(`"${key}" is not an object, so nothing in it can be set.`)
  }
  return Object.freeze({ ...document, [key]: withLeafFrom(inner ?? {}, path, at + 1, value) })
}

export interface LeafChange {
  readonly path: Path
  /** Undefined when there was nothing. */
  readonly before: unknown
  /** Undefined when there is nothing any more. */
  readonly after: unknown
}

/** The smallest list of changes between two documents; what is new or gone as a whole is one change. */
export function leafChanges(before: unknown, after: unknown, path: Path = []): LeafChange[] {
  if (before === after) return []
  if (!isJsonObject(before) || !isJsonObject(after)) {
    return sameValue(before, after) ? [] : [{ path, before, after }]
  }
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()
  return keys.flatMap((key) =>
    leafChanges(leafAt(before, [key]), leafAt(after, [key]), [...path, key]),
  )
}

/** Equal as JSON; null and nothing are the same, the order of keys does not matter. */
export function sameValue(a: unknown, b: unknown): boolean {
  const [one, other] = [a ?? undefined, b ?? undefined]
  // Most leaves are plain values.
  if (typeof one !== 'object' || typeof other !== 'object') return Object.is(one, other)
  return isDeepStrictEqual(one, other)
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
