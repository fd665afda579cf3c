import { type HandlerContext, StorageFullError, TooLargeError } from '@runwaycrm/sdk'

interface Limits {
  readonly maxFiles: number
  readonly maxGigabytes: number
}

/**
 * Counts a file in before it is kept, so that two uploads at once cannot both be the last that fits.
 *
 * @throws TooLargeError when the organisation has no room left.
 */
export async function reserve(ctx: HandlerContext, bytes: number): Promise<void> {
  const { maxFiles, maxGigabytes } = await ctx.settings<Limits>('limits')
  await change(ctx, (total) => {
    const next = { files: total.files + 1, bytes: total.bytes + bytes }
    if (next.files > maxFiles)
      throw new TooLargeError(`There are ${maxFiles} files already, which is all there may be.`)
    if (next.bytes > maxGigabytes * 1e9)
      throw new TooLargeError(`With this file there would be more than ${maxGigabytes} GB.`)
    return next
  })
}

export async function release(ctx: HandlerContext, files: number, bytes: number): Promise<void> {
  await change(ctx, (total) => ({
    files: Math.max(0, total.files - files),
    bytes: Math.max(0, total.bytes - bytes),
  }))
}

interface Total {
  readonly files: number
  readonly bytes: number
}
const name = 'stored'

/** Writes only what nobody else has changed in between, and tries again otherwise. */
async function change(ctx: HandlerContext, next: (total: Total) => Total): Promise<void> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const [row] = await ctx.tables.select('total', { where: { name }, limit: 1 })
    if (!row) {
      await insertFirst(ctx)
      continue
    }
    const { id, files, bytes } = row as unknown as Total & { readonly id: string }
    const changed = await ctx.tables.update(
      'total',
      { id, files, bytes },
      { ...next({ files, bytes }) },
    )
    if (changed === 1) return
  }
  throw new StorageFullError('Too many uploads at once; try again.')
}

async function insertFirst(ctx: HandlerContext): Promise<void> {
  try {
    await ctx.tables.insert('total', [{ name, files: 0, bytes: 0 }])
  } catch (error) {
    // Somebody else was first.
    const [row] = await ctx.tables.select('total', { where: { name }, limit: 1 })
    if (!row) throw error
  }
}
