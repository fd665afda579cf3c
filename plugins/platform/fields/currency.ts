import type { FieldTypeHandler, Parsed } from '@runwaycrm/sdk'
import { refused, stored } from './parsed.ts'

/**
 * An amount and its currency. Kept as whole 1/10,000, so that sums are exact, beside the code; given as
 * `{"amount": "1054.00", "currency": "USD"}` with two to four decimals. A bare number or text takes the
 * organisation's currency.
 */
export const currency: FieldTypeHandler = () => ({
  parse(input, org) {
    if (typeof input === 'string' || typeof input === 'number') {
      return withCode(parseAmount(input), org.currency)
    }
    if (typeof input !== 'object' || input === null || Array.isArray(input)) {
      return refused('WRONG_TYPE', 'Expected {"amount": "1054.00", "currency": "USD"}.')
    }
    for (const name of Object.keys(input)) {
      if (name !== 'amount' && name !== 'currency') {
        return refused('UNKNOWN_FIELD', 'An amount has "amount" and "currency" only.', name)
      }
    }
    const { amount, currency: code = org.currency } = input as Record<string, unknown>
    if (typeof code !== 'string') return refused('WRONG_TYPE', 'Expected a code.', 'currency')
    const upper = code.toUpperCase()
    if (!codes.has(upper)) {
      return refused('BAD_FORMAT', 'Expected a code of ISO 4217 such as USD.', 'currency')
    }
    if (amount === undefined) return refused('REQUIRED', 'The amount is missing.', 'amount')
    if (amount === null) return stored(null)
    return withCode(parseAmount(amount, 'amount'), upper)
  },
  parseFilter: (input) => parseAmount(amountIn(input)),
  format: ({ main, parts }) => ({
    amount: formatUnits(main as number | string | bigint),
    currency: parts?.['currency'] ?? null,
  }),
  text: ({ main, parts }) =>
    `${formatUnits(main as number | string | bigint)} ${parts?.['currency'] ?? ''}`.trim(),
})

const codes: ReadonlySet<string> = new Set(Intl.supportedValuesOf('currency'))
const amountForm = /^([+-]?)(\d+)(?:\.(\d+))?$/

function withCode(parsed: Parsed, code: string): Parsed {
  if (!parsed.ok || parsed.value.main === null) return parsed
  return stored(parsed.value.main, { currency: code })
}

function amountIn(input: unknown): unknown {
  return typeof input === 'object' && input !== null && 'amount' in input ? input.amount : input
}

/** A number or text as whole 1/10,000. */
function parseAmount(input: unknown, path?: string): Parsed {
  if (typeof input === 'number' && !Number.isFinite(input)) {
    return refused('OUT_OF_RANGE', 'Below 100,000,000,000.', path)
  }
  if (typeof input !== 'string' && typeof input !== 'number') {
    return refused('WRONG_TYPE', 'Expected an amount such as "1054.00".', path)
  }
  const written = typeof input === 'number' ? decimalsOf(input) : input.trim()
  if (written === '') return stored(null)
  const match = amountForm.exec(written)
  if (!match) return refused('BAD_FORMAT', 'Expected an amount such as "1054.00".', path)
  const [, sign, whole = '', decimals = ''] = match
  if (decimals.replace(/0+$/, '').length > 4) {
    return refused('BAD_FORMAT', 'At most four decimals.', path)
  }
  const digits = whole.replace(/^0+(?=\d)/, '')
  if (digits.length > 11) return refused('OUT_OF_RANGE', 'Below 100,000,000,000.', path)
  const units = Number(digits) * 10_000 + Number(decimals.slice(0, 4).padEnd(4, '0'))
  return stored(sign === '-' && units !== 0 ? -units : units)
}

/** A number in plain digits; what binary fractions add past the fourth decimal is not meant. */
function decimalsOf(input: number): string {
  if (Math.abs(input) >= 1e11) return input.toLocaleString('en', { useGrouping: false })
  const rounded = input.toFixed(4)
  const isMeant = Math.abs(Number(rounded) - input) <= Math.abs(input) * 2 ** -50 + 1e-12
  return isMeant ? rounded : input.toFixed(12)
}

/** Whole 1/10,000 as `1054.00`: two decimals at least, up to four. Sums come as text. */
function formatUnits(units: number | string | bigint): string {
  const value = BigInt(units)
  const digits = (value < 0n ? -value : value).toString().padStart(5, '0')
  const decimals = digits.slice(-4).replace(/0{1,2}$/, '')
  return `${value < 0n ? '-' : ''}${digits.slice(0, -4)}.${decimals}`
}
