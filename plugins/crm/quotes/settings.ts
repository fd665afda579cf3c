import type { HandlerContext, LinesOf } from '@runwaycrm/sdk'

/** The settings of this plugin; plugin.json has their defaults and words. */
export interface QuotingSettings {
  /** Percent on a line. */
  readonly discountLimit: number
  readonly validDays: number
  /** Percent. */
  readonly taxRate: number
}

export const quoteEntity = 'crm.quotes:quote'
export const lineEntity = 'crm.quotes:quote_line'

export const quoteLines: LinesOf = {
  document: quoteEntity,
  line: lineEntity,
  relation: 'quoteId',
  open: ['draft'],
}

export function quotingSettings(ctx: HandlerContext): Promise<QuotingSettings> {
  return ctx.settings<QuotingSettings>('quoting')
}
