import { createWriteStream } from 'node:fs'
import { access, mkdir, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { NotFoundError, StorageFullError } from '@runwaycrm/sdk'

export interface ArchiveFiles {
  /** The whole file or none: a crash leaves nothing under the id. */
  write(orgId: string, id: string, content: AsyncIterable<string>): Promise<void>
  /** Where it is. @throws NotFoundError */
  path(orgId: string, id: string): Promise<string>
}

const idPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.ndjson$/

/** Files of erased values, beside those of plugins: `files/<org>/kernel/<id>` below the data folder. */
export function createArchiveFiles(dataDir: string): ArchiveFiles {
  const placeOf = (orgId: string, id: string) => {
    if (!idPattern.test(id)) throw new NotFoundError()
    return path.join(dataDir, 'files', orgId, 'kernel', id)
  }
  return {
    async write(orgId, id, content) {
      const place = placeOf(orgId, id)
      const part = `${place}.part`
      await mkdir(path.dirname(place), { recursive: true, mode: 0o700 })
      try {
        await pipeline(
          Readable.from(content),
          createWriteStream(part, { mode: 0o600, flush: true }),
        )
        await rename(part, place)
      } catch (error) {
        await rm(part, { force: true })
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
        throw new StorageFullError(undefined, { cause: error })
      }
    },
    async path(orgId, id) {
      const place = placeOf(orgId, id)
      try {
        await access(place)
      } catch (cause) {
        throw new NotFoundError(undefined, { cause })
      }
      return place
    },
  }
}
