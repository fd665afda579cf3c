import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import {
  type HandlerContext,
  NotFoundError,
  type RouteReply,
  type RouteRequest,
} from '@runwaycrm/sdk'
import sharp from 'sharp'
import { readableFile } from './content.ts'
import { type FileStore, storeOf } from './disk.ts'
import { pictureTypes } from './sniff.ts'
import type { StoredFile } from './stored-file.ts'

/** The longer side in px: in a row, and on the page of a record. Kept beside the file, each in its own. */
const sizes = [96, 480] as const
type Size = (typeof sizes)[number]

/** A picture is unpacked to be made small, so a bomb is not even begun. */
const limits = { bytes: 30 * 1024 * 1024, pixels: 50_000_000, seconds: 10 } as const

// Pictures come one after the other: a table full of them must not take every core and all memory.
sharp.concurrency(1)
sharp.cache(false)
let last: Promise<unknown> = Promise.resolve()
const making = new Map<string, Promise<Buffer>>()

/**
 * A picture in small as WebP, for whoever may read the file; made when somebody first asks for it.
 *
 * @throws NotFoundError when the file is no picture, too large, or cannot be drawn.
 */
export async function thumbnail(request: RouteRequest, ctx: HandlerContext): Promise<RouteReply> {
  const file = await readableFile(ctx, request.params['id'] ?? '')
  const size = (
    Number(request.query['size'] ?? sizes[1]) === sizes[0] ? sizes[0] : sizes[1]
  ) as Size
  if (!pictureTypes.has(file.type) || isTooLarge(file)) throw none()
  const store = await storeOf(ctx)
  const small = (await kept(store, file.id, size)) ?? (await made(store, file, size))
  return {
    status: 200,
    headers: { etag: `"${keyOf(file.id, size)}"` },
    file: {
      name: `${file.name}.webp`,
      type: 'image/webp',
      size: small.length,
      isInline: true,
      open: async () => Readable.from([small]),
    },
  }
}

/** With the file itself go its small ones. */
export async function removeThumbnails(store: FileStore, id: string, type: string): Promise<void> {
  if (pictureTypes.has(type)) for (const size of sizes) await store.remove(keyOf(id, size))
}

const keyOf = (id: string, size: Size): string => `${id}-${size}`
const none = (cause?: unknown) =>
  new NotFoundError('There is no small picture of this file.', cause === undefined ? {} : { cause })

function isTooLarge({ size, width, height }: StoredFile): boolean {
  return Number(size) > limits.bytes || (width ?? 0) * (height ?? 0) > limits.pixels
}

async function kept(store: FileStore, id: string, size: Size): Promise<Buffer | null> {
  try {
    return await buffer(await store.open(keyOf(id, size)))
  } catch (error) {
    if (error instanceof NotFoundError) return null
    throw error
  }
}

/** Two who ask at once get one. */
function made(store: FileStore, file: StoredFile, size: Size) {
  const key = keyOf(file.id, size)
  const known = making.get(key)
  if (known) return known
  const work = last.then(async () => {
    const small = await draw(await buffer(await store.open(file.id)), size)
    const place = path.join(tmpdir(), `runway-${randomUUID()}`)
    await writeFile(place, small, { flag: 'wx', mode: 0o600 })
    await store.take(place, key, 'image/webp')
    return small
  })
  last = work.catch(() => {})
  making.set(key, work)
  void work.catch(() => {}).finally(() => making.delete(key))
  return work
}

async function draw(picture: Buffer, size: Size): Promise<Buffer> {
  try {
    return await sharp(picture, { limitInputPixels: limits.pixels, failOn: 'error' })
      .autoOrient()
      .resize(size, size, { fit: 'inside', withoutEnlargement: true })
      .webp({ quality: 78 })
      .timeout({ seconds: limits.seconds })
      .toBuffer()
  } catch (cause) {
    throw none(cause)
  }
}
