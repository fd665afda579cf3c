import { addAmounts, amountIn, type Money } from './money.ts'

/**
 * What a sum over a currency field answers, as a list with one entry per code: never added across, the
 * organisation's own first, the rest by code.
 */
export function moneyList(sums: unknown, currency: string): readonly Money[] {
  const list = (Array.isArray(sums) ? sums : sums ? [sums] : []).filter(
    (one): one is Money => typeof one === 'object' && one !== null && 'amount' in one,
  )
  return list
    .map((money) => ({ amount: addAmounts([money.amount]), currency: money.currency }))
    .sort(
      (one, other) =>
        Number(other.currency === currency) - Number(one.currency === currency) ||
        (one.currency < other.currency ? -1 : 1),
    )
}

/** Lists added up code by code. */
export function addMoney(lists: readonly (readonly Money[])[], currency: string): readonly Money[] {
  const byCode = Map.groupBy(lists.flat(), (money) => money.currency)
  const sums = [...byCode].map(([code, some]) => ({
    amount: addAmounts(some.map(({ amount }) => amount)),
    currency: code,
  }))
  return moneyList(sums, currency)
}

/** Code by code: now, before, by how much it changed, and the percent of before; null of nothing. */
export function compareMoney(now: readonly Money[], before: readonly Money[], currency: string) {
  const codes = new Set([...now, ...before].map((money) => money.currency))
  return moneyList(
    [...codes].map((code) => ({ amount: '0', currency: code })),
    currency,
  ).map(({ currency: code }) => {
    const present = amountIn(now, code)
    const past = amountIn(before, code)
    const cents = (value: number) => value.toFixed(2)
    return {
      currency: code,
      current: cents(present),
      previous: cents(past),
      change: cents(present - past),
      changePercent: changeOf(present, past),
    }
  })
}

/** Percent with one decimal; null where there was nothing before. */
export function changeOf(now: number, before: number): number | null {
  return before === 0 ? null : Math.round(((now - before) / Math.abs(before)) * 1000) / 10
}
