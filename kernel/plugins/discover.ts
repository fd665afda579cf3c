import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Manifest } from '@runwaycrm/sdk'
import { checkEnvelope } from '../manifest/check-plugin.ts'
import type { Problem } from '../manifest/problem.ts'
import { readPlugin } from '../manifest/read-plugin.ts'

/** A plugin that was found in a folder; its manifest is null when something is wrong with it. */
export interface DiscoveredPlugin {
  /** The folder path with dots: `plugins/platform/people` is `platform.people`. */
  readonly id: string
  readonly folder: string
  readonly manifest: Manifest | null
  readonly problems: readonly Problem[]
}

/** How deep plugins lie below their root: publisher, group, plugin. */
const deepest = 3

/**
 * Finds the plugins below some roots, each a folder with a `plugin.json`, and reads their manifests.
 * No code of theirs runs. Sorted by id; a root that is missing has no plugins.
 */
export async function discoverPlugins(roots: readonly string[]): Promise<DiscoveredPlugin[]> {
  const found = (await Promise.all(roots.map((root) => pluginFolders(root, [])))).flat()
  const plugins = await Promise.all(found.map(({ id, folder }) => discover(id, folder)))
  return plugins.sort((a, b) => (a.id < b.id ? -1 : 1))
}

async function discover(id: string, folder: string): Promise<DiscoveredPlugin> {
  const { document, problems } = await readPlugin(folder, id)
  if (!document) return { id, folder, manifest: null, problems }
  return { id, folder, ...checkEnvelope(document, id) }
}

async function pluginFolders(
  folder: string,
  path: readonly string[],
): Promise<{ id: string; folder: string }[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  if (path.length > 0 && entries.some((entry) => entry.name === 'plugin.json')) {
    return [{ id: path.join('.'), folder }]
  }
  if (path.length === deepest) return []
  const inside = entries.filter(
    (entry) => entry.isDirectory() && /^[a-z]/.test(entry.name) && entry.name !== 'node_modules',
  )
  const found = await Promise.all(
    inside.map((entry) => pluginFolders(join(folder, entry.name), [...path, entry.name])),
  )
  return found.flat()
}
