import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Manifest } from '@runwaycrm/sdk'
import { readPlugin } from './manifest/read-plugin.ts'
import { manifestFrom, refuseProblems } from './model/check-document.ts'
import { toFolder } from './model/export-layer.ts'
import { ownLayer } from './model/layer.ts'
import { isJsonObject } from './model/leaf.ts'

/** What a folder was written from, so that pushing it does not undo what others published since. */
export interface Source {
  /** Slug. */
  readonly org: string
  readonly revision: number
}
const sourceFile = 'revision.json'

/**
 * Writes a layer as `plugin.json` and one file per contribution, and takes away the files of contributions
 * that it does not have any more. The same layer always gives the same bytes.
 *
 * @throws Error when the folder holds something else.
 */
export async function writeLayer(
  folder: string,
  manifest: Manifest,
  source: Source,
): Promise<number> {
  const there = await readdir(folder).catch(() => [])
  const foreign = there.filter((name) => !name.startsWith('.'))
  if (foreign.length > 0 && (await idIn(folder)) !== manifest.id) {
    throw new Error(
      `${folder} holds something else. Name an empty folder, or one that was pulled before.`,
    )
  }
  const files = toFolder(manifest)
  for (const file of await definitionsIn(folder)) {
    if (!files.has(file)) await rm(path.join(folder, file))
  }
  for (const [file, text] of [
    ...files,
    [sourceFile, `${JSON.stringify(source, null, 2)}\n`] as const,
  ]) {
    await mkdir(path.dirname(path.join(folder, file)), { recursive: true })
    await writeFile(path.join(folder, file), text)
  }
  return files.size
}

/** @throws InvalidError with everything that is wrong with it. */
export async function readLayer(
  folder: string,
): Promise<{ readonly manifest: Manifest; readonly source: Source | null }> {
  return { manifest: await readManifest(folder, ownLayer, 'keep'), source: await sourceOf(folder) }
}

/** A plugin in a folder or packed into a file. @throws Error, InvalidError */
export async function readPackage(place: string): Promise<Manifest> {
  const isFile = /\.json$/i.test(place) && path.basename(place) !== 'plugin.json'
  if (!isFile) {
    const folder = path.basename(place) === 'plugin.json' ? path.dirname(place) : place
    const id = await idIn(folder)
    if (id === null) throw new Error(`${place} holds no plugin.json that can be read.`)
    return readManifest(folder, id)
  }
  let document: unknown
  try {
    document = JSON.parse(await readFile(place, 'utf8'))
  } catch (error) {
    throw new Error(`${place} cannot be read: ${(error as Error).message}.`)
  }
  return manifestFrom(document, isJsonObject(document) ? String(document['id']) : '')
}

async function readManifest(
  folder: string,
  id: string,
  order: 'fill' | 'keep' = 'fill',
): Promise<Manifest> {
  const { document, problems } = await readPlugin(folder, id, order)
  refuseProblems(problems)
  return manifestFrom(document, id)
}

async function idIn(folder: string): Promise<string | null> {
  try {
    const { id } = JSON.parse(await readFile(path.join(folder, 'plugin.json'), 'utf8'))
    return typeof id === 'string' ? id : null
  } catch {
    return null
  }
}

async function sourceOf(folder: string): Promise<Source | null> {
  const text = await readFile(path.join(folder, sourceFile), 'utf8').catch(() => null)
  if (text === null) return null
  try {
    const { org, revision } = JSON.parse(text)
    if (typeof org === 'string' && Number.isInteger(revision)) return { org, revision }
  } catch {}
  throw new Error(
    `${sourceFile} is damaged. Pull again, or delete it to compare with what is published now.`,
  )
}

async function definitionsIn(folder: string): Promise<string[]> {
  const entries = await readdir(path.join(folder, 'contributes'), {
    recursive: true,
    withFileTypes: true,
  }).catch(() => [])
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.json'))
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
}
