import type { HandlerContext } from '@runwaycrm/sdk'
import { type FileStore, storeOf } from './disk.ts'
import { holdingOf, usesOf } from './may-read.ts'
import { removeThumbnails } from './thumbnail.ts'
import { release } from './total.ts'

const dayMs = 86_400_000
const pageSize = 500

/**
 * Removes files that no record has held within a day of their upload, and those whose records are gone
 * for good. A record that merely let go of a file, or is deleted and may come back, keeps it: taking the
 * change back must bring the file back.
 */
export async function sweep(_input: unknown, ctx: HandlerContext): Promise<{ removed: number }> {
  const store = await storeOf(ctx)
  const before = new Date(ctx.now.getTime() - dayMs).toISOString()
  let removed = 0
  for (let after = ''; ; ) {
    const where = { uploadedAt: { $lt: before }, ...(after === '' ? {} : { id: { $gt: after } }) }
    const rows = await ctx.tables.select('file', { where, sort: 'id', limit: pageSize })
    for (const { id, size, type } of rows) {
      if (await isNeeded(ctx, id)) continue
      await removeFile(ctx, store, { id, size: Number(size), type: String(type) })
      removed += 1
    }
    if (rows.length < pageSize) return { removed }
    after = rows.at(-1)!.id
  }
}

/** Its bytes first: a row without them is found again, bytes without a row are not. */
export async function removeFile(
  ctx: HandlerContext,
  store: FileStore,
  { id, size, type }: { readonly id: string; readonly size: number; readonly type: string },
): Promise<void> {
  await removeThumbnails(store, id, type)
  await store.remove(id)
  await ctx.tables.delete('use', { file: id })
  await ctx.tables.delete('file', { id })
  await release(ctx, 1, Number(size))
}

async function isNeeded(ctx: HandlerContext, file: string): Promise<boolean> {
  for (const use of await usesOf(ctx, file)) {
    if ((await holdingOf(ctx, use)) !== 'none') return true
  }
  return false
}
