import type { FieldValues, HandlerContext } from '@runwaycrm/sdk'
import { hasEnded } from './run-state.ts'
import { runEntity, type StateRow } from './tables.ts'

interface Waiting {
  readonly ctx: HandlerContext
  readonly values: { readonly id: string } & FieldValues
  readonly settle: (error?: unknown) => void
}

const waiting = new Map<string, Waiting[]>()
const sending = new Set<string>()
const most = 500

/**
 * What people see of a run follows what it is. Told twice, it changes nothing. While one write of an organisation is
 * on its way, those that come meanwhile wait and go together.
 */
export function mirror(ctx: HandlerContext, row: StateRow): Promise<void> {
  const orgId = ctx.org.id
  return new Promise((resolve, reject) => {
    const settle = (error?: unknown) => (error === undefined ? resolve() : reject(error as Error))
    const entry = { ctx, values: shown(row), settle }
    const batch = waiting.get(orgId)
    if (batch) batch.push(entry)
    else waiting.set(orgId, [entry])
    if (!sending.has(orgId)) void send(ctx, orgId)
  })
}

/** Whoever sends is waited for by their own caller, so their context stays open meanwhile. */
async function send(ctx: HandlerContext, orgId: string): Promise<void> {
  sending.add(orgId)
  const batch = waiting.get(orgId) ?? []
  const later = batch.splice(most)
  if (later.length > 0) waiting.set(orgId, later)
  else waiting.delete(orgId)
  try {
    const latest = new Map(batch.map(({ values }) => [values.id, values]))
    // A record that somebody deleted fails alone; the run itself goes on without it.
    await ctx.records.bulk(runEntity, { update: [...latest.values()], atomic: false })
    for (const { settle } of batch) settle()
  } catch (error) {
    for (const { settle } of batch) settle(error)
  } finally {
    sending.delete(orgId)
    const [next] = waiting.get(orgId) ?? []
    if (next) void send(next.ctx, orgId)
  }
}

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
