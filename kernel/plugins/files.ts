import { randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { access, mkdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { pathToFileURL } from 'node:url'
import { type HandlerContext, NotFoundError, StorageFullError } from '@runwaycrm/sdk'

export interface PluginFiles {
  /** The files of one plugin in one organisation; nobody else's can be named. */
  of(orgId: string, plugin: string): HandlerContext['files']
}

const idPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(\.[a-z0-9]{1,8})?$/

/**
 * Files of plugins below the data folder, as `files/<org>/<plugin>/<id>`. Ids are made here and carry no
 * more of the given name than a plain extension, so no name of a user becomes a path.
 */
export function createFiles(dataDir: string): PluginFiles {
  return {
    of(orgId, plugin) {
      const folder = path.join(dataDir, 'files', orgId, plugin)
      const placeOf = (id: string) => {
        if (!idPattern.test(id)) throw new NotFoundError('There is no such file.')
        return path.join(folder, id)
      }
      return {
        async write(name, content) {
          const extension = /\.[a-z0-9]{1,8}$/.exec(name.toLowerCase())?.[0] ?? ''
          const id = `${randomUUID()}${extension}`
          const place = placeOf(id)
          await mkdir(folder, { recursive: true, mode: 0o700 })
          const isWhole = typeof content === 'string' || content instanceof Uint8Array
          const source = Readable.from(isWhole ? [content] : content)
          try {
            await pipeline(source, createWriteStream(place, { flags: 'wx', mode: 0o600 }))
          } catch (error) {
            await rm(place, { force: true })
            if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
            throw new StorageFullError(undefined, { cause: error })
          }
          return id
        },
        async path(id) {
          const place = placeOf(id)
          try {
            await access(place)
          } catch (error) {
            throw new NotFoundError('There is no such file.', { cause: error })
          }
          return place
        },
        async remove(id) {
          await rm(placeOf(id), { force: true })
        },
      }
    },
  }
}

/** Where uploads are kept when the operator says nothing else. */
export function filesUrlOf(config: {
  readonly filesUrl: string | null
  readonly dataDir: string
}): string {
  return config.filesUrl ?? pathToFileURL(path.join(config.dataDir, 'files')).href
}
