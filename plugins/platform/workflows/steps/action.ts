import { type ActionSummary, type HandlerContext, StateConflictError } from '@runwaycrm/sdk'
import type { WaitedEvent } from '../run-state.ts'
import {
  done,
  type StepCall,
  StepError,
  type StepExecutor,
  type StepResult,
  settingsOf,
  type Uses,
} from './step-call.ts'

interface ActionSettings {
  readonly action?: string
  readonly input?: Readonly<Record<string, unknown>>
}

/**
 * Any action of the model. What only reads and writes records is committed with the step's result. One that needs a yes
 * is only asked for here, together with the wait for it; whoever holds it back carries it out.
 */
export const action: StepExecutor = {
  where(call, ctx) {
    const { action: ref = '' } = (call.step.settings ?? {}) as ActionSettings
    const { risk, approval } = ctx.model.action(ref) ?? {}
    return risk === 'external' && approval !== 'always' ? 'outside' : 'inside'
  },
  async run(call, ctx) {
    const { action: ref, input = {} } = settingsOf<ActionSettings>(call)
    const info = ref === undefined ? null : ctx.model.action(ref)
    if (!ref || !info) {
      throw new StepError('NOT_FOUND', `No enabled plugin has the action "${ref ?? ''}".`)
    }
    const approvalId = decidedOn(call)
    if (approvalId !== null) return settled(ctx, approvalId)
    const { subject } = call.row
    const { on } = info
    const isImplied = on !== null && subject?.entity === on.entity && input[on.as] === undefined
    const whole = isImplied ? { ...input, [on.as]: on.multiple ? [subject.id] : subject.id } : input
    const shown = { action: ref, input: whole }
    const isOutside = info.risk === 'external'
    const uses = usesOf(info)
    if (call.isDryRun && isOutside) return { ...done({ assumed: true }), input: shown, uses }
    try {
      const output = await ctx.actions.run(ref, whole, { effectKey: call.effectKey })
      return { ...done(output), input: shown, uses }
    } catch (error) {
      const asked = error instanceof StateConflictError ? error.extra?.['approvalId'] : undefined
      if (typeof asked !== 'string') throw error
      if (call.isDryRun) return { ...done({ assumed: true }), input: shown, uses }
      return { ...(await settled(ctx, asked)), input: shown }
    }
  },
}

/** A mail is one of the mails of a run, whoever sends it. */
function usesOf({ cost, risk }: Pick<ActionSummary, 'cost' | 'risk'>): Uses {
  if (cost?.unit === 'mail') return { mails: cost.amount }
  return { cost, ...(risk === 'external' ? { requests: 1 } : {}) }
}

/** What the service `approvals` says of a deed that was held back. */
interface Approvals {
  outcome(input: { readonly approvalId: string }): Promise<ApprovalOutcome>
  cancel(input: { readonly run: string }): Promise<unknown>
}
type ApprovalOutcome =
  | { readonly status: string; readonly wait: Pick<WaitedEvent, 'event' | 'match'> }
  | {
      readonly status: string
      readonly wait?: undefined
      readonly output: unknown
      readonly problem: { readonly code: string; readonly detail: string } | null
      readonly comment: string | null
    }

/** The approval whose end woke the step. */
function decidedOn({ state: { resumed } }: StepCall): string | null {
  const { payload } = (resumed?.payload ?? {}) as { readonly payload?: { approvalId?: unknown } }
  return typeof payload?.approvalId === 'string' ? payload.approvalId : null
}

async function settled(ctx: HandlerContext, approvalId: string): Promise<StepResult> {
  const outcome = await approvalsOf(ctx).outcome({ approvalId })
  if (outcome.wait) {
    const event = { ...outcome.wait, record: null }
    return { outcome: { kind: 'wait', waiting: { for: 'event', until: null, event } } }
  }
  const { status, output, problem, comment } = outcome
  if (problem) throw new StepError(problem.code, problem.detail)
  if (status === 'approved') return done(output)
  const reason = comment ? `${status}: ${comment}` : status
  throw new StepError(status.toUpperCase(), `The approval ended as ${reason}.`)
}

const approvalsOf = (ctx: HandlerContext) => ctx.as(null).services.get<Approvals>('approvals', 1)

/** Nobody needs to decide for a run that has ended. */
export async function withdrawApprovals(plugin: HandlerContext, run: string): Promise<void> {
  let approvals: Approvals
  try {
    approvals = plugin.services.get<Approvals>('approvals', 1)
  } catch (error) {
    // Without a plugin for approvals nobody was asked.
    if (error instanceof StateConflictError) return
    throw error
  }
  await approvals.cancel({ run })
}
