import type { ScoreCriterion } from './settings.ts'

export interface ScoreReason {
  readonly criterion: string
  readonly label: string
  readonly points: number
}

export interface Score {
  /** 0 to 100. */
  readonly score: number
  /** What gave or took points, the weightiest first. */
  readonly reasons: readonly ScoreReason[]
  /** What would have given points. */
  readonly missed: readonly ScoreReason[]
}

/** Adds up the points of the criteria that hold, and says where they come from. */
export function scoreOf(
  criteria: Readonly<Record<string, ScoreCriterion>>,
  holding: ReadonlySet<string>,
): Score {
  const all = Object.entries(criteria).map(([criterion, { label, points }]) => ({
    criterion,
    label,
    points,
  }))
  const reasons = all.filter((reason) => holding.has(reason.criterion)).sort(byWeight)
  const sum = reasons.reduce((total, reason) => total + reason.points, 0)
  return {
    score: Math.min(100, Math.max(0, Math.round(sum))),
    reasons,
    missed: all
      .filter((reason) => !holding.has(reason.criterion) && reason.points > 0)
      .sort(byWeight),
  }
}

function byWeight(one: ScoreReason, other: ScoreReason): number {
  return Math.abs(other.points) - Math.abs(one.points) || one.label.localeCompare(other.label)
}
