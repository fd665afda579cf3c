import type { FieldKind } from '../model/kind-traits.ts'

export interface CodeChoice {
  readonly key: string
  readonly label: string
}

const names = new Map<string, Intl.DisplayNames>()
function namesOf(type: 'region' | 'language' | 'currency', locale: string): Intl.DisplayNames {
  const key = `${type} ${locale}`
  let found = names.get(key)
  if (!found) {
    found = new Intl.DisplayNames(locale, { type, fallback: 'none' })
    names.set(key, found)
  }
  return found
}

/** The name of a code in the reader's language; the code where it has none. */
export function codeName(kind: FieldKind, code: string, locale: string): string {
  const type = { country: 'region', language: 'language', currencyCode: 'currency' } as const
  if (!(kind in type)) return code
  try {
    return namesOf(type[kind as keyof typeof type], locale).of(code) ?? code
  } catch {
    // Not of the form of its kind.
    return code
  }
}

const kept = new Map<string, readonly CodeChoice[]>()

/** All codes of a kind by their names in the reader's language; empty for kinds without codes. */
export function codeChoices(kind: FieldKind, locale: string): readonly CodeChoice[] {
  const key = `${kind} ${locale}`
  let found = kept.get(key)
  if (!found) {
    const order = new Intl.Collator(locale)
    found = codesOf(kind)
      .map((code) => ({ key: code, label: codeName(kind, code, locale) }))
      .sort((a, b) => order.compare(a.label, b.label))
    kept.set(key, found)
  }
  return found
}

function codesOf(kind: FieldKind): readonly string[] {
  if (kind === 'currencyCode') return Intl.supportedValuesOf('currency')
  if (kind === 'timeZone') return ['UTC', ...Intl.supportedValuesOf('timeZone')]
  if (kind === 'country') return twoLetters.filter(isCountry)
  if (kind === 'language') {
    const english = namesOf('language', 'en')
    return twoLetters
      .map((code) => code.toLowerCase())
      .filter((code) => english.of(code) && Intl.getCanonicalLocales(code)[0] === code)
  }
  return []
}

const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ']
const twoLetters = letters.flatMap((first) => letters.map((second) => first + second))
/** Codes that have names and are no countries: groupings, parts of others, codes for tests. */
const notCountries = new Set('AC CP CQ DG EA EU EZ IC QO TA UN XA XB ZZ'.split(' '))

function isCountry(code: string): boolean {
  return (
    !notCountries.has(code) &&
    namesOf('region', 'en').of(code) !== undefined &&
    // What was withdrawn has become another code.
    new Intl.Locale(`und-${code}`).region === code &&
    Intl.getCanonicalLocales(`und-${code}`)[0] === `und-${code}`
  )
}
