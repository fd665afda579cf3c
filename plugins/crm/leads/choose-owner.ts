import type { Say } from '@runwaycrm/sdk'
import type { AssignmentRule } from './settings.ts'

/** Somebody who may get a lead. */
export interface Candidate {
  readonly id: string
  readonly name: string
  /** Open leads that they own. */
  readonly open: number
  /** When they last got one, ISO; null when never. */
  readonly lastAt: string | null
}

export interface Choice {
  readonly candidate: Candidate
  /** In words, for the answer. */
  readonly because: string
}

/**
 * Chooses who gets the next lead: the least loaded, or who has waited longest. A tie goes to the other
 * rule, then to the name, so that the same question has the same answer.
 *
 * @returns null when there is nobody.
 */
export function chooseOwner(
  rule: AssignmentRule,
  candidates: readonly Candidate[],
  say: Say,
): Choice | null {
  const order = rule === 'least_loaded' ? [byLoad, byWait, byName] : [byWait, byLoad, byName]
  const first = candidates.toSorted((one, other) => {
    for (const compare of order) {
      const difference = compare(one, other)
      if (difference !== 0) return difference
    }
    return 0
  })[0]
  if (!first) return null
  const because =
    rule === 'least_loaded'
      ? say('because.leastLoaded', { open: first.open })
      : first.lastAt
        ? say('because.waited', { day: { day: first.lastAt.slice(0, 10) } })
        : say('because.never')
  return { candidate: first, because }
}

function byLoad(one: Candidate, other: Candidate): number {
  return one.open - other.open
}

function byWait(one: Candidate, other: Candidate): number {
  return (one.lastAt ?? '').localeCompare(other.lastAt ?? '')
}

function byName(one: Candidate, other: Candidate): number {
  return one.name.localeCompare(other.name) || one.id.localeCompare(other.id)
}
