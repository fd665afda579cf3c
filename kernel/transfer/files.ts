import { once } from 'node:events'
import { createReadStream, createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'

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
  try {
    const answer = await work(async (line) => {
      if (!gzip.write(`${line}\n`)) await Promise.race([once(gzip, 'drain'), done])
    })
    gzip.end()
    await done
    await rename(unfinished, path)
    return answer
  } catch (error) {
    gzip.destroy()
    await rm(unfinished, { force: true })
    throw error
  }
}

/** @returns the lines of a gzipped file. */
export async function* readLines(path: string): AsyncIterable<string> {
  const gunzip = createGunzip()
  const source = createReadStream(path)
  source.on('error', (error) => gunzip.destroy(error))
  source.pipe(gunzip)
  for await (const line of createInterface({
    input: gunzip,
    crlfDelay: Number.POSITIVE_INFINITY,
  })) {
    if (line !== '') yield line
  }
}
