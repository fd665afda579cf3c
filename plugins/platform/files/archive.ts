import { randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { ForbiddenError, type HandlerContext, NotFoundError } from '@runwaycrm/sdk'
import { storeOf } from './disk.ts'
import { findFiles } from './stored-file.ts'

/** What an organisation that leaves takes along. The kernel asks, and nobody else. */
interface KeptFile {
  readonly id: string
  readonly type: string
  readonly size: number
}

/** At most a thousand, by id; those that have content. */
export async function list(
  { after }: { readonly after: string | null },
  ctx: HandlerContext,
): Promise<readonly KeptFile[]> {
  assertPlatform(ctx)
  const where = { state: ['clean', 'pending'], ...(after === null ? {} : { id: { $gt: after } }) }
  const rows = await ctx.tables.select('file', { where, sort: 'id' })
  return rows.map(({ id, type, size }) => ({ id, type: String(type), size: Number(size) }))
}

/** @returns null when storage has lost it. */
export async function openContent(
  { id }: { readonly id: string },
  ctx: HandlerContext,
): Promise<Readable | null> {
  assertPlatform(ctx)
  try {
    return await (await storeOf(ctx)).open(id)
  } catch (error) {
    if (error instanceof NotFoundError) return null
    throw error
  }
}

/** The content of a row that is there already. @returns false when there is none. */
export async function put(
  { id, type, content }: KeptFile & { readonly content: Readable },
  ctx: HandlerContext,
): Promise<boolean> {
  assertPlatform(ctx)
  const file = (await findFiles(ctx, [id])).get(id)
  if (!file) {
    content.destroy()
    return false
  }
  const place = path.join(tmpdir(), `runway-${randomUUID()}`)
  try {
    await pipeline(content, createWriteStream(place, { flags: 'wx', mode: 0o600 }))
    await (await storeOf(ctx)).take(place, id, type)
  } finally {
    await rm(place, { force: true })
  }
  if (file.state === 'pending') await ctx.jobs.enqueue('scan', { id })
  return true
}

/** Content whose rows will never be. */
export async function discard(
  { ids }: { readonly ids: readonly string[] },
  ctx: HandlerContext,
): Promise<void> {
  assertPlatform(ctx)
  const store = await storeOf(ctx)
  for (const id of ids) await store.remove(id)
}

/** @throws ForbiddenError for whoever acts in an organisation: here nobody asks what they may read. */
export function assertPlatform(ctx: HandlerContext): void {
  if (ctx.principal.type === 'system') return
  throw new ForbiddenError('Only the platform itself moves and erases files.')
}
