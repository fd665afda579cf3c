import type { Stage } from './stages.ts'
import { probabilityOf } from './stages.ts'

/** Deals of one stage, in the organisation's currency. */
export interface StageSum {
  readonly stage: string
  readonly count: number
  readonly value: number
  /** Deals among them that have no value. */
  readonly withoutValue: number
}

export interface History {
  readonly won: number
  readonly lost: number
}

export interface Forecast {
  readonly wonCount: number
  readonly won: number
  readonly openCount: number
  readonly open: number
  /** Open deals by the probability of their stage. */
  readonly weighted: number
  /** Open deals by the historical win rate; null without a history. */
  readonly historical: number | null
}

/**
 * What a set of deals is likely to bring.
 *
 * @param winRate 0 to 1, null when nothing was closed yet.
 */
export function forecastOf(
  sums: readonly StageSum[],
  stages: readonly Stage[],
  probabilities: Readonly<Record<string, number>>,
  winRate: number | null,
): Forecast {
  const byKey = new Map(stages.map((stage) => [stage.key, stage]))
  const total = { wonCount: 0, won: 0, openCount: 0, open: 0, weighted: 0 }
  for (const sum of sums) {
    const stage = byKey.get(sum.stage)
    if (!stage || stage.category === 'lost') continue
    if (stage.category === 'won') {
      total.wonCount += sum.count
      total.won += sum.value
      continue
    }
    total.openCount += sum.count
    total.open += sum.value
    total.weighted += (sum.value * (probabilityOf(stage, probabilities) ?? 0)) / 100
  }
  return { ...total, historical: winRate === null ? null : total.open * winRate }
}

/** Won out of closed, 0 to 1; null when nothing was closed. */
export function winRateOf({ won, lost }: History): number | null {
  return won + lost > 0 ? won / (won + lost) : null
}

/**
 * A person's own win rate once they have closed enough deals to speak of one, everybody's before.
 */
export function winRateFor(
  own: History | undefined,
  everybody: number | null,
  enough = 10,
): number | null {
  return own && own.won + own.lost >= enough ? winRateOf(own) : everybody
}

/** What open deals without a value may bring: the average won deal times their probability. */
export function estimateWithoutValue(
  sums: readonly StageSum[],
  stages: readonly Stage[],
  probabilities: Readonly<Record<string, number>>,
  averageWon: number,
): { readonly count: number; readonly weighted: number } {
  let count = 0
  let weighted = 0
  for (const stage of stages) {
    if (stage.category !== 'open') continue
    for (const sum of sums) {
      if (sum.stage !== stage.key) continue
      count += sum.withoutValue
      weighted += (sum.withoutValue * averageWon * (probabilityOf(stage, probabilities) ?? 0)) / 100
    }
  }
  return { count, weighted }
}
