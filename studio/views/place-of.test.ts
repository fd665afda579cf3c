import { describe, expect, it } from 'vitest'
import { placeOf } from './place-of.ts'

describe('the place of a value', () => {
  it('is the point that it says', () => {
    expect(placeOf({ lat: 0, lng: 10.5 }, 'en')).toEqual({
      at: { lat: 0, lng: 10.5 },
      isExact: true,
    })
  })

  it('is the country of an address, by code or by name, and said to be no more than that', () => {
    const norway = { at: { lat: 61, lng: 9 }, isExact: false }
    const address = { street: 'Storgata 1', city: 'Oslo', postalCode: null, region: null }
    expect(placeOf({ ...address, country: 'NO' }, 'en')).toEqual(norway)
    expect(placeOf('norway ', 'en')).toEqual(norway)
    expect(placeOf('Norwegen', 'de')).toEqual(norway)
    expect(placeOf('USA', 'en')?.at).toEqual(placeOf('United States', 'en')?.at)
  })

  it('is nowhere for what is no country', () => {
    for (const value of [null, '', 'Atlantis', 7, {}, { country: null }])
      expect(placeOf(value, 'en')).toBe(null)
  })
})
