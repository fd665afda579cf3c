import { dayIn, type HookChange, type HookContext, type HookOutcome } from '@runwaycrm/sdk'
import type { PipelineSettings } from './settings.ts'

/**
 * Keeps probability and close date in step with the stage, whoever moves the deal: a drag on the
 * board, an import, an agent. A value that the same write sets is left alone.
 */
export function followStage(change: HookChange, ctx: HookContext): HookOutcome | undefined {
  const { before, values } = change
  // A new deal without a stage starts in the first one.
  const stage = values['stage'] ?? (change.operation === 'create' ? 'prospecting' : undefined)
  if (typeof stage !== 'string' || stage === before?.['stage']) return undefined
  const settings = ctx.settings as Partial<PipelineSettings>
  const set: Record<string, unknown> = {}
  const probability = closed[stage] ?? settings.probabilities?.[stage]
  if (settings.probabilityFollowsStage !== false && isOpenTo(values, 'probability'))
    if (probability !== undefined) set['probability'] = probability
  // An expected date of an open deal is not the day it closed, so closing replaces it.
  if (settings.closeDateOnClosing !== false && stage in closed && isOpenTo(values, 'closeDate'))
    set['closeDate'] = dayIn(ctx.now, ctx.org.timeZone)
  return Object.keys(set).length > 0 ? { set } : undefined
}

const closed: Readonly<Record<string, number>> = { won: 100, lost: 0 }

function isOpenTo(values: HookChange['values'], field: string): boolean {
  return values[field] === undefined
}
