import type { HandlerContext } from '@runwaycrm/sdk'
import { holdingConditions } from './holding-conditions.ts'
import { scoreOf } from './score.ts'
import { inWords, leadEntity, leadSettings } from './settings.ts'

/** Computes the score, stores it when it changed, and answers with the reasons. */
export async function scoreLead(input: { leadId: string }, ctx: HandlerContext) {
  const { leadId } = input
  const lead = await ctx.records.get(leadEntity, leadId, { fields: ['name', 'score'] })
  const settings = await leadSettings(ctx)
  const scoring = inWords(ctx, 'scoring', settings.scoring)
  const conditions = Object.fromEntries(Object.entries(scoring).map(([key, c]) => [key, c.when]))
  const result = scoreOf(scoring, await holdingConditions(ctx.records, leadId, conditions))
  const before = typeof lead['score'] === 'number' ? lead['score'] : null
  if (before !== result.score)
    await ctx.records.update(leadEntity, leadId, { score: result.score }, lead.version)
  return { leadId, name: String(lead['name'] ?? ''), before, ...result }
}
