import { once } from 'node:events'
import { createReadStream, createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'

/** Characters given to gzip at once: each write is a round trip to another thread. */
const chunkSize = 65_536

/**
 * Writes lines into a gzipped file, which stands there under its name once all of it does.
 *
 * @param work gets the function that takes a line.
 */
export async function writeLines<T>(
  path: string,
  work: (write: (line: string) => Promise<void>) => Promise<T>,
): Promise<T> {
  const unfinished = `${path}.part`
  const gzip = createGzip()
  // Others have no business in it.
  const done = pipeline(gzip, createWriteStream(unfinished, { mode: 0o600 }))
  done.catch(() => {})
  let chunk = ''
  try {
    const answer = await work(async (line) => {
      chunk += `${line}\n`
      if (chunk.length < chunkSize) return
      const isFull = !gzip.write(chunk)
      chunk = ''
      if (isFull) await Promise.race([once(gzip, 'drain'), done])
    })
    gzip.end(chunk)
    await done
    await rename(unfinished, path)
    return answer
  } catch (error) {
    gzip.destroy()
    await rm(unfinished, { force: true })
    throw error
  }
}

/**
 * @returns the lines of a gzipped file. Who stops early closes the file.
 * @throws when the file cannot be read or is not gzipped, at the line where that shows.
 */
export async function* readLines(path: string): AsyncIterable<string> {
  const gunzip = createGunzip()
  const unpacking = pipeline(createReadStream(path), gunzip)
  // Awaited below; until then a failure reaches the reader through the lines.
  unpacking.catch(() => {})
  const lines = createInterface({ input: gunzip, crlfDelay: Number.POSITIVE_INFINITY })
  try {
    for await (const line of lines) {
      if (line !== '') yield line
    }
    await unpacking
  } finally {
    lines.close()
    gunzip.destroy()
  }
}
