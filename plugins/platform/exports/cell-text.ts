import { type FieldInfo, optionLabel } from '@runwaycrm/sdk'
import { joinedText } from './joined-text.ts'
import { type NameFinder, pointersOf } from './name-finder.ts'

export type Names = Pick<NameFinder, 'nameOf'>

/** How a reader writes numbers and times; missing, values are as machines read them. */
export interface Locale {
  readonly language: string
  readonly timeZone: string
  readonly yes: string
  readonly no: string
}

/**
 * A value as one text. Without a locale it is one that an import reads back: labels of options, names of
 * records, ISO dates, a plain decimal point, lists parted by semicolons.
 */
export function cellText(
  field: FieldInfo,
  value: unknown,
  names: Names,
  locale: Locale | null = null,
): string {
  if (value === null || value === undefined) return ''
  const pointers = pointersOf(field, value)
  if (pointers.length > 0)
    return pointers
      .map(({ id }) => names.nameOf(id))
      .filter(Boolean)
      .join('; ')
  if (field.kind === 'option') return optionLabel(field.options, String(value))
  if (field.kind === 'options' && Array.isArray(value))
    return value.map((key) => optionLabel(field.options, String(key))).join('; ')
  return locale ? readableText(field, value, locale) : joinedText(value)
}

function readableText(field: FieldInfo, value: unknown, locale: Locale): string {
  if (typeof value === 'boolean') return value ? locale.yes : locale.no
  if (typeof value === 'number') {
    const isPercent = field.display === 'percent'
    const text = numberFormat(locale.language).format(value)
    return isPercent ? `${text} %` : text
  }
  if (isMoney(value)) return `${decimal(value.amount, locale.language)} ${value.currency}`
  if (typeof value !== 'string') return joinedText(value)
  if (field.display === 'richText') return value.replace(/<[^>]*>/g, ' ')
  if (/^\d{4}-\d{2}-\d{2}$/.test(value))
    return dateFormat(locale.language).format(Date.parse(value))
  if (/^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/.test(value))
    return momentFormat(locale.language, locale.timeZone).format(Date.parse(value))
  return value
}

const isMoney = (value: unknown): value is { amount: string; currency: string } =>
  typeof value === 'object' && value !== null && 'amount' in value && 'currency' in value

/** Amounts stay text: with 11 digits and 4 places a number would round. */
function decimal(amount: string, language: string): string {
  return numberFormat(language, 2).format(amount as Intl.StringNumericLiteral)
}

/** Formats are costly to make and are asked for per cell. */
const kept = new Map<string, unknown>()
function keep<T>(key: string, make: () => T): T {
  const known = kept.get(key) as T | undefined
  if (known !== undefined) return known
  if (kept.size > 100) kept.clear()
  const made = make()
  kept.set(key, made)
  return made
}
const numberFormat = (language: string, least = 0) =>
  keep(
    `n ${language} ${least}`,
    () =>
      new Intl.NumberFormat(language, { minimumFractionDigits: least, maximumFractionDigits: 4 }),
  )
const dateFormat = (language: string) =>
  keep(
    `d ${language}`,
    () => new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeZone: 'UTC' }),
  )
const momentFormat = (language: string, timeZone: string) =>
  keep(
    `m ${language} ${timeZone}`,
    () => new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short', timeZone }),
  )
