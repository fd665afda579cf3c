import { countryCode, placeOfCountry } from './country-places.ts'
import type { LatLng } from './map-math.ts'

/** Where a value stands, and whether that is the place itself or only the country it lies in. */
export interface FoundPlace {
  readonly at: LatLng
  readonly isExact: boolean
}

/** The place of a point, an address or a country; null when there is none to be had. */
export function placeOf(value: unknown, locale: string): FoundPlace | null {
  if (typeof value === 'object' && value !== null) {
    const { lat, lng, country } = value as Readonly<Record<string, unknown>>
    if (typeof lat === 'number' && typeof lng === 'number')
      return { at: { lat, lng }, isExact: true }
    return ofCountry(country, locale)
  }
  return ofCountry(value, locale)
}

function ofCountry(value: unknown, locale: string): FoundPlace | null {
  const code = countryCode(value, locale)
  const at = code && placeOfCountry(code)
  return at ? { at, isExact: false } : null
}
