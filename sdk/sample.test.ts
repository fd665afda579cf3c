import { describe, expect, it } from 'vitest'
import { addressWord, createSample } from './sample.ts'

const now = new Date('2026-03-10T14:20:00Z')

describe('sample data', () => {
  it('is the same every time for the same seed, and another for another', () => {
    const people = (seed: number) => {
      const sample = createSample(seed, now)
      return Array.from({ length: 20 }, () => sample.person().name)
    }
    expect(people(7)).toEqual(people(7))
    expect(people(7)).not.toEqual(people(8))
  })

  it('gives no person and no company twice', () => {
    const sample = createSample(1, now)
    const names = Array.from({ length: 300 }, () => sample.person().name)
    const words = Array.from({ length: 150 }, () => sample.companyWord())
    expect(new Set(names).size).toBe(300)
    expect(new Set(words).size).toBe(150)
  })

  it('keeps days and moments between the given distances', () => {
    const sample = createSample(3, now)
    for (let i = 0; i < 200; i++) {
      const day = sample.day(-30, 0)
      expect(day >= '2026-02-08' && day <= '2026-03-10').toBe(true)
      expect(sample.moment(1, 1)).toMatch(/^2026-03-11T(0[89]|1[0-7]):/)
    }
  })

  it('chooses by weight', () => {
    const sample = createSample(5, now)
    const counts = { often: 0, never: 0, seldom: 0 }
    for (let i = 0; i < 2000; i++) counts[sample.weighted({ often: 9, never: 0, seldom: 1 })]++
    expect(counts.never).toBe(0)
    expect(counts.often / counts.seldom).toBeGreaterThan(5)
  })

  it('makes address words of names with accents and spaces', () => {
    expect(addressWord('Tomás Ferreira')).toBe('tomasferreira')
  })
})
