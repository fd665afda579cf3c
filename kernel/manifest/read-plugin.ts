import { open, readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fillOrder } from './fill-order.ts'
import { checkJsonLimits, manifestLimits } from './json-limits.ts'
import { type Problem, placeOf } from './problem.ts'

export interface ReadPlugin {
  readonly folder: string
  /** What `plugin.json` and the files under `contributes/` add up to; null when it cannot be read. */
  readonly document: Readonly<Record<string, unknown>> | null
  readonly problems: readonly Problem[]
}

/**
 * Reads `plugin.json` of a folder and folds `contributes/<point>/<key>.json` into it. Whatever is wrong
 * with the files becomes a problem; nothing is thrown and nothing is evaluated.
 *
 * @param id the id that the folder stands for; it only names the places of problems.
 * @param order `keep` for files that were written out of a layer, whose keys are sorted: their order says nothing.
 */
export async function readPlugin(
  folder: string,
  id: string,
  order: 'fill' | 'keep' = 'fill',
): Promise<ReadPlugin> {
  const problems: Problem[] = []
  const envelope = await readJson(join(folder, 'plugin.json'), id, problems)
  if (!isObject(envelope)) return { folder, document: null, problems }
  const contributes = await foldFiles(folder, id, envelope['contributes'], problems)
  const ordered = order === 'fill' ? fillOrder(contributes) : contributes
  const document = contributes === undefined ? envelope : { ...envelope, contributes: ordered }
  problems.push(...checkDepth(document, id))
  const bytes = Buffer.byteLength(JSON.stringify(document))
  if (bytes > manifestLimits.bytes) problems.push(tooLarge(id, bytes))
  return { folder, document: problems.length === 0 ? document : null, problems }
}

/** The envelope may nest 12 levels, and each contribution 12 of its own. */
export function checkDepth(document: Readonly<Record<string, unknown>>, id: string): Problem[] {
  const { contributes, ...envelope } = document
  const problems = checkJsonLimits(envelope, id)
  if (!isObject(contributes)) return problems
  for (const [point, definitions] of Object.entries(contributes)) {
    problems.push(...checkJsonLimits({ [point]: {} }, id))
    if (!isObject(definitions)) continue
    for (const [key, definition] of Object.entries(definitions)) {
      problems.push(...checkJsonLimits({ [key]: {} }, placeOf(id, point)))
      problems.push(...checkJsonLimits(definition, placeOf(id, point, key)))
    }
  }
  return problems
}

async function foldFiles(
  folder: string,
  id: string,
  inline: unknown,
  problems: Problem[],
): Promise<unknown> {
  const points = await namesIn(join(folder, 'contributes'), 'folder')
  if (points.length === 0) return inline
  const folded = new Map<string, Map<string, unknown>>()
  if (isObject(inline)) {
    for (const [point, definitions] of Object.entries(inline)) {
      if (isObject(definitions)) folded.set(point, new Map(Object.entries(definitions)))
    }
  }
  for (const point of points) {
    const definitions = folded.get(point) ?? new Map<string, unknown>()
    folded.set(point, definitions)
    for (const file of await namesIn(join(folder, 'contributes', point), 'json')) {
      const key = basename(file, '.json')
      const at = placeOf(id, point, key)
      if (definitions.has(key)) {
        problems.push({
          at,
          code: 'AMBIGUOUS',
          message: `"${key}" is defined in plugin.json and in a file of its own.`,
          hint: 'Keep one of the two.',
        })
        continue
      }
      const definition = await readJson(join(folder, 'contributes', point, file), at, problems)
      if (definition !== undefined) definitions.set(key, definition)
    }
  }
  return Object.fromEntries(
    [...folded].map(([point, definitions]) => [point, Object.fromEntries(definitions)]),
  )
}

async function readJson(path: string, at: string, problems: Problem[]): Promise<unknown> {
  const bytes = await readLimited(path, at, problems)
  if (!bytes) return undefined
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) {
    problems.push({
      at,
      code: 'BAD_FORMAT',
      message: `${basename(path)} starts with a byte order mark.`,
      hint: 'Save it as UTF-8 without BOM.',
    })
    return undefined
  }
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    if (isObject(value)) return value
    problems.push({
      at,
      code: 'WRONG_TYPE',
      message: `${basename(path)} does not hold an object.`,
      hint: 'Write a JSON object: { ... }.',
    })
  } catch (error) {
    problems.push({
      at,
      code: 'BAD_FORMAT',
      message: `${basename(path)} is not JSON: ${error instanceof Error ? error.message : error}`,
      hint: 'Correct the file; an editor that knows JSON marks the place.',
    })
  }
  return undefined
}

async function readLimited(path: string, at: string, problems: Problem[]): Promise<Buffer | null> {
  try {
    await using file = await open(path, 'r')
    const { size } = await file.stat()
    if (size <= manifestLimits.bytes) return await file.readFile()
    problems.push(tooLarge(at, size))
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? error.code : String(error)
    problems.push({
      at,
      code: 'REQUIRED',
      message: `${basename(path)} cannot be read (${reason}).`,
      hint: 'Check that the file exists and that the server may read it.',
    })
  }
  return null
}

function tooLarge(at: string, bytes: number): Problem {
  return {
    at,
    code: 'TOO_LONG',
    message: `It has ${bytes} bytes; a manifest may have ${manifestLimits.bytes}.`,
    hint: 'Split the plugin, or leave large texts to files that it reads itself.',
  }
}

/** Sorted, so that the same folder always reads the same. */
async function namesIn(folder: string, kind: 'folder' | 'json'): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  return entries
    .filter((entry) =>
      kind === 'folder' ? entry.isDirectory() : entry.isFile() && entry.name.endsWith('.json'),
    )
    .map((entry) => entry.name)
    .sort()
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
