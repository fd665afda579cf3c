import type { FieldTypeHandler } from '@runwaycrm/sdk'
import { formedText } from './formed-text.ts'

/** A country of ISO 3166-1 as two letters; its English name is taken too. */
export const country: FieldTypeHandler = () => countryCodec

/** A language of BCP 47 in its canonical form, `de-CH`; its English name is taken too. */
export const language: FieldTypeHandler = () => languageCodec

/** A code of ISO 4217, without an amount. */
export const currencyCode: FieldTypeHandler = () => currencyCodec

/** A zone of the IANA database, `Europe/Oslo`. */
export const timeZone: FieldTypeHandler = () => timeZoneCodec

const regionNames = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' })
const languageNames = new Intl.DisplayNames('en', { type: 'language', fallback: 'none' })
const currencies: ReadonlySet<string> = new Set(Intl.supportedValuesOf('currency'))
const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ']

/** Codes that CLDR names and that are no countries: groupings, parts of others, codes for tests. */
const notCountries: ReadonlySet<string> = new Set(
  'AC CP CQ DG EA EU EZ IC QO TA UN XA XB ZZ'.split(' '),
)
const countryCodes = letters.flatMap((first) =>
  letters
    .map((second) => first + second)
    .filter(
      (code) =>
        !notCountries.has(code) &&
        regionNames.of(code) !== undefined &&
        // What was withdrawn has become another code.
        new Intl.Locale(`und-${code}`).region === code &&
        Intl.getCanonicalLocales(`und-${code}`)[0] === `und-${code}`,
    ),
)
const countriesByName = new Map(
  countryCodes.map((code) => [String(regionNames.of(code)).toLowerCase(), code]),
)
const knownCountries: ReadonlySet<string> = new Set(countryCodes)

const countryCodec = formedText((text) => {
  const code = text.toUpperCase()
  return knownCountries.has(code) ? code : (countriesByName.get(text.toLowerCase()) ?? null)
}, 'Expected a country of ISO 3166 such as NO.')

const languagesByName = new Map(
  letters.flatMap((first) =>
    letters.flatMap((second) => {
      const code = (first + second).toLowerCase()
      const name = languageNames.of(code)
      return name === undefined ? [] : [[name.toLowerCase(), code] as const]
    }),
  ),
)

const languageCodec = formedText((text) => {
  const named = languagesByName.get(text.toLowerCase())
  if (named) return named
  try {
    const [tag] = Intl.getCanonicalLocales(text.replaceAll('_', '-'))
    return tag !== undefined && languageNames.of(new Intl.Locale(tag).language) ? tag : null
  } catch {
    return null
  }
}, 'Expected a language of BCP 47 such as en or de-CH.')

const currencyCodec = formedText((text) => {
  const code = text.toUpperCase()
  return currencies.has(code) ? code : null
}, 'Expected a currency of ISO 4217 such as EUR.')

const timeZoneCodec = formedText((text) => {
  try {
    const { timeZone: zone } = new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions()
    return /^[+-]/.test(zone) ? null : zone
  } catch {
    return null
  }
}, 'Expected a time zone such as Europe/Oslo.')
