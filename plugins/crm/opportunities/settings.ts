import type { HandlerContext } from '@runwaycrm/sdk'

/** The settings of this plugin; plugin.json has their defaults and words. */
export interface PipelineSettings {
  /** Percent by key of an open stage. */
  readonly probabilities: Readonly<Record<string, number>>
  readonly probabilityFollowsStage: boolean
  readonly closeDateOnClosing: boolean
  readonly lostReasonRequired: boolean
  readonly stuckAfterDays: number
  readonly historyMonths: number
  /** In the organisation's currency; 0 means what was won in the last full quarter. */
  readonly quarterTarget: number
}

export const opportunityEntity = 'crm.opportunities:opportunity'

export function pipelineSettings(ctx: HandlerContext): Promise<PipelineSettings> {
  return ctx.settings<PipelineSettings>('pipeline')
}
