import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { distance, keptNearOf, nearOf, termOf, typosAllowed } from './typos.ts'

const org = '01a21519-c9be-717b-875d-1aa631ae3120'
const other = '01a21519-ca6d-7323-be57-f74fe9a41d3f'
const letters = 'abcdefghijklmnop'.split('')

function edited(word: string, kind: number, at: number, letter: string): string {
  const i = at % word.length
  switch (kind % 4) {
    case 0:
      return word.slice(0, i) + word.slice(i + 1)
    case 1:
      return word.slice(0, i) + letter + word.slice(i)
    case 2:
      return word.slice(0, i) + letter + word.slice(i + 1)
    default:
      return i + 1 < word.length
        ? word.slice(0, i) + word[i + 1] + word[i] + word.slice(i + 2)
        : word
  }
}

describe('typos', () => {
  it.each([
    ['ab', 0],
    ['anna', 1],
    ['schmidt', 1],
    ['microsoft', 2],
    ['4722000000', 0],
    ['東京', 0],
  ])('of %s: %i are forgiven', (word, typos) => expect(typosAllowed(word)).toBe(typos))

  it.each([
    ['schmidt', 'schmit', 1],
    ['schmidt', 'shcmidt', 1],
    ['microsoft', 'micorsotf', 2],
    ['anna', 'otto', 3],
  ])('%s and %s are %i apart', (a, b, apart) => expect(distance(a, b, 2)).toBe(apart))

  it('of whoever looks and of what is kept share a number', () => {
    const word = fc
      .array(fc.constantFrom(...letters), { minLength: 3, maxLength: 14 })
      .map((list) => list.join(''))
    const edit = fc.tuple(fc.nat(3), fc.nat(20), fc.constantFrom(...letters))
    fc.assert(
      fc.property(word, edit, (kept, [kind, at, letter]) => {
        const typed = edited(kept, kind, at, letter)
        if (typosAllowed(typed) === 0) return
        const numbers = new Set(keptNearOf(org, kept))
        const isShared = nearOf(org, typed, typosAllowed(typed)).some((n) => numbers.has(n))
        expect(isShared).toBe(true)
      }),
      { numRuns: 2_000 },
    )
  })

  it('and words have other numbers in another organisation', () => {
    expect(termOf(org, 'anna')).not.toBe(termOf(other, 'anna'))
    const numbers = new Set(keptNearOf(other, 'microsoft'))
    expect(keptNearOf(org, 'microsoft').filter((n) => numbers.has(n))).toEqual([])
  })
})
