import { isMoney, type Money } from '../model/read-value.ts'

/** Formatters are costly to make and are asked for per cell. */
const kept = new Map<string, Intl.NumberFormat>()
function numberFormat(locale: string, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = `${locale} ${JSON.stringify(options)}`
  let format = kept.get(key)
  if (!format) {
    format = new Intl.NumberFormat(locale, options)
    kept.set(key, format)
  }
  return format
}

/** Four digits stay together, so that a year reads like a year: `1968`, `12,400`. */
export function formatNumber(value: number, locale: string, digits = 4): string {
  return numberFormat(locale, { maximumFractionDigits: digits, useGrouping: 'min2' }).format(value)
}

/** An amount whose currency is not known: decimals as money has them. */
export function formatAmount(value: number, locale: string): string {
  return numberFormat(locale, {
    minimumFractionDigits: Number.isInteger(value) ? 0 : 2,
    maximumFractionDigits: 2,
  }).format(value)
}

/** 12.5 means 12.5 %. */
export function formatPercent(value: number, locale: string, digits = 2): string {
  return numberFormat(locale, { style: 'percent', maximumFractionDigits: digits }).format(
    value / 100,
  )
}

/** Averages to one decimal: more is noise. */
export const roundAverage = (value: number): number => Math.round(value * 10) / 10

/** Whole amounts lose their empty decimals: a column of prices reads calmer. */
export function formatMoney(money: Money, locale: string, compact = false): string {
  const amount = Number(money.amount)
  const isWhole = Number.isInteger(amount)
  try {
    return numberFormat(locale, {
      style: 'currency',
      currency: money.currency,
      currencyDisplay: 'narrowSymbol',
      ...(compact
        ? { notation: 'compact', maximumFractionDigits: 1 }
        : { minimumFractionDigits: isWhole ? 0 : 2, maximumFractionDigits: 4 }),
    }).format(amount)
  } catch {
    // A code that is not ISO 4217.
    return `${formatNumber(amount, locale)} ${money.currency}`
  }
}

/** Sums of an aggregate: one amount per currency. */
export function formatMoneyList(value: unknown, locale: string, compact = false): string {
  const list = Array.isArray(value) ? value : value === null || value === undefined ? [] : [value]
  return list
    .filter(isMoney)
    .map((money) => formatMoney(money, locale, compact))
    .join(' + ')
}

/** The sign of a currency alone, e.g. for the edge of an input. */
export function currencySymbol(currency: string, locale: string): string {
  try {
    const parts = numberFormat(locale, {
      style: 'currency',
      currency,
      currencyDisplay: 'narrowSymbol',
    }).formatToParts(0)
    return parts.find((part) => part.type === 'currency')?.value ?? currency
  } catch {
    return currency
  }
}

/**
 * Reads a number as people type it in their locale: `1,234.5`, `1.234,5`, `1 234`, `5k`, `1.2m`. A
 * separator of thousands where none belongs makes it no number: `1,5` in English is not fifteen.
 * @returns null when it is not a number.
 */
export function parseNumber(text: string, locale: string): number | null {
  const parts = numberFormat(locale, {}).formatToParts(12345.6)
  const group = parts.find((part) => part.type === 'group')?.value ?? ','
  const decimal = parts.find((part) => part.type === 'decimal')?.value ?? '.'
  let rest = text.trim().replace(/[\p{Sc}%\s\u00a0\u202f]/gu, '')
  const scale = { k: 1e3, m: 1e6 }[rest.slice(-1).toLowerCase()] ?? 1
  if (scale !== 1) rest = rest.slice(0, -1)
  const [whole = '', decimals, ...more] = rest.split(decimal)
  if (more.length > 0) return null
  const groups = whole.split(group)
  // India groups by two, but the last group has three digits there as well.
  if (groups.length > 1 && !/^[-+]?\d{1,3}(-\d{2,3})*-\d{3}$/.test(groups.join('-'))) return null
  const plain = groups.join('') + (decimals === undefined ? '' : `.${decimals}`)
  if (!/^[-+]?(\d+\.?\d*|\.\d+)$/.test(plain)) return null
  // Hides the binary noise that the scale brings.
  return scale === 1 ? Number(plain) : Math.round(Number(plain) * scale * 1e6) / 1e6
}
