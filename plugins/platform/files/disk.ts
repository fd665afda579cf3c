import { createReadStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type HandlerContext, NotFoundError, StorageFullError } from '@runwaycrm/sdk'
import { Disk } from 'flydrive'
import { FSDriver } from 'flydrive/drivers/fs'
import { bucketError, isMissing, isPassing } from './bucket-errors.ts'

/** Where the bytes of files are: a folder, or a bucket that speaks S3. */
export interface FileStore {
  /** Takes a file of this machine over. @throws StorageFullError, InternalError */
  take(path: string, id: string, type: string): Promise<void>
  /** @throws NotFoundError, InternalError */
  open(id: string): Promise<Readable>
  /** What is not there is gone already. @throws InternalError */
  remove(id: string): Promise<void>
}

/** A folder or a bucket. */
interface Place {
  readonly disk: Disk
  /** Where it is, for the log; null for a folder. */
  readonly bucket: string | null
}

const places = new Map<string, Promise<Place>>()
/** A stream cannot be sent again by the driver, so what passes is waited for here. */
const attempts = 3

/** The files of one organisation; nobody else's can be named. */
export async function storeOf(ctx: HandlerContext): Promise<FileStore> {
  const url = ctx.environment('RUNWAY_FILES_URL')
  if (url === null) throw new Error('RUNWAY_FILES_URL says nowhere to keep files.')
  let opening = places.get(url)
  if (!opening) {
    opening = openPlace(url)
    places.set(url, opening)
  }
  const { disk, bucket } = await opening
  const keyOf = (id: string) => `${ctx.org.id}/${id}`
  const known = (error: unknown) => (bucket === null ? error : bucketError(bucket, error))
  return {
    async take(path, id, type) {
      for (let attempt = 1; ; attempt++) {
        const source = createReadStream(path)
        try {
          await disk.putStream(keyOf(id), source, { contentType: type })
          break
        } catch (error) {
          if (bucket !== null && attempt < attempts && isPassing(error)) {
            await sleep(100 * 2 ** attempt, undefined, { signal: ctx.signal })
            continue
          }
          await disk.delete(keyOf(id)).catch(() => {})
          if (codeOf(error) !== 'ENOSPC') throw known(error)
          throw new StorageFullError(undefined, { cause: error })
        } finally {
          source.destroy()
        }
      }
      await rm(path, { force: true })
    },
    async open(id) {
      // A folder opens its file only when somebody reads.
      if (bucket === null && !(await disk.exists(keyOf(id)))) throw missing()
      try {
        return await disk.getStream(keyOf(id))
      } catch (error) {
        throw bucket !== null && isMissing(error) ? missing() : known(error)
      }
    },
    async remove(id) {
      try {
        await disk.delete(keyOf(id))
      } catch (error) {
        throw known(error)
      }
    },
  }
}

/**
 * @param text `file:///folder`, or `s3://[key:secret@]bucket?region=…&endpoint=…`. Without keys in it the
 *   usual sources of AWS apply: variables, profiles, the role of the machine.
 */
async function openPlace(text: string): Promise<Place> {
  const url = new URL(text)
  if (url.protocol === 'file:') {
    const driver = new FSDriver({ location: fileURLToPath(url), visibility: 'private' })
    return { disk: new Disk(driver), bucket: null }
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
  // Stores that are not Amazon's know neither hosts by bucket nor checksums that come behind the body.
  const compatible = {
    forcePathStyle: true,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  } as const
  const driver = new S3Driver({
    bucket: url.hostname,
    region: url.searchParams.get('region') ?? 'us-east-1',
    ...(endpoint === null ? {} : { endpoint, ...compatible }),
    ...credentials,
    // Without these a store that does not answer holds its request for ever, and 50 slow readers everybody's.
    requestHandler: {
      connectionTimeout: 5_000,
      socketTimeout: 60_000,
      httpAgent: { maxSockets: 500 },
      httpsAgent: { maxSockets: 500 },
    },
    // What goes wrong is told once, by whoever asked; the client would tell the console as well.
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    visibility: 'private',
    supportsACL: false,
  })
  const at = endpoint === null ? '' : ` at ${new URL(endpoint).host}`
  return { disk: new Disk(driver), bucket: `${url.hostname}${at}` }
}

const missing = () => new NotFoundError('There is no such file.')

function codeOf(error: unknown): unknown {
  const { code, cause } = error as { readonly code?: unknown; readonly cause?: unknown }
  return cause === undefined ? code : codeOf(cause)
}
