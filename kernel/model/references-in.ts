import { matchPath } from '../manifest/match-path.ts'
import type { Point } from '../manifest/point.ts'
import { isTemplate } from '../manifest/template-check.ts'
import { isJsonObject, type JsonObject, type Path } from './leaf.ts'
import { type FindSchema, isLinked, type Place, walkDefinition } from './walk-definition.ts'

/** A place in a definition where another contribution is named. */
export interface Reference {
  readonly path: Path
  /** The point that it must be found under. */
  readonly point: string
  /** As it is written: with or without a plugin. */
  readonly ref: string
  /** The nearest entry of a keyed map around it, which can go without it; null when nothing less than all can. */
  readonly entry: Path | null
  /** What is read at run time may be said otherwise there, e.g. an object by its plural. */
  readonly isFree?: true
}

/**
 * Every reference in a definition: where its point says that they stand, and where a schema says
 * `x-reference`, also one that another contribution brings. A graph goes with any of its nodes: what comes
 * after a missing step must not happen without it.
 */
export function referencesIn(
  definition: JsonObject,
  point: Pick<Point, 'references' | 'schema'>,
  find: FindSchema,
): readonly Reference[] {
  const graphs: Path[] = []
  const within: Reference[] = []
  if (isLinked(point)) {
    const visit = ({ value, path, schemas, hasTemplates }: Place) => {
      if (isJsonObject(value) && schemas.some((one) => 'x-graph' in one)) graphs.push(path)
      const target = schemas.find((one) => typeof one['x-reference'] === 'string')?.['x-reference']
      if (target === undefined || typeof value !== 'string') return
      if (hasTemplates && isTemplate(value)) return
      const isFree = hasTemplates && !fullReference.test(value)
      const reference = { path, point: target as string, ref: value, entry: null }
      within.push(isFree ? { ...reference, isFree } : reference)
    }
    walkDefinition<void>(definition, point, find, visit, undefined)
  }
  const isInGraph = (path: Path) => graphs.some((graph) => graph.every((key, i) => path[i] === key))
  const listed = point.references.flatMap(([pattern, target]) =>
    referencesAt(definition, pattern).map(({ path, ref }): Reference => {
      const entry = isInGraph(path) ? null : entryAround(pattern, path)
      return { path, point: target, ref, entry }
    }),
  )
  const known = new Set(listed.map(({ path }) => path.join('\0')))
  return [...listed, ...within.filter(({ path }) => !known.has(path.join('\0')))]
}

/** `plugin:key`, and nothing around it. */
const fullReference = /^[^\s:]+:[^\s:]+$/

/** A value that is text is the reference; below a last `*` that holds something else, the key is. */
function referencesAt(
  definition: JsonObject,
  pattern: Path,
): { readonly path: Path; readonly ref: string }[] {
  return matchPath(definition, pattern).flatMap(({ path, value }) => {
    const ref = typeof value === 'string' ? value : pattern.at(-1) === '*' ? path.at(-1) : undefined
    return ref === undefined || ref === '*' ? [] : [{ path, ref }]
  })
}

function entryAround(pattern: Path, path: Path): Path | null {
  const star = pattern.lastIndexOf('*', pattern.length - 2)
  return star < 0 || pattern.length < 2 ? null : path.slice(0, star + 1)
}
