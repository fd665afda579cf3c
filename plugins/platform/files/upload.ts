import { randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import {
  type HandlerContext,
  InvalidError,
  type RouteReply,
  type RouteRequest,
} from '@runwaycrm/sdk'
import { storeOf } from './disk.ts'
import { hasScanner } from './scan.ts'
import { sniff } from './sniff.ts'
import { factsOf, fileName, type StoredFile, uploaderOf, urlOf } from './stored-file.ts'
import { release, reserve } from './total.ts'

/** Takes one file in. Nothing holds it yet, so only its uploader may read it. */
export async function upload(request: RouteRequest, ctx: HandlerContext): Promise<RouteReply> {
  const { upload: given } = request
  if (!given)
    throw new InvalidError('Send the file as multipart form data with the part `file`.', {
      errors: [{ path: 'file', code: 'REQUIRED', message: 'No file was sent.' }],
    })
  const file = await keep(ctx, given)
  return { status: 201, body: { ...factsOf(file), url: urlOf(file.id) } }
}

/** For other plugins: a file made by code, e.g. a quote as PDF. It belongs to the principal. */
export async function storeText(
  given: { readonly name: string; readonly content: string | Uint8Array | Readable },
  ctx: HandlerContext,
) {
  const place = path.join(tmpdir(), `runway-${randomUUID()}`)
  try {
    const whole = typeof given.content === 'string' || given.content instanceof Uint8Array
    const source = whole ? Readable.from([given.content]) : (given.content as Readable)
    const target = createWriteStream(place, { flags: 'wx', mode: 0o600 })
    await pipeline(source, target)
    const file = await keep(ctx, { path: place, name: given.name, size: target.bytesWritten })
    return { ...factsOf(file), url: urlOf(file.id) }
  } finally {
    await rm(place, { force: true })
  }
}

async function keep(
  ctx: HandlerContext,
  given: { readonly path: string; readonly name: string; readonly size: number },
): Promise<StoredFile> {
  const { type, size: pixels } = await sniff(given.path)
  await reserve(ctx, given.size)
  const id = randomUUID()
  const store = await storeOf(ctx)
  const isScanned = hasScanner(ctx)
  const values = {
    name: fileName(given.name),
    type,
    size: given.size,
    width: pixels?.width ?? null,
    height: pixels?.height ?? null,
    state: isScanned ? 'pending' : 'clean',
    ...uploaderOf(ctx.principal),
  } as const
  try {
    // The row first: bytes without a row would be found by nobody.
    await ctx.tables.insert('file', [{ id, ...values, uploadedAt: ctx.now.toISOString() }])
    await store.take(given.path, id, type)
    if (isScanned) await ctx.jobs.enqueue('scan', { id })
  } catch (error) {
    await ctx.tables.delete('file', { id })
    await release(ctx, 1, given.size)
    throw error
  }
  return { id, ...values }
}
