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
