import type { FieldTypeHandler } from '@runwaycrm/sdk'
import { type CountryCode, isSupportedCountry, parsePhoneNumberFromString } from 'libphonenumber-js'
import { refused, stored } from './parsed.ts'

/** Kept as E.164, `+4790000000`. A number without a country code counts as one of the org's country. */
export const phone: FieldTypeHandler = () => ({
  plain: true,
  parse(input, org) {
    if (typeof input !== 'string') return refused('WRONG_TYPE', 'Expected a phone number as text.')
    const written = input.trim()
    if (written === '') return stored(null)
    if (written.length > 60) return refused('TOO_LONG', 'At most 60 characters.')
    const number = parsePhoneNumberFromString(written, {
      ...(countryOf(org.country) ? { defaultCountry: countryOf(org.country) as CountryCode } : {}),
      extract: false,
    })
    if (!number?.isPossible()) {
      return refused(
        'BAD_FORMAT',
        'Expected a number with its country code, such as +47 22 00 00 00.',
      )
    }
    if (number.ext) return refused('BAD_FORMAT', 'Leave out the extension.')
    return stored(number.number)
  },
  parseFilter(input, org) {
    if (typeof input !== 'string' || !input.isWellFormed() || input.includes('\0')) {
      return refused('WRONG_TYPE', 'Expected a phone number as text.')
    }
    const written = input.trim()
    const country = countryOf(org.country)
    const number =
      written.length > 60 ? undefined : parsePhoneNumberFromString(written, country ?? undefined)
    return stored(number?.number ?? (written || null))
  },
  format: ({ main }) => main,
})

function countryOf(country: string): CountryCode | null {
  const code = country.toUpperCase()
  return isSupportedCountry(code) ? code : null
}
