import type { HandlerContext } from '@runwaycrm/sdk'
import { dropDefinitions } from './definitions.ts'
import type { StateRow } from './tables.ts'

interface Settings {
  readonly detailDays?: number
}

const usualDays = 90
const dayMs = 86_400_000
const atOnce = 200
const rowsAtOnce = 500
/** What is left, the next night takes. */
const mostRuns = 20_000

/**
 * Lets go of how runs went that ended long ago: their states, those of their parts, what their steps did, and
 * definitions that only they had. The record of a run stays as long as records do.
 */
export async function sweepRuns(_tick: unknown, ctx: HandlerContext): Promise<void> {
  const plugin = ctx.as(null)
  const { detailDays = usualDays } = await plugin.settings<Settings>('runs')
  const before = new Date(ctx.now.getTime() - detailDays * dayMs)
  const definitions = new Map<string, Pick<StateRow, 'workflow' | 'hash'>>()
  let after = new Date(0)
  for (let seen = 0; seen < mostRuns; ) {
    const rows = (await plugin.tables.select('state', {
      where: {
        ...{ whole: true, status: ['done', 'failed', 'cancelled'] },
        touchedAt: { $lt: before, $gte: after },
      },
      sort: 'touchedAt',
      limit: atOnce,
    })) as unknown as readonly StateRow[]
    const old = await withoutWaitedFor(plugin, rows)
    for (const { workflow, hash } of old) definitions.set(`${workflow} ${hash}`, { workflow, hash })
    await forget(plugin, old)
    seen += rows.length
    if (rows.length < atOnce) break
    const latest = new Date(rows.at(-1)?.touchedAt ?? 0)
    // Hundreds of the same moment that all wait: what is behind them has its turn when they are through.
    if (old.length === 0 && latest.getTime() === after.getTime()) break
    after = latest
  }
  await dropDefinitions(plugin, [...definitions.values()])
}

/** Without runs that another one, which is under way, looks at when it goes on. */
async function withoutWaitedFor(
  plugin: HandlerContext,
  rows: readonly StateRow[],
): Promise<readonly StateRow[]> {
  const parents = [...new Set(rows.flatMap(({ parent }) => parent ?? []))]
  if (parents.length === 0) return rows
  const where = { id: parents, status: ['ready', 'waiting', 'paused'] }
  const busy = new Set((await plugin.tables.select('state', { where })).map(({ id }) => id))
  return rows.filter(({ parent }) => parent === null || !busy.has(parent))
}

/** Few rows at a time, the row of the run last: stopped in between, the next time goes on with it. */
async function forget(plugin: HandlerContext, rows: readonly StateRow[]): Promise<void> {
  const runs = rows.map(({ run }) => run)
  if (runs.length === 0) return
  await forgetAll(plugin, 'step', { run: runs })
  await forgetAll(plugin, 'state', { run: runs, whole: false })
  const ids = rows.map(({ id }) => id)
  await plugin.tables.delete('wait', { state: ids })
  await plugin.tables.delete('state', { id: ids })
}

async function forgetAll(plugin: HandlerContext, table: 'step' | 'state', where: object) {
  for (;;) {
    plugin.signal.throwIfAborted()
    const some = await plugin.tables.select(table, { where: { ...where }, limit: rowsAtOnce })
    if (some.length === 0) return
    const ids = some.map(({ id }) => id)
    if (table === 'state') await plugin.tables.delete('wait', { state: ids })
    await plugin.tables.delete(table, { id: ids })
  }
}
