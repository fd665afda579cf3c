import { type RecordData, StateConflictError } from '@runwaycrm/sdk'

/** @throws StateConflictError saying what is possible instead. */
export function assertState(quote: RecordData, wanted: readonly string[], advice: string): void {
  const status = String(quote['status'])
  if (!wanted.includes(status))
    throw new StateConflictError(`This {quote} is ${status.replaceAll('_', ' ')}. ${advice}`)
}

/**
 * Whether the discount is within the limit or was approved, as high as it is now and for the total that
 * it has now.
 */
export function isCleared(quote: RecordData, discountLimit: number): boolean {
  const discount = Number(quote['maxDiscount'] ?? 0)
  if (discount <= discountLimit) return true
  const { approvedAt, approvedDiscount, approvedTotal, total } = quote
  return (
    Boolean(approvedAt) &&
    Number(approvedDiscount) >= discount &&
    JSON.stringify(approvedTotal) === JSON.stringify(total)
  )
}
