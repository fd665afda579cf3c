/** As the API carries it. */
export interface Money {
  readonly amount: string
  readonly currency: string
}

/**
 * The amount in one currency out of what a sum over a currency field answers: a list with one entry
 * per code, or nothing. Reports reckon with plain numbers; cents of a forecast are not kept.
 */
export function amountIn(sums: unknown, currency: string): number {
  return entriesOf(sums)
    .filter((entry) => entry.currency === currency)
    .reduce((total, entry) => total + Number(entry.amount), 0)
}

/** The other codes in it, each with its sum. */
export function othersThan(sums: unknown, currency: string): readonly Money[] {
  return entriesOf(sums).filter((entry) => entry.currency !== currency)
}

export function moneyOf(amount: number, currency: string): Money {
  return { amount: amount.toFixed(2), currency }
}

/** Percent with one decimal, or null of nothing. */
export function percentOf(part: number, whole: number): number | null {
  return whole > 0 ? Math.round((part / whole) * 1000) / 10 : null
}

function entriesOf(sums: unknown): readonly Money[] {
  const list = Array.isArray(sums) ? sums : sums ? [sums] : []
  return list.filter(
    (entry): entry is Money => typeof entry === 'object' && entry !== null && 'amount' in entry,
  )
}

/** A value as the API takes it: a bare number or text is in the currency that is passed. */
export function readMoney(value: unknown, currency: string): Money | null {
  if (value === null || value === undefined || value === '') return null
  if (typeof value !== 'object') return { amount: String(value), currency }
  const { amount, currency: code = currency } = value as Partial<Money>
  return amount === undefined || amount === null ? null : { amount: String(amount), currency: code }
}

/** So many times the price, rounded to cents. @returns null when it is more than a field keeps. */
export function scaleMoney(price: Money, factor: number): Money | null {
  return fromUnits(toUnits(price.amount) * toUnits(factor.toFixed(4)), 10_000n, price.currency)
}

/** Less so many percent (more, when it is negative), rounded to cents; null when it is too much. */
export function takePercent(money: Money, percent: number): Money | null {
  const left = 1_000_000n - toUnits(percent.toFixed(4))
  return fromUnits(toUnits(money.amount) * left, 1_000_000n, money.currency)
}

/** The sum of amounts of one currency, exact. */
export function addAmounts(amounts: readonly string[]): string {
  return formatCents(
    amounts.reduce((sum, amount) => sum + toUnits(amount), 0n),
    10_000n,
  )
}

/** Whole 1/10,000, as currency fields keep them; digits past the fourth are cut off. */
function toUnits(amount: string): bigint {
  const [, sign, whole, decimals = ''] = /^([+-]?)(\d+)(?:\.(\d+))?$/.exec(amount.trim()) ?? []
  if (whole === undefined) return 0n
  const units = BigInt(whole) * 10_000n + BigInt(decimals.slice(0, 4).padEnd(4, '0'))
  return sign === '-' ? -units : units
}

/** @param scale by which the units are too many. */
function fromUnits(units: bigint, scale: bigint, currency: string): Money | null {
  const amount = formatCents(units, scale * 10_000n)
  return Math.abs(Number(amount)) < 1e11 ? { amount, currency } : null
}

/** Half a cent goes away from zero, as invoices are added up by hand. */
function formatCents(value: bigint, perWhole: bigint): string {
  const positive = value < 0n ? -value : value
  const cents = (positive * 200n + perWhole) / (perWhole * 2n)
  const digits = cents.toString().padStart(3, '0')
  const sign = value < 0n && cents > 0n ? '-' : ''
  return `${sign}${digits.slice(0, -2)}.${digits.slice(-2)}`
}
