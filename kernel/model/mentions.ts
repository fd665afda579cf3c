import type { Point } from '../manifest/point.ts'
import { referencesAt } from './check-references.ts'
import { isJsonObject, type JsonObject, type Path } from './leaf.ts'

/** A place in a definition that names something else. */
export type Mention =
  /** `ref` as it is written: a bare key is one of the same plugin, or the first of that key. */
  | {
      readonly kind: 'contribution'
      readonly path: Path
      readonly point: string
      readonly ref: string
    }
  /** What may be the name of a field of an entity, also through relations: `account.industry`. */
  | { readonly kind: 'field'; readonly path: Path; readonly entity: string; readonly name: string }

const known = new WeakMap<object, readonly Mention[]>()

/**
 * Everything that a definition names: references where its point says that they stand, and names of
 * fields, in the part of it that belongs to an entity (`"entity": "crm.leads:lead"` stands in it or around
 * it). Which of those are fields only a model can tell.
 */
export function mentionsIn(
  definition: JsonObject,
  point: Pick<Point, 'references' | 'schema'>,
): readonly Mention[] {
  const cached = known.get(definition)
  if (cached) return cached
  const mentions: Mention[] = []
  for (const [pattern, target] of point.references) {
    for (const { path, ref } of referencesAt(definition, pattern)) {
      mentions.push({ kind: 'contribution', path, point: target, ref })
    }
  }
  const taken = new Set(mentions.map(({ path }) => path.join('\0')))
  const note: Note = (path, entity, name) => {
    if (taken.has(path.join('\0'))) return
    const right = /^actions:([^:]+:[^:]+)$/.exec(name)
    if (right) {
      mentions.push({ kind: 'contribution', path, point: 'actions', ref: right[1]! })
    } else if (entity !== null && fieldName.test(name)) {
      mentions.push({ kind: 'field', path, entity, name: name.replace(/^-/, '') })
    }
  }
  walk(definition, [point.schema], [], null, note)
  known.set(definition, mentions)
  return mentions
}

const fieldName = /^-?[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)*$/

type Note = (path: Path, entity: string | null, name: string) => void

/** Texts for people, in which a word may be anything. */
const prose: ReadonlySet<string> = new Set([
  ...['label', 'labelPlural', 'description', 'help', 'title', 'text', 'icon', 'reason', 'handler'],
])

function walk(
  value: unknown,
  schemas: readonly unknown[],
  path: Path,
  entity: string | null,
  note: Note,
): void {
  const here = schemas.flatMap(branchesOf)
  if (typeof value === 'string') {
    if (isFreeText(here) && !prose.has(path.at(-1)!)) note(path, entity, value)
    return
  }
  if (Array.isArray(value)) {
    const items = here.flatMap((schema) => schema['items'] ?? [])
    value.forEach((one, i) => {
      walk(one, items, [...path, String(i)], entity, note)
    })
    return
  }
  if (!isJsonObject(value)) return
  const named = typeof value['entity'] === 'string' ? value['entity'] : entity
  for (const [key, inner] of Object.entries(value)) {
    const below = [...path, key]
    const properties = here.flatMap(({ properties }) =>
      isJsonObject(properties) && Object.hasOwn(properties, key) ? [properties[key]] : [],
    )
    // Keys that the schema names are its own words; others somebody chose.
    if (properties.length === 0 && !key.startsWith('$')) note(below, named, key)
    walk(inner, properties.length > 0 ? properties : here.flatMap(entriesOf), below, named, note)
  }
}

function branchesOf(schema: unknown): JsonObject[] {
  if (!isJsonObject(schema)) return []
  const parts = ['anyOf', 'oneOf', 'allOf'].flatMap((name) => schema[name] ?? [])
  return [schema, ...parts.flatMap(branchesOf)]
}

function entriesOf({ patternProperties, additionalProperties }: JsonObject): unknown[] {
  const patterns = isJsonObject(patternProperties) ? Object.values(patternProperties) : []
  return [...patterns, ...(isJsonObject(additionalProperties) ? [additionalProperties] : [])]
}

/** Without a choice of its own, and where the schema says at all that a text stands. */
function isFreeText(schemas: readonly JsonObject[]): boolean {
  return (
    schemas.some(({ type }) => type === 'string') &&
    !schemas.some((schema) => 'enum' in schema || 'const' in schema)
  )
}
