import { createReadStream } from 'node:fs'
import type { PluginFiles } from './files.ts'

/** Removes those files of a plugin that hold one of the words. @returns how many. */
export async function forgetFiles(
  files: PluginFiles,
  orgId: string,
  plugin: string,
  ids: readonly string[],
  words: readonly string[],
): Promise<number> {
  const own = files.of(orgId, plugin)
  let gone = 0
  for (const id of ids) {
    const place = await own.path(id).catch(() => null)
    if (place === null || !(await holds(place, words))) continue
    await own.remove(id)
    gone++
  }
  return gone
}

/** Whatever the case of the letters; a word may lie across two pieces of the file. */
async function holds(place: string, words: readonly string[]): Promise<boolean> {
  const wanted = words.map((word) => word.toLowerCase())
  const longest = Math.max(0, ...wanted.map((word) => word.length))
  let rest = ''
  for await (const piece of createReadStream(place, 'utf8')) {
    const text = rest + String(piece).toLowerCase()
    if (wanted.some((word) => text.includes(word))) return true
    rest = text.slice(-longest)
  }
  return false
}
