import type { Readable } from 'node:stream'
import type { HandlerContext } from '@runwaycrm/sdk'
import { storeOf } from './disk.ts'
import { factsOf, findFiles } from './stored-file.ts'

/** What a plugin offers as the service `fileScanner`, version 1. */
interface FileScanner {
  /** @returns the name of what was found, or null. */
  scan(file: {
    readonly name: string
    readonly type: string
    readonly size: number
    readonly content: Readable
  }): Promise<{ readonly found: string | null }>
}

/** Whether files wait for a scanner before anybody gets them. */
export function hasScanner(ctx: HandlerContext): boolean {
  return scannerOf(ctx) !== null
}

/** A job: until it has said that the file is clean, nobody reads it. */
export async function scan({ id }: { readonly id: string }, ctx: HandlerContext): Promise<void> {
  const file = (await findFiles(ctx, [id])).get(id)
  if (file?.state !== 'pending') return
  const scanner = scannerOf(ctx)
  // A scanner that is gone while files wait lets them through, as it would new ones.
  const found = scanner ? await look(ctx, scanner, file) : null
  await ctx.tables.update(
    'file',
    { id },
    { state: found === null ? 'clean' : 'infected', verdict: found },
  )
  if (found === null) return
  ctx.log.warn('an infected file is kept from everybody', { file: id, found })
  await (await storeOf(ctx)).remove(id)
}

async function look(
  ctx: HandlerContext,
  scanner: FileScanner,
  file: Parameters<typeof factsOf>[0],
): Promise<string | null> {
  const content = await (await storeOf(ctx)).open(file.id)
  try {
    const { found } = await scanner.scan({ ...factsOf(file), content })
    return found
  } finally {
    content.destroy()
  }
}

function scannerOf(ctx: HandlerContext): FileScanner | null {
  try {
    return ctx.services.get<FileScanner>('fileScanner', 1)
  } catch {
    return null
  }
}
