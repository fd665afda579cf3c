import { dayIn, type HandlerContext, InvalidError, StateConflictError } from '@runwaycrm/sdk'
import { opportunityEntity, pipelineSettings } from './settings.ts'
import { keysOf, type Stage, stagesOf } from './stages.ts'

export interface CloseInput {
  readonly opportunityId: string
  readonly outcome: 'won' | 'lost'
  readonly reason?: string
  readonly closeDate?: string
  readonly value?: number
}

/** Closes an open deal. */
export async function closeOpportunity(input: CloseInput, ctx: HandlerContext) {
  const { opportunityId, outcome } = input
  const reason = input.reason?.trim() || null
  const settings = await pipelineSettings(ctx)
  if (outcome === 'lost' && !reason && settings.lostReasonRequired) throw reasonMissing()
  const deal = await ctx.records.get(opportunityEntity, opportunityId, {
    fields: ['name', 'stage', 'value'],
  })
  const stages = stagesOf(ctx.model.entity(opportunityEntity))
  const present = stages.find((stage) => stage.key === deal['stage'])
  if (present && present.category !== 'open')
    throw new StateConflictError(
      `This deal is ${present.label.toLowerCase()} already. Open it again with update_opportunity_stage first.`,
    )
  const closed = await ctx.records.update(
    opportunityEntity,
    opportunityId,
    {
      stage: closingStage(stages, outcome),
      probability: outcome === 'won' ? 100 : 0,
      closeDate: input.closeDate ?? dayIn(ctx.now, ctx.org.timeZone),
      lostReason: outcome === 'lost' ? reason : null,
      ...(input.value === undefined ? {} : { value: keepCurrency(input.value, deal['value']) }),
    },
    deal.version,
  )
  return {
    opportunityId,
    name: String(deal['name'] ?? ''),
    stage: String(closed['stage']),
    closeDate: String(closed['closeDate']),
    lostReason: outcome === 'lost' ? reason : null,
  }
}

/** The stage of that name, or the first that an admin has put in its place. */
function closingStage(stages: readonly Stage[], outcome: 'won' | 'lost'): string {
  const keys = keysOf(stages, outcome)
  if (keys.includes(outcome) || keys.length === 0) return outcome
  return keys[0]!
}

/** A plain number keeps the deal's own currency. */
function keepCurrency(amount: number, present: unknown): unknown {
  const currency = (present as { currency?: unknown } | null)?.currency
  return typeof currency === 'string' ? { amount: String(amount), currency } : amount
}

function reasonMissing() {
  const message = 'Say why the deal was lost.'
  return new InvalidError(message, {
    errors: [{ path: 'input.reason', code: 'REQUIRED', message }],
  })
}
