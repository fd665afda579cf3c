import { type HandlerContext, InvalidError, StateConflictError } from '@runwaycrm/sdk'
import { opportunityEntity, pipelineSettings } from './settings.ts'
import { findStage, probabilityOf, type Stage, stagesOf } from './stages.ts'

export interface UpdateStageInput {
  readonly opportunityId: string
  readonly stage: string
  readonly reopen?: boolean
}

/** Moves a deal between open stages. */
export async function updateStage(input: UpdateStageInput, ctx: HandlerContext) {
  const { opportunityId, reopen = false } = input
  const stages = stagesOf(ctx.model.entity(opportunityEntity))
  const to = openStage(stages, input.stage)
  const deal = await ctx.records.get(opportunityEntity, opportunityId, {
    fields: ['name', 'stage', 'probability'],
  })
  const from = typeof deal['stage'] === 'string' ? deal['stage'] : null
  const wasClosed = stages.find((stage) => stage.key === from)?.category !== 'open'
  if (from !== null && wasClosed && !reopen)
    throw new StateConflictError(`This deal is ${from}. Set reopen to open it again.`)
  const { probabilities } = await pipelineSettings(ctx)
  const probability = probabilityOf(to, probabilities)
  const name = String(deal['name'] ?? '')
  if (from === to.key)
    return { opportunityId, name, from, to: to.key, probability: deal['probability'] ?? null }
  const values = {
    stage: to.key,
    ...(probability === null ? {} : { probability }),
    ...(wasClosed ? { closeDate: null, lostReason: null } : {}),
  }
  await ctx.records.update(opportunityEntity, opportunityId, values, deal.version)
  return {
    opportunityId,
    name,
    from,
    to: to.key,
    probability: probability ?? deal['probability'] ?? null,
  }
}

function openStage(stages: readonly Stage[], text: string): Stage {
  const stage = findStage(stages, text)
  if (stage?.category === 'open') return stage
  const open = stages.filter((one) => one.category === 'open').map((one) => one.key)
  const message = stage
    ? `${stage.label} closes the deal; use close_opportunity, which asks for the reason.`
    : `There is no stage "${text}". Open stages: ${open.join(', ')}.`
  const code = stage ? 'OUT_OF_RANGE' : 'UNKNOWN_OPTION'
  throw new InvalidError(message, { errors: [{ path: 'input.stage', code, message }] })
}
