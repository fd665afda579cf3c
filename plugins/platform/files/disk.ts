import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { type HandlerContext, NotFoundError, StorageFullError } from '@runwaycrm/sdk'
import { Disk } from 'flydrive'
import { FSDriver } from 'flydrive/drivers/fs'

/** Where the bytes of files are: a folder, or a bucket that speaks S3. */
export interface FileStore {
  /** Takes a file of this machine over. @throws StorageFullError */
  take(path: string, id: string, type: string): Promise<void>
  /** @throws NotFoundError */
  open(id: string): Promise<Readable>
  remove(id: string): Promise<void>
}

const disks = new Map<string, Promise<Disk>>()

/** The files of one organisation; nobody else's can be named. */
export async function storeOf(ctx: HandlerContext): Promise<FileStore> {
  const url = ctx.environment('RUNWAY_FILES_URL')
  if (url === null) throw new Error('RUNWAY_FILES_URL says nowhere to keep files.')
  let opening = disks.get(url)
  if (!opening) {
    opening = openDisk(url)
    disks.set(url, opening)
  }
  const disk = await opening
  const keyOf = (id: string) => `${ctx.org.id}/${id}`
  return {
    async take(path, id, type) {
      try {
        await disk.moveFromFs(path, keyOf(id), { contentType: type })
      } catch (error) {
        await disk.delete(keyOf(id)).catch(() => {})
        if (codeOf(error) !== 'ENOSPC') throw error
        throw new StorageFullError(undefined, { cause: error })
      }
    },
    async open(id) {
      if (!(await disk.exists(keyOf(id)))) throw new NotFoundError('There is no such file.')
      return disk.getStream(keyOf(id))
    },
    remove: (id) => disk.delete(keyOf(id)),
  }
}

/**
 * @param text `file:///folder`, or `s3://[key:secret@]bucket?region=…&endpoint=…`. Without keys in it the
 *   usual sources of AWS apply: variables, profiles, the role of the machine.
 */
export async function openDisk(text: string): Promise<Disk> {
  const url = new URL(text)
  if (url.protocol === 'file:') {
    return new Disk(new FSDriver({ location: fileURLToPath(url), visibility: 'private' }))
  }
  const { S3Driver } = await import('flydrive/drivers/s3')
  const endpoint = url.searchParams.get('endpoint')
  const credentials = url.username
    ? {
        credentials: {
          accessKeyId: decodeURIComponent(url.username),
          secretAccessKey: decodeURIComponent(url.password),
        },
      }
    : {}
  return new Disk(
    new S3Driver({
      bucket: url.hostname,
      region: url.searchParams.get('region') ?? 'us-east-1',
      ...(endpoint === null ? {} : { endpoint, forcePathStyle: true }),
      ...credentials,
      visibility: 'private',
      supportsACL: false,
    }),
  )
}

function codeOf(error: unknown): unknown {
  const { code, cause } = error as { readonly code?: unknown; readonly cause?: unknown }
  return cause === undefined ? code : codeOf(cause)
}
