import type { HandlerContext } from './context.ts'
import type { Money } from './money.ts'

/** What goes into a place of a sentence; all but text is written as the reader writes it. */
export type Said =
  | string
  | number
  | { readonly percent: number }
  /** `YYYY-MM-DD`. */
  | { readonly day: string }
  | Money
  | readonly Money[]

/** Says a message of the plugin to one reader. Functions that reckon take it, so that they know of no language. */
export type Say = (key: string, values?: Readonly<Record<string, Said>>) => string

/**
 * Says the plugin's messages as whoever asks reads them, with numbers, amounts and days as their language has them.
 * It is for what an action answers. What is kept is for everybody, and is said by `ctx.t` alone.
 */
export function sayTo({ t, language }: Pick<HandlerContext, 't' | 'language'>): Say {
  return (key, values = {}) => {
    const written = Object.entries(values).map(([name, value]) => [name, write(value, language)])
    return t(key, Object.fromEntries(written), language)
  }
}

function write(value: Said, language: string): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number') return new Intl.NumberFormat(language).format(value)
  if ('percent' in value) {
    const style = { style: 'percent', maximumFractionDigits: 1 } as const
    return new Intl.NumberFormat(language, style).format(value.percent / 100)
  }
  if ('day' in value) {
    const style = { dateStyle: 'medium', timeZone: 'UTC' } as const
    return new Intl.DateTimeFormat(language, style).format(Date.parse(value.day))
  }
  return [value].flat().map(moneyIn(language)).join(', ')
}

/** Amounts stay text: with 11 digits and 4 places a number would round. */
const moneyIn =
  (language: string) =>
  ({ amount, currency }: Money): string =>
    new Intl.NumberFormat(language, { style: 'currency', currency }).format(
      amount as Intl.StringNumericLiteral,
    )

/**
 * A text of settings: in the reader's words while it is the one that the plugin brings. What somebody wrote stays.
 *
 * @param key names the text among the plugin's messages.
 * @param language BCP 47; the organisation's when it is not said.
 */
export function ownWords(
  { t }: Pick<HandlerContext, 't'>,
  key: string,
  text: string,
  language?: string,
): string {
  return t(key, {}, 'en') === text ? t(key, {}, language) : text
}
