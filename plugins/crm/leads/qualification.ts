import type { Say } from '@runwaycrm/sdk'
import type { QualificationCriterion } from './settings.ts'

export interface Qualification {
  /** `open`: not enough is known to say. */
  readonly outcome: 'qualified' | 'unqualified' | 'open'
  readonly reasons: readonly {
    readonly criterion: string
    readonly label: string
    readonly met: boolean
    readonly from: 'answer' | 'record'
  }[]
  /** What nobody knows yet, with the question to ask. */
  readonly missing: readonly {
    readonly criterion: string
    readonly label: string
    readonly question: string
  }[]
  readonly summary: string
}

/**
 * Judges a lead. Not knowing is not a no: a lead is unqualified only when a required criterion was
 * answered with no, or so many were that it cannot meet enough any more.
 *
 * @param holding criteria whose condition holds for the record.
 * @param answers what a person or an agent found out; counts more than the record.
 * @param qualifiedFrom how many criteria a qualified lead meets.
 */
export function qualificationOf(
  criteria: Readonly<Record<string, QualificationCriterion>>,
  holding: ReadonlySet<string>,
  answers: Readonly<Record<string, boolean>>,
  qualifiedFrom: number,
  say: Say,
): Qualification {
  const judged = Object.entries(criteria).map(([criterion, definition]) => ({
    criterion,
    label: definition.label,
    question: definition.question,
    required: definition.required === true,
    met: answers[criterion] ?? (holding.has(criterion) ? true : null),
    from: answers[criterion] === undefined ? ('record' as const) : ('answer' as const),
  }))
  const met = judged.filter((one) => one.met === true)
  const refused = judged.filter((one) => one.met === false)
  const needed = Math.min(qualifiedFrom, judged.length)
  const unqualified = refused.some((one) => one.required) || judged.length - refused.length < needed
  const qualified =
    judged.length > 0 &&
    met.length >= needed &&
    judged.every((one) => !one.required || one.met === true)
  const missing = judged.filter((one) => one.met === null)
  const outcome = unqualified ? 'unqualified' : qualified ? 'qualified' : 'open'
  return {
    outcome,
    reasons: [...met, ...refused].map(({ criterion, label, from, met }) => ({
      criterion,
      label,
      met: met === true,
      from,
    })),
    missing: missing.map(({ criterion, label, question }) => ({ criterion, label, question })),
    summary: [
      met.length === 0
        ? say('qualification.noneMet', { count: judged.length })
        : say('qualification.met', { met: met.length, count: judged.length, list: list(met) }),
      ...(refused.length > 0 ? [say('qualification.notMet', { list: list(refused) })] : []),
      ...(missing.length > 0 ? [say('qualification.notKnown', { list: list(missing) })] : []),
    ].join(' '),
  }
}

function list(criteria: readonly { readonly label: string }[]): string {
  return criteria.map((one) => one.label).join(', ')
}
