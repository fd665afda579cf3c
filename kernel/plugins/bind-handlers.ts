import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Handler, Manifest } from '@runwaycrm/sdk'
import { matchPath } from '../manifest/match-path.ts'
import type { Points } from '../manifest/point.ts'
import { type Problem, placeOf } from '../manifest/problem.ts'

export type Handlers = ReadonlyMap<string, Handler>

export interface Binding {
  /** Empty when there are problems. */
  readonly handlers: Handlers
  readonly problems: readonly Problem[]
}

/**
 * Imports the module of a plugin and binds its handlers by name. The names that contributions use, the
 * names under `handlers` and the names that the module exports must be the same set.
 */
export async function bindHandlers(
  manifest: Manifest,
  folder: string,
  points: Points,
): Promise<Binding> {
  const declared = new Set(Object.keys(manifest.handlers ?? {}))
  const used = usedHandlers(manifest, points)
  const failed = (problems: readonly Problem[]) => ({ handlers: new Map(), problems })
  if (manifest.tier === 'sandboxed' && declared.size > 0) return failed([noSandbox(manifest)])
  const exported = await importHandlers(manifest, folder)
  if ('message' in exported) return failed([exported])
  const names = new Set([...declared, ...used, ...exported.keys()])
  const problems = [...names].sort().flatMap((name) => {
    const missing = [
      ...(used.has(name) ? [] : ['used by a contribution']),
      ...(declared.has(name) ? [] : ['declared under "handlers"']),
      ...(exported.has(name) ? [] : ['exported by the module']),
    ]
    return missing.length > 0 ? [mismatch(manifest, name, missing)] : []
  })
  for (const [name, handler] of exported) {
    if (typeof handler !== 'function') problems.push(notAFunction(manifest, name))
  }
  return problems.length > 0
    ? failed(problems)
    : { handlers: exported as ReadonlyMap<string, Handler>, problems }
}

/** The names of handlers at the places where the points say that they stand. */
function usedHandlers(manifest: Manifest, points: Points): ReadonlySet<string> {
  const names = Object.entries(manifest.contributes ?? {}).flatMap(([name, definitions]) =>
    (points.get(name)?.handlers ?? []).flatMap((pattern) =>
      matchPath(definitions, ['*', ...pattern]).map((match) => String(match.value)),
    ),
  )
  return new Set(names)
}

async function importHandlers(
  manifest: Manifest,
  folder: string,
): Promise<ReadonlyMap<string, unknown> | Problem> {
  if (manifest.main === undefined) return new Map()
  try {
    const module: { handlers?: unknown } = await import(
      pathToFileURL(join(folder, manifest.main)).href
    )
    const { handlers } = module
    if (typeof handlers !== 'object' || handlers === null) return noHandlers(manifest)
    return new Map(Object.entries(handlers))
  } catch (error) {
    return notImported(manifest, error)
  }
}

function mismatch(manifest: Manifest, name: string, missing: readonly string[]): Problem {
  return {
    at: placeOf(manifest.id, 'handlers', name),
    code: 'UNKNOWN_OPTION',
    message: `The handler "${name}" is not ${missing.join(', not ')}.`,
    hint: 'A handler is used, declared and exported under one name.',
  }
}

function notAFunction(manifest: Manifest, name: string): Problem {
  return {
    at: placeOf(manifest.id, 'handlers', name),
    code: 'WRONG_TYPE',
    message: `The module exports "${name}", but it is not a function.`,
    hint: 'Pass functions to defineHandlers.',
  }
}

function noHandlers({ id, main }: Manifest): Problem {
  return {
    at: placeOf(id, 'main'),
    code: 'REQUIRED',
    message: `${main} does not export "handlers".`,
    hint: 'Write: export const handlers = defineHandlers({ ... })',
  }
}

function notImported({ id, main }: Manifest, error: unknown): Problem {
  return {
    at: placeOf(id, 'main'),
    code: 'BAD_FORMAT',
    message: `${main} cannot be imported: ${error instanceof Error ? error.message : error}`,
    hint: 'Run it with node to see the whole error.',
  }
}

function noSandbox({ id }: Manifest): Problem {
  return {
    at: placeOf(id, 'tier'),
    code: 'OUT_OF_RANGE',
    message: 'Sandboxed handlers cannot run yet.',
    hint: 'Ask the operator to install the plugin as a trusted one.',
  }
}
