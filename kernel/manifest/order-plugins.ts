import type { Manifest } from '@runwaycrm/sdk'
import semver from 'semver'
import { type Problem, placeOf } from './problem.ts'

type Orderable = Pick<Manifest, 'id' | 'version' | 'requires'>

export interface PluginOrder<T> {
  /** Each after everything it requires; among equals by id, so the same set always orders the same. */
  readonly ordered: readonly T[]
  /** Why the others are left out: a cycle, a missing or unfit requirement, or one that was refused. */
  readonly refused: ReadonlyMap<string, Problem>
}

/**
 * Orders plugins by `requires` alone; `enhances` never orders and never fails. What cannot be ordered
 * is refused together with all that requires it, and the rest goes on.
 *
 * @param present what is loaded already and may be required; it is neither ordered nor refused.
 */
export function orderPlugins<T extends Orderable>(
  plugins: readonly T[],
  present: readonly Orderable[] = [],
): PluginOrder<T> {
  const refused = new Map<string, Problem>()
  const byId = new Map<string, T>()
  const versions = new Map(present.map((plugin) => [plugin.id, plugin.version]))
  for (const plugin of plugins) {
    if (byId.has(plugin.id) || versions.has(plugin.id)) {
      refused.set(plugin.id, duplicate(plugin.id))
    } else {
      byId.set(plugin.id, plugin)
    }
  }
  const ordered: T[] = []
  const done = new Set<string>()
  const path: string[] = []

  function visit(plugin: T): void {
    if (done.has(plugin.id)) return
    const start = path.indexOf(plugin.id)
    if (start >= 0) {
      const members = path.slice(start)
      for (const id of members) refused.set(id, cycle(id, members))
      return
    }
    path.push(plugin.id)
    for (const id of Object.keys(plugin.requires ?? {}).sort()) {
      const required = byId.get(id)
      if (required) visit(required)
    }
    path.pop()
    done.add(plugin.id)
    if (refused.has(plugin.id)) return
    const problem = unmet(plugin)
    if (problem) refused.set(plugin.id, problem)
    else ordered.push(plugin)
  }

  function unmet(plugin: T): Problem | null {
    for (const id of Object.keys(plugin.requires ?? {}).sort()) {
      const range = plugin.requires?.[id] ?? '*'
      const version = byId.get(id)?.version ?? versions.get(id)
      if (version === undefined) return missing(plugin.id, id)
      if (refused.has(id) && !versions.has(id)) return dependant(plugin.id, id)
      if (!satisfies(version, range)) return unfit(plugin.id, id, range, version)
    }
    return null
  }

  for (const id of [...byId.keys()].sort()) visit(byId.get(id) as T)
  return { ordered: withoutDependants(ordered, refused, versions), refused }
}

/** A member of a cycle is found last, so what came before it in the walk is looked at once more. */
function withoutDependants<T extends Orderable>(
  ordered: readonly T[],
  refused: Map<string, Problem>,
  present: ReadonlyMap<string, string>,
): readonly T[] {
  return ordered.filter((plugin) => {
    const lost = Object.keys(plugin.requires ?? {}).find(
      (id) => refused.has(id) && !present.has(id),
    )
    if (lost !== undefined) refused.set(plugin.id, dependant(plugin.id, lost))
    return lost === undefined
  })
}

/** Whether a version meets a range; a range that cannot be read is met by nothing. */
function satisfies(version: string, range: string): boolean {
  return semver.satisfies(version, range, { includePrerelease: true })
}

function at(plugin: string, required: string): string {
  return placeOf(plugin, 'requires', required)
}

function missing(plugin: string, required: string): Problem {
  return {
    at: at(plugin, required),
    code: 'UNKNOWN_RECORD',
    message: `It requires ${required}, which is not here.`,
    hint: `Install ${required}, or move it to "enhances" when the plugin works without it.`,
  }
}

function unfit(plugin: string, required: string, range: string, version: string): Problem {
  return {
    at: at(plugin, required),
    code: 'OUT_OF_RANGE',
    message: `It requires ${required} ${range}; ${version} is here.`,
    hint: 'Install a version that fits, or widen the range.',
  }
}

function dependant(plugin: string, required: string): Problem {
  return {
    at: at(plugin, required),
    code: 'UNKNOWN_RECORD',
    message: `It requires ${required}, which failed itself.`,
    hint: `Look at the problems of ${required}.`,
  }
}

function cycle(plugin: string, members: readonly string[]): Problem {
  const start = members.indexOf(plugin)
  const path = [...members.slice(start), ...members.slice(0, start), plugin]
  return {
    at: placeOf(plugin, 'requires'),
    code: 'AMBIGUOUS',
    message: `It requires itself: ${path.join(' -> ')}.`,
    hint: 'Put what joins two plugins into one of them, under "fields", and let only that one require the other.',
  }
}

function duplicate(plugin: string): Problem {
  return {
    at: placeOf(plugin, 'id'),
    code: 'AMBIGUOUS',
    message: `There are two plugins with the id ${plugin}.`,
    hint: 'Remove one of them.',
  }
}
