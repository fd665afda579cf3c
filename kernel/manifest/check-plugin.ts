import { contractVersion, fieldKeyPattern, Manifest, type Tier } from '@runwaycrm/sdk'
import { checkSchema } from './check-schema.ts'
import type { Point, Points } from './point.ts'
import { type Problem, placeOf } from './problem.ts'
import { checkDepth } from './read-plugin.ts'
import { schemaCheck } from './schema-check.ts'

export type CheckedManifest =
  | { readonly manifest: Manifest; readonly problems: readonly [] }
  | { readonly manifest: null; readonly problems: readonly Problem[] }

/**
 * Checks the envelope of a manifest: its own schema, keys and nesting, the contract version, and that
 * the tier fits the rest. What stands under `contributes` is looked at by `checkContributions`, when
 * the points are known.
 *
 * @param id the id it must have, e.g. the one its folder stands for.
 */
export function checkEnvelope(document: unknown, id: string): CheckedManifest {
  if (typeof document !== 'object' || document === null) {
    return { manifest: null, problems: [told(id, 'WRONG_TYPE', 'A manifest is an object.', '')] }
  }
  const limits = checkDepth(document as Record<string, unknown>, id)
  if (limits.length > 0) return { manifest: null, problems: limits }
  const problems = schemaCheck(Manifest)(document, id)
  if (problems.length > 0) return { manifest: null, problems }
  const manifest = document as Manifest
  problems.push(...checkIdentity(manifest, id), ...checkTier(manifest))
  return problems.length > 0 ? { manifest: null, problems } : { manifest, problems: [] }
}

/** Checks every contribution against its point; one problem does not hide the next. */
export function checkContributions(manifest: Manifest, points: Points): Problem[] {
  const problems: Problem[] = []
  for (const [name, definitions] of Object.entries(manifest.contributes ?? {})) {
    const point = points.get(name)
    if (!point) {
      problems.push(unknownPoint(placeOf(manifest.id, name), name, points))
      continue
    }
    for (const [key, definition] of Object.entries(definitions)) {
      problems.push(
        ...checkContribution(point, definition, placeOf(manifest.id, name, key), manifest.tier),
      )
    }
  }
  return problems
}

/** Checks one definition against its point: tier, schema, and the schemas that it brings itself. */
export function checkContribution(
  point: Point,
  definition: unknown,
  at: string,
  tier: Tier,
): Problem[] {
  if (!point.tiers.includes(tier)) return [wrongTier(at, point, tier)]
  const problems = point.check(definition, at)
  if (problems.length > 0) return problems
  return schemasIn(point.name, definition as Record<string, unknown>).flatMap(([path, schema]) =>
    checkSchema(schema, placeOf(at, ...path), tier),
  )
}

/** Where the kernel's own points take JSON Schemas; each becomes a validator later. */
const schemaPlaces: Readonly<Record<string, readonly string[]>> = {
  points: ['schema'],
  fieldTypes: ['value', 'params'],
  events: ['payload'],
  actions: ['input', 'output'],
  settings: ['schema'],
  routes: ['params', 'query', 'body'],
}

function schemasIn(
  point: string,
  definition: Readonly<Record<string, unknown>>,
): (readonly [readonly string[], unknown])[] {
  const places = (schemaPlaces[point] ?? []).map((key) => [[key], definition[key]] as const)
  const responses = point === 'routes' ? (definition['response'] as Record<string, unknown>) : {}
  return [
    ...places.filter(([, schema]) => schema !== undefined),
    ...Object.entries(responses).map(([status, schema]) => [['response', status], schema] as const),
  ]
}

function checkIdentity(manifest: Manifest, id: string): Problem[] {
  const problems: Problem[] = []
  if (manifest.id !== id) {
    problems.push(
      told(
        placeOf(id, 'id'),
        'BAD_FORMAT',
        `The id is "${manifest.id}", but the folder stands for "${id}".`,
        'Rename the folder or the id: an id is the folder path with dots.',
      ),
    )
  }
  if (manifest.contract > contractVersion) {
    problems.push(
      told(
        placeOf(id, 'contract'),
        'OUT_OF_RANGE',
        `It needs contract ${manifest.contract}; this server offers ${contractVersion}.`,
        'Upgrade the server, or use an older version of the plugin.',
      ),
    )
  }
  return problems
}

function checkTier(manifest: Manifest): Problem[] {
  const problems: Problem[] = []
  const names = Object.keys(manifest.handlers ?? {})
  const at = placeOf(manifest.id, 'main')
  if (manifest.tier === 'declarative' && (manifest.main !== undefined || names.length > 0)) {
    problems.push(
      told(
        at,
        'UNKNOWN_FIELD',
        'A declarative plugin has no code.',
        'Remove "main" and "handlers".',
      ),
    )
  }
  if (manifest.main !== undefined && !isInside(manifest.main)) {
    problems.push(
      told(
        at,
        'BAD_FORMAT',
        '"main" must be a file of the plugin.',
        'Write a path such as ./index.ts.',
      ),
    )
  }
  return problems
}

/** A relative path without steps upwards, with nothing that a URL or a drive would begin with. */
function isInside(path: string): boolean {
  return /^(\.\/)?[A-Za-z0-9_-][A-Za-z0-9._-]*(\/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$/.test(path)
}

function unknownPoint(at: string, name: string, points: Points): Problem {
  const hint = new RegExp(fieldKeyPattern).test(name)
    ? `Known points: ${[...points.keys()].sort().join(', ')}.`
    : 'Names of points have letters and digits only.'
  return told(at, 'UNKNOWN_OPTION', `There is no point "${name}".`, hint)
}

function wrongTier(at: string, point: Point, tier: Tier): Problem {
  return told(
    at,
    'UNKNOWN_OPTION',
    `A ${tier} plugin may not contribute ${point.label.toLowerCase()}.`,
    `This point takes ${point.tiers.join(' and ')} plugins.`,
  )
}

function told(at: string, code: Problem['code'], message: string, hint: string): Problem {
  return { at, code, message, hint }
}
