import { createHash, randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { MultipartFile } from '@fastify/multipart'
import {
  BadJsonError,
  InvalidError,
  type RouteRequest,
  StorageFullError,
  TooLargeError,
  UnsupportedMediaTypeError,
} from '@runwaycrm/sdk'
import type { FastifyRequest } from 'fastify'
import { isStorable } from './json-body.ts'

export type UploadedFile = NonNullable<RouteRequest['upload']>

export interface Upload {
  /** Null when the form had no file. */
  readonly file: UploadedFile | null
  readonly fields: Readonly<Record<string, string>>
  /** Of the file and the fields together. */
  readonly digest: string
  /** Removes the file from the disk. */
  dispose(): Promise<void>
}

export const uploadParts = { fields: 20, files: 1, fieldSize: 1_048_576, fieldNameSize: 100 }

/** What may stand around the file: every field at its largest, and a MiB of frames. */
const besideBytes = uploadParts.fields * uploadParts.fieldSize + 1_048_576

const tooLarge = (limitBytes: number) =>
  new TooLargeError(
    `The file is larger than uploads may be: ${Math.floor(limitBytes / 1_048_576)} MiB at most.`,
  )

/**
 * Streams the one file of a multipart request to a folder; nothing of it is held in memory.
 * @throws UnsupportedMediaTypeError, TooLargeError, StorageFullError, InvalidError
 */
export async function receiveUpload(
  request: FastifyRequest,
  folder: string,
  limitBytes: number,
): Promise<Upload> {
  if (!request.isMultipart()) {
    throw new UnsupportedMediaTypeError('Send the file as multipart/form-data.')
  }
  if (Number(request.headers['content-length']) > limitBytes + besideBytes) {
    leaveRest(request.raw)
    throw tooLarge(limitBytes)
  }
  const fields: Record<string, string> = Object.create(null)
  const digest = createHash('sha256')
  let file: UploadedFile | null = null
  const path = join(folder, `upload-${randomUUID()}`)
  const dispose = () => rm(path, { force: true })
  try {
    for await (const part of request.parts()) {
      if (part.type === 'file') file = await save(part, path, digest, limitBytes)
      else {
        const value = String(part.value)
        if (part.valueTruncated || part.fieldnameTruncated) throw new TooLargeError()
        if (!isStorable(value) || !isStorable(part.fieldname)) throw unstorable(part.fieldname)
        fields[part.fieldname] = value
        digest.update(`\0${part.fieldname}\0${value}`)
      }
    }
  } catch (error) {
    await dispose()
    leaveRest(request.raw)
    throw isUnreadable(error) ? unreadable(error) : error
  }
  if (file) file = { ...file, fields }
  return { file, fields, digest: digest.digest('base64url'), dispose }
}

/** What the parser of forms throws is a plain Error: the form ended early, or has no boundary. */
function isUnreadable(error: unknown): error is Error {
  return error instanceof Error && error.constructor === Error && !('code' in error)
}

function unreadable(cause: Error) {
  if (cause.message.includes('Boundary not found')) {
    return new UnsupportedMediaTypeError(
      'Send the file as multipart/form-data, with the boundary in Content-Type.',
      { cause },
    )
  }
  return new BadJsonError('The form cannot be read: it is no multipart/form-data, or ends early.', {
    cause,
  })
}

/** As much is read on after a refusal, and for so long, so that the sender sees the answer. */
const rest = { bytes: 8_388_608, ms: 2_000 }

/**
 * A body that is read by nobody any more would leave the connection neither free nor closed, and one of
 * 5 GB is not read to its end either: what is short is taken, and a sender that goes on is cut off.
 */
function leaveRest(raw: IncomingMessage): void {
  raw.unpipe()
  const timer = setTimeout(() => raw.destroy(), rest.ms)
  timer.unref()
  let left = rest.bytes
  raw.on('data', (chunk: Buffer) => {
    left -= chunk.length
    if (left < 0) raw.pause()
  })
  const done = () => clearTimeout(timer)
  raw.once('end', done).once('close', done)
  raw.resume()
}

async function save(
  part: MultipartFile,
  path: string,
  digest: ReturnType<typeof createHash>,
  limitBytes: number,
): Promise<UploadedFile> {
  let size = 0
  // The file ends with the body; nobody waits for that once it is too much.
  part.file.once('limit', () => part.file.destroy(tooLarge(limitBytes)))
  await mkdir(join(path, '..'), { recursive: true, mode: 0o700 })
  try {
    await pipeline(
      part.file,
      async function* count(chunks) {
        for await (const chunk of chunks) {
          size += (chunk as Buffer).length
          digest.update(chunk as Buffer)
          yield chunk
        }
      },
      createWriteStream(path, { flags: 'wx', mode: 0o600 }),
    )
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
    throw new StorageFullError(undefined, { cause: error })
  }
  if (part.file.truncated) throw tooLarge(limitBytes)
  return { path, name: plainName(part.filename), type: part.mimetype, size, fields: {} }
}

/** A name to show; never part of a path. */
function plainName(name: string): string {
  const last = name.toWellFormed().replaceAll('\0', '').split(/[/\\]/).pop() ?? ''
  return last.slice(0, 200)
}

function unstorable(path: string) {
  const message = 'The text has characters that cannot be stored.'
  return new InvalidError(undefined, {
    errors: [{ path: path.toWellFormed().replaceAll('\0', ''), code: 'BAD_FORMAT', message }],
  })
}
