/** JSON as definitions are made of; arrays are leaves, as everywhere in drafts. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject
export type JsonObject = { readonly [key: string]: Json }
export type Path = readonly string[]

export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The value at a path, places in lists among its steps; undefined when there is none. */
export function valueAt(document: Json | undefined, path: Path): Json | undefined {
  let node: Json | undefined = document
  for (const key of path) {
    if (typeof node !== 'object' || node === null) return undefined
    const isPlace = !Array.isArray(node) || /^\d+$/.test(key)
    if (!isPlace || !Object.hasOwn(node, key)) return undefined
    node = (node as Readonly<Record<string, Json>>)[key]
  }
  return node
}

/** The document with one value set, or taken out by undefined. Objects on the way are made. */
export function withValue(
  document: Json | undefined,
  path: Path,
  value: Json | undefined,
): Json | undefined {
  const [key, ...rest] = path
  if (key === undefined) return value
  if (Array.isArray(document)) {
    const at = Number(key)
    const next = withValue(document[at], rest, value)
    return next === undefined ? document.toSpliced(at, 1) : document.toSpliced(at, 1, next)
  }
  const object = isJsonObject(document) ? document : {}
  const next = withValue(object[key], rest, value)
  if (next === undefined) {
    const { [key]: _removed, ...others } = object
    return others
  }
  return { ...object, [key]: next }
}

/** Equal as JSON; null and nothing are the same, the order of keys does not matter. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (a === b || (a ?? null) === (b ?? null)) return true
  if (Array.isArray(a) || Array.isArray(b))
    return (
      Array.isArray(a) &&
      Array.isArray(b) &&
      a.length === b.length &&
      a.every((one, at) => sameJson(one, b[at]))
    )
  if (!isJsonObject(a) || !isJsonObject(b)) return false
  const keys = new Set([...Object.keys(a), ...Object.keys(b)])
  return [...keys].every((key) => sameJson(a[key], b[key]))
}

export interface LeafChange {
  readonly path: Path
  readonly before: Json | undefined
  readonly after: Json | undefined
}

/** The smallest list of changes that makes one document of another; what is new as a whole is one change. */
export function leafChanges(
  before: Json | undefined,
  after: Json | undefined,
  path: Path = [],
): readonly LeafChange[] {
  if (sameJson(before, after)) return []
  if (!isJsonObject(before) || !isJsonObject(after)) return [{ path, before, after }]
  const keys = new Set([...Object.keys(before), ...Object.keys(after)])
  return [...keys].flatMap((key) => leafChanges(before[key], after[key], [...path, key]))
}

export const pathText = (path: Path): string => path.join('/')
