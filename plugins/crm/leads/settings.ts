import { type Filter, type HandlerContext, ownWords } from '@runwaycrm/sdk'

/** The settings of this plugin; plugin.json has their defaults and words. */
export interface LeadSettings {
  readonly scoring: Readonly<Record<string, ScoreCriterion>>
  readonly qualification: Readonly<Record<string, QualificationCriterion>>
  /** How many criteria a qualified lead meets. */
  readonly qualifiedFrom: number
  readonly assignment: AssignmentRule
  /** Reference of the role whose holders get leads. */
  readonly assignTo: string
}

export interface ScoreCriterion {
  readonly label: string
  readonly points: number
  readonly when: Filter
}

export interface QualificationCriterion {
  readonly label: string
  readonly question: string
  readonly required?: boolean
  readonly when?: Filter
}

export type AssignmentRule = 'least_loaded' | 'round_robin'

export const leadEntity = 'crm.leads:lead'

export function leadSettings(ctx: HandlerContext): Promise<LeadSettings> {
  return ctx.settings<LeadSettings>('leads')
}

/** The criteria as whoever asks reads them. */
export function inWords<T extends { readonly label: string; readonly question?: string }>(
  ctx: HandlerContext,
  name: 'scoring' | 'qualification',
  criteria: Readonly<Record<string, T>>,
): Readonly<Record<string, T>> {
  const said = (key: string, part: string, text: string) =>
    ownWords(
      ctx,
      `settings.leads.schema.properties.${name}.default.${key}.${part}`,
      text,
      ctx.language,
    )
  return Object.fromEntries(
    Object.entries(criteria).map(([key, one]) => [
      key,
      {
        ...one,
        label: said(key, 'label', one.label),
        ...(one.question === undefined ? {} : { question: said(key, 'question', one.question) }),
      },
    ]),
  )
}
