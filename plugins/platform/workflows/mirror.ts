import type { HandlerContext } from '@runwaycrm/sdk'
import { gather } from './gather.ts'
import { hasEnded } from './run-state.ts'
import { runEntity, type StateRow } from './tables.ts'

interface Shown {
  readonly ctx: HandlerContext
  readonly row: StateRow
}

const sendTogether = gather(async (all: readonly Shown[]) => {
  const latest = new Map(all.map(({ row }) => [row.run, shown(row)]))
  // A record that somebody deleted fails alone; the run itself goes on without it.
  await (all[0] as Shown).ctx.records.bulk(runEntity, {
    update: [...latest.values()],
    atomic: false,
  })
  return all.map(() => undefined)
}, 20)

/** What people see of a run follows what it is. Told twice, it changes nothing. */
export const mirror = (ctx: HandlerContext, row: StateRow): Promise<void> =>
  sendTogether(ctx.org.id, { ctx, row })

function shown({ run, data, touchedAt }: StateRow) {
  const { status, failure, waiting: wait, step } = data
  const isOver = hasEnded(data)
  return {
    id: run,
    status: shownStatus(status, wait?.for),
    step: isOver && status !== 'failed' ? null : step,
    error: status === 'failed' ? (failure?.message ?? null) : null,
    endedAt: isOver ? new Date(touchedAt).toISOString() : null,
  }
}

function shownStatus(status: StateRow['data']['status'], waitsFor?: string): string {
  if (status === 'ready' || (status === 'waiting' && waitsFor === 'parts')) return 'running'
  return status
}
