import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import type { Tx } from '../database/postgres.ts'
import { type FileArchive, filesOf } from './file-archive.ts'
import { isObject, type Parsed, parse, refused } from './lines.ts'

/** Files of an organisation that is coming in: each goes to storage as its lines arrive. */
export interface FileReceiver {
  /** @param line the one that announces a file; its bytes are taken from `next`. */
  receive(line: Parsed): Promise<void>
  /** @param told how many files there were. @throws InvalidError when one has no content. */
  check(told: unknown): Promise<void>
}

/** @param next gives the following line, null behind the last. @param put gets the ids that storage has. */
export function createFileReceiver(
  archive: FileArchive,
  tx: Tx,
  next: () => Promise<string | null>,
  put: string[],
): FileReceiver {
  const seen = new Set<string>()

  return {
    async receive(line) {
      const { id, type, size, missing } = line['file'] as Parsed
      if (typeof id !== 'string') throw refused('A file has no id.')
      if (seen.has(id)) throw refused(`The file ${id} comes twice.`)
      seen.add(id)
      if (missing === true) return
      if (typeof type !== 'string' || !Number.isSafeInteger(size))
        throw refused(`The file ${id} has no type or size.`)
      const content = { isWhole: false }
      put.push(id)
      const bytes = Readable.from(contentOf(id, size as number, next, content))
      const isKnown = await archive.put({ id, type, size: size as number, content: bytes }, tx)
      if (!isKnown) throw refused(`The file ${id} is content of nothing.`)
      if (!content.isWhole) throw refused(`The file ${id} was not kept whole.`)
    },
    async check(told) {
      if (seen.size !== (told ?? 0))
        throw refused(`There should be ${String(told ?? 0)} files and are ${seen.size}.`)
      for await (const { id } of filesOf(archive, tx))
        if (!seen.has(id)) throw refused(`The content of the file ${id} is missing.`)
    },
  }
}

async function* contentOf(
  id: string,
  size: number,
  next: () => Promise<string | null>,
  content: { isWhole: boolean },
): AsyncIterable<Buffer> {
  const hash = createHash('sha256')
  let length = 0
  for (;;) {
    const text = await next()
    if (text === null) throw refused('The file ends too early: it was cut short.')
    const { part, fileEnd } = parse(text)
    if (typeof part === 'string') {
      const bytes = Buffer.from(part, 'base64')
      length += bytes.length
      if (length > size) break
      hash.update(bytes)
      yield bytes
      continue
    }
    if (!isObject(fileEnd)) break
    if (length !== size || fileEnd['sha256'] !== hash.digest('hex')) break
    content.isWhole = true
    return
  }
  throw refused(`The content of the file ${id} is not what it was: a part is missing or changed.`)
}
