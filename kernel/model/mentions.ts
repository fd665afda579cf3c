import type { Point } from '../manifest/point.ts'
import { isJsonObject, type JsonObject, type Path } from './leaf.ts'
import { hasScope, namedFields } from './named-places.ts'
import { referencesIn } from './references-in.ts'
import { type FindSchema, isLinked, type Place, walkDefinition } from './walk-definition.ts'

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
  | {
      readonly kind: 'field'
      readonly path: Path
      readonly entity: string
      readonly name: string
      /** The definition does not work without it. */
      readonly isNeeded?: true
    }

const known = new WeakMap<object, readonly Mention[]>()

/**
 * Everything that a definition names: references where its point says that they stand, and names of
 * fields, in the part of it that belongs to an entity (`"entity": "crm.leads:lead"` stands in it or around
 * it). Which of those are fields only a model can tell.
 */
export function mentionsIn(
  definition: JsonObject,
  point: Pick<Point, 'references' | 'schema'>,
  find: FindSchema,
): readonly Mention[] {
  const cached = known.get(definition)
  if (cached) return cached
  const mentions: Mention[] = referencesIn(definition, point, find).map(({ path, point, ref }) => ({
    kind: 'contribution',
    path,
    point,
    ref,
  }))
  if (hasScope(point)) {
    const named = namedFields(definition, point, find)
    return [
      ...mentions,
      ...named.map((one) => ({ ...one, kind: 'field', isNeeded: true }) as const),
    ]
  }
  const taken = new Set(mentions.map(({ path }) => path.join('\0')))
  const note = (path: Path, entity: string | null, name: string) => {
    if (taken.has(path.join('\0'))) return
    const right = /^actions:([^:]+:[^:]+)$/.exec(name)
    if (right) {
      mentions.push({ kind: 'contribution', path, point: 'actions', ref: right[1]! })
    } else if (entity !== null && fieldName.test(name)) {
      mentions.push({ kind: 'field', path, entity, name: name.replace(/^-/, '') })
    }
  }
  const visit = (place: Place, around: string | null) => {
    const { value, path } = place
    const entity =
      isJsonObject(value) && typeof value['entity'] === 'string' ? value['entity'] : around
    if (place.isChosen) note(path, around, path.at(-1)!)
    if (typeof value === 'string' && isFreeText(place)) note(path, around, value)
    return entity
  }
  walkDefinition<string | null>(definition, point, find, visit, null)
  // What other contributions bring may differ in the next model.
  if (!isLinked(point)) known.set(definition, mentions)
  return mentions
}

const fieldName = /^-?[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)*$/

/** Texts for people, in which a word may be anything. */
const prose: ReadonlySet<string> = new Set([
  ...['label', 'labelPlural', 'description', 'help', 'title', 'text', 'icon', 'reason', 'handler'],
])

/** Without a choice of its own, and where the schema says at all that a text stands. */
function isFreeText({ schemas, path }: Place): boolean {
  return (
    schemas.some(({ type }) => type === 'string') &&
    !schemas.some((one) => 'enum' in one || 'const' in one || 'x-node' in one) &&
    !prose.has(path.at(-1)!)
  )
}
