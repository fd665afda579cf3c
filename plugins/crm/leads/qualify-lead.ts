import {
  type HandlerContext,
  InvalidError,
  type Issue,
  StateConflictError,
  sayTo,
} from '@runwaycrm/sdk'
import { holdingConditions } from './holding-conditions.ts'
import { qualificationOf } from './qualification.ts'
import { inWords, leadEntity, leadSettings } from './settings.ts'

export interface QualifyInput {
  readonly leadId: string
  readonly answers?: Readonly<Record<string, boolean>>
}

/** Judges a lead by the settings' criteria and sets its status when the outcome is clear. */
export async function qualifyLead(input: QualifyInput, ctx: HandlerContext) {
  const { leadId, answers = {} } = input
  const lead = await ctx.records.get(leadEntity, leadId, { fields: ['name', 'status'] })
  const before = String(lead['status'])
  if (before === 'converted')
    throw new StateConflictError('This {lead} was converted; there is nothing to qualify.')
  const settings = await leadSettings(ctx)
  const criteria = inWords(ctx, 'qualification', settings.qualification)
  checkAnswers(answers, Object.keys(criteria))
  const conditions = Object.fromEntries(Object.entries(criteria).map(([key, c]) => [key, c.when]))
  const holding = await holdingConditions(ctx.records, leadId, conditions)
  const result = qualificationOf(criteria, holding, answers, settings.qualifiedFrom, sayTo(ctx))
  // Answers come from a talk, so a new lead is not new any more.
  const talked = before === 'new' && Object.keys(answers).length > 0
  const status = result.outcome !== 'open' ? result.outcome : talked ? 'contacted' : before
  if (status !== before) await ctx.records.update(leadEntity, leadId, { status }, lead.version)
  return { leadId, name: String(lead['name'] ?? ''), before, status, ...result }
}

function checkAnswers(answers: Readonly<Record<string, boolean>>, criteria: readonly string[]) {
  const errors: Issue[] = Object.keys(answers)
    .filter((key) => !criteria.includes(key))
    .map((key) => ({
      path: `input.answers.${key}`,
      code: 'UNKNOWN_FIELD',
      message: `There is no criterion "${key}". Criteria: ${criteria.join(', ')}.`,
    }))
  if (errors.length > 0) throw new InvalidError(errors[0]!.message, { errors })
}
