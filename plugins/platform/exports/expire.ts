import type { HandlerContext } from '@runwaycrm/sdk'
import { isOver, toRun } from './export-run.ts'

const atOnce = 200

/** Removes exports whose day is over, with their files. */
export async function expire(_payload: unknown, ctx: HandlerContext): Promise<void> {
  for (;;) {
    const rows = await ctx.tables.select('run', { sort: 'expiresAt', limit: atOnce })
    const over = rows.map(toRun).filter((run) => isOver(run, ctx.now))
    for (const run of over) {
      if (run.fileId !== null) await ctx.files.remove(run.fileId)
      await ctx.tables.delete('run', { id: run.id })
    }
    if (over.length < atOnce) return
  }
}
