import { describe, expect, it } from 'vitest'
import { field } from '../testing/sample-model.ts'
import { fieldUnder, lockedBy } from './field-rules.ts'

const under = (effect: 'show' | 'require' | 'lock', when: object, values: object) => {
  const ruled = field('price', { rules: [{ effect, when: when as Record<string, unknown> }] })
  return fieldUnder(ruled, values as never, values as never)
}
const shown = (when: object, values: object) => under('show', when, values) !== null

describe('a field under its rules', () => {
  it('is shown only while its condition holds, and always while that cannot be told', () => {
    expect(shown({ status: 'sold' }, { status: 'sold' })).toBe(true)
    expect(shown({ status: 'sold' }, { status: 'offered' })).toBe(false)
    expect(shown({ soldAt: { $gte: '@today' } }, { soldAt: '2026-01-01' })).toBe(true)
    expect(shown({ status: 'sold', soldAt: '@today' }, { status: 'x', soldAt: null })).toBe(false)
  })

  it('is required and locked while they say so', () => {
    expect(under('require', { rooms: { $gte: 3 } }, { rooms: 3 })).toMatchObject({ required: true })
    expect(under('require', { rooms: { $gte: 3 } }, { rooms: 2 })).toMatchObject({
      required: false,
    })
    expect(under('lock', { status: 'sold' }, { status: 'sold' })).toMatchObject({ readOnly: true })
    const locked = field('price', { rules: [{ effect: 'lock', when: { status: 'sold' } }] })
    expect(fieldUnder(locked, { status: 'sold' }, null)).toBe(locked)
  })

  it('says what it is locked by', () => {
    const locked = field('price', {
      rules: [
        { effect: 'lock', when: { status: 'sold', $or: [{ rooms: 3 }, { rooms: 4 }] } },
        { effect: 'lock', when: { city: 'Oslo' } },
      ],
    })
    expect(lockedBy(locked, { status: 'sold', rooms: 3 })).toEqual(['status', 'rooms'])
    expect(lockedBy(locked, { status: 'offered', rooms: 3 })).toEqual([])
  })

  it.each([
    [{ $or: [{ a: 1 }, { b: 2 }] }, { a: 0, b: 2 }, true],
    [{ $not: { a: 1 } }, { a: null }, true],
    [{ $and: [{ a: 1 }, { b: { $ne: 2 } }] }, { a: 1 }, true],
    [{ a: { $in: [1, null] } }, {}, true],
    [{ a: { $nin: [1] } }, { a: 1 }, false],
    [{ a: { $exists: false } }, { a: '' }, true],
    [{ tags: { $contains: 'x' } }, { tags: ['x', 'y'] }, true],
    [{ name: { $startsWith: 'ad' } }, { name: 'Ada' }, true],
    [{ price: { $gt: 5 } }, { price: { amount: '10.00', currency: 'EUR' } }, true],
    [{ 'price.currency': 'EUR' }, { price: { amount: '1', currency: 'USD' } }, false],
    [{ a: { $lt: 5 } }, { a: null }, false],
  ])('%j on %j is %s', (when, values, expected) => {
    expect(shown(when, values)).toBe(expected)
  })
})
