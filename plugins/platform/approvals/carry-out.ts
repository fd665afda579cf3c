import { type HandlerContext, RunwayError } from '@runwaycrm/sdk'
import { type Asker, approvalEntity, findRequest, type RequestRow } from './request.ts'

/** The effects of an approved deed are known by it; the guard looks at nothing else to tell it apart. */
export const effectPrefix = 'approval:'

interface Actions {
  runAs(input: {
    readonly asker: Asker
    readonly action: string
    readonly input: unknown
    readonly effectKey: string
  }): Promise<{ readonly output: unknown } | { readonly approvalId: string }>
}

const leaseMs = 120_000

/**
 * Does what was approved, as whoever asked for it and with the rights that they have now. What reaches other systems
 * begins after all is written down, and is the same effect when it is begun again; all else is written together
 * with the note that it is done.
 *
 * @returns how it ended; null when somebody else does it now.
 */
export async function carryOut(
  plugin: HandlerContext,
  approval: string,
): Promise<RequestRow | null> {
  const row = await claim(plugin, approval)
  if (!row?.action) return null
  const isOutside = plugin.model.action(row.action)?.risk === 'external'
  try {
    if (isOutside) {
      const output = await run(plugin, row)
      return await plugin.transaction((inside) => settle(inside, row, { output }))
    }
    return await plugin.transaction(async (inside) => {
      const output = await run(inside, row)
      return settle(inside, row, { output })
    })
  } catch (error) {
    const isFinal = error instanceof RunwayError && error.status < 500
    if (!isFinal) {
      const free = { claimedUntil: null, granted: false }
      await plugin.tables.update('request', { id: row.id, settledAt: null }, free)
      throw error
    }
    const problem = { code: error.code, detail: error.message }
    return plugin.transaction((inside) => settle(inside, row, { problem }))
  }
}

/** What was approved will not be tried again. */
export async function giveUp(
  plugin: HandlerContext,
  approval: string,
  problem: { readonly code: string; readonly detail: string },
): Promise<void> {
  const row = await findRequest(plugin, approval)
  if (row?.status !== 'approved' || row.settledAt !== null) return
  await plugin.transaction((inside) => settle(inside, row, { problem }))
}

async function run(ctx: HandlerContext, row: RequestRow): Promise<unknown> {
  const answer = await ctx.services.get<Actions>('kernel.actions', 1).runAs({
    asker: row.asker,
    action: row.action as string,
    input: row.input,
    effectKey: `${effectPrefix}${row.approval}`,
  })
  if ('output' in answer) return answer.output
  throw new Error('The approved deed was not known again.')
}

async function claim(plugin: HandlerContext, approval: string): Promise<RequestRow | null> {
  const row = await findRequest(plugin, approval)
  if (row?.status !== 'approved' || row.settledAt !== null) return null
  const claimed = { claimedUntil: new Date(Date.now() + leaseMs).toISOString(), granted: true }
  const free = { id: row.id, status: 'approved', settledAt: null, claimedUntil: row.claimedUntil }
  if (row.claimedUntil !== null && Date.parse(row.claimedUntil) > Date.now()) return null
  const count = await plugin.tables.update('request', free, claimed)
  return count === 1 ? row : null
}

async function settle(
  inside: HandlerContext,
  row: RequestRow,
  {
    output = null,
    problem = null,
  }: { readonly output?: unknown; readonly problem?: RequestRow['problem'] },
): Promise<RequestRow> {
  const settledAt = new Date().toISOString()
  const values = { settledAt, granted: false, claimedUntil: null, output, problem }
  await inside.tables.update('request', { id: row.id, settledAt: null }, values)
  await inside.records.update(approvalEntity, row.approval, {
    outcome: problem ? 'failed' : 'done',
    problem: problem?.detail ?? null,
  })
  await inside.events.emit('settled', { approvalId: row.approval, status: row.status })
  return { ...row, ...values }
}
