import { createReadStream } from 'node:fs'
import type { PluginFiles } from './files.ts'

interface FilesOfPlugin {
  readonly plugin: string
  readonly ids: readonly string[]
}

/** Those files of plugins that hold one of the words. */
export async function filesNaming(
  files: PluginFiles,
  orgId: string,
  named: readonly FilesOfPlugin[],
  words: readonly string[],
): Promise<readonly FilesOfPlugin[]> {
  const found: FilesOfPlugin[] = []
  for (const { plugin, ids } of named) {
    const own = files.of(orgId, plugin)
    const naming: string[] = []
    for (const id of ids) {
      const place = await own.path(id).catch(() => null)
      if (place !== null && (await holds(place, words))) naming.push(id)
    }
    if (naming.length > 0) found.push({ plugin, ids: naming })
  }
  return found
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
