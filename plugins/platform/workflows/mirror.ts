import { type HandlerContext, NotFoundError } from '@runwaycrm/sdk'
import { runEntity, type StateRow } from './tables.ts'

/** What people see of a run follows what it is. Told twice, it changes nothing. */
export async function mirror(ctx: HandlerContext, { run, data }: StateRow): Promise<void> {
  const { status, failure, waiting, step } = data
  const isOver = status === 'done' || status === 'failed' || status === 'cancelled'
  const values = {
    status: shownStatus(status, waiting?.for),
    step: isOver && status !== 'failed' ? null : step,
    error: status === 'failed' ? (failure?.message ?? null) : null,
    endedAt: isOver ? new Date().toISOString() : null,
  }
  await ctx.records.update(runEntity, run, values).catch((error: unknown) => {
    // Somebody deleted the record of the run; the run itself goes on.
    if (!(error instanceof NotFoundError)) throw error
  })
}

function shownStatus(status: StateRow['data']['status'], waitsFor?: string): string {
  if (status === 'ready' || (status === 'waiting' && waitsFor === 'parts')) return 'running'
  return status
}
