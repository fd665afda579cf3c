import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'
import type { FileArchive } from './file-archive.ts'
import { type KeptFile, partBytes } from './org-file.ts'

/**
 * Writes the bytes of files, piece by piece.
 *
 * @throws Error when storage has other bytes than were uploaded.
 */
export async function writeFiles(
  files: readonly KeptFile[],
  { open }: Pick<FileArchive, 'open'>,
  write: (line: string) => Promise<void>,
  onProgress: (done: number) => void = () => {},
): Promise<void> {
  for (const [index, file] of files.entries()) {
    const content = await open(file.id)
    if (content) await writeContent(file, content, write)
    else await write(JSON.stringify({ file: { id: file.id, missing: true } }))
    onProgress(index + 1)
  }
}

async function writeContent(
  { id, type, size }: KeptFile,
  content: Readable,
  write: (line: string) => Promise<void>,
): Promise<void> {
  await write(JSON.stringify({ file: { id, type, size } }))
  const hash = createHash('sha256')
  let length = 0
  for await (const part of partsOf(content)) {
    hash.update(part)
    length += part.length
    await write(`{"part":"${part.toString('base64')}"}`)
  }
  if (length !== size)
    throw new Error(`Of the file ${id}, storage has ${length} bytes and should have ${size}.`)
  await write(JSON.stringify({ fileEnd: { sha256: hash.digest('hex') } }))
}

/** The bytes in pieces of one length, but for the last. */
async function* partsOf(content: Readable): AsyncIterable<Buffer> {
  let waiting: Buffer[] = []
  let length = 0
  for await (const chunk of content as AsyncIterable<Buffer>) {
    waiting.push(chunk)
    length += chunk.length
    if (length < partBytes) continue
    const bytes = Buffer.concat(waiting)
    let at = 0
    for (; at + partBytes <= bytes.length; at += partBytes) yield bytes.subarray(at, at + partBytes)
    waiting = [bytes.subarray(at)]
    length = bytes.length - at
  }
  if (length > 0) yield Buffer.concat(waiting)
}
