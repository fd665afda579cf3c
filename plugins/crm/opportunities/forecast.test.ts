import { describe, expect, it } from 'vitest'
import { estimateWithoutValue, forecastOf, winRateFor, winRateOf } from './forecast.ts'
import type { Stage } from './stages.ts'

const stages: readonly Stage[] = [
  { key: 'engaging', label: 'Engaging', category: 'open' },
  { key: 'pilot', label: 'Pilot', category: 'open' },
  { key: 'won', label: 'Won', category: 'won' },
  { key: 'lost', label: 'Lost', category: 'lost' },
]
const probabilities = { engaging: 25 }
const sum = (stage: string, count: number, value: number, withoutValue = 0) => ({
  stage,
  count,
  value,
  withoutValue,
})

describe('a forecast', () => {
  it('adds what is won to open deals weighted by their stage, and leaves out the lost', () => {
    const sums = [sum('engaging', 4, 8000), sum('won', 2, 5000), sum('lost', 3, 9000)]
    expect(forecastOf(sums, stages, probabilities, 0.5)).toEqual({
      wonCount: 2,
      won: 5000,
      openCount: 4,
      open: 8000,
      weighted: 2000,
      historical: 4000,
    })
  })

  it('counts a stage without a probability as open and weighs it with nothing', () => {
    const { open, weighted } = forecastOf([sum('pilot', 1, 700)], stages, probabilities, null)
    expect([open, weighted]).toEqual([700, 0])
  })

  it('has no historical figure before anything was closed', () => {
    expect(winRateOf({ won: 0, lost: 0 })).toBeNull()
    expect(forecastOf([sum('engaging', 1, 10)], stages, probabilities, null).historical).toBeNull()
  })

  it('trusts the win rate of a person once they closed ten deals', () => {
    expect(winRateFor({ won: 8, lost: 2 }, 0.5)).toBe(0.8)
    expect(winRateFor({ won: 8, lost: 1 }, 0.5)).toBe(0.5)
    expect(winRateFor(undefined, 0.5)).toBe(0.5)
  })

  it('estimates open deals without a value by the average won deal', () => {
    const sums = [sum('engaging', 4, 100, 3), sum('won', 5, 100, 1)]
    expect(estimateWithoutValue(sums, stages, probabilities, 1000)).toEqual({
      count: 3,
      weighted: 750,
    })
  })
})
