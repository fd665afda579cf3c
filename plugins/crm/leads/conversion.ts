import type { RecordData } from '@runwaycrm/sdk'

/** `Ada King Lovelace` is Ada King, Lovelace; a single word is the last name. */
export function splitName(name: string): {
  readonly firstName?: string
  readonly lastName: string
} {
  const words = name.trim().split(/\s+/)
  const lastName = words.pop() ?? ''
  return words.length > 0 ? { firstName: words.join(' '), lastName } : { lastName }
}

/** What the account is called: the company, or the person when no company is known. */
export function accountNameOf(lead: RecordData): string {
  return text(lead['company']) ?? text(lead['name']) ?? ''
}

/** Values without the empty ones, so that nothing is written as null. */
export function filled(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== null && value !== undefined),
  )
}

/** The record whose `field` is `wanted`, case and outer blanks aside. */
export function sameText(
  records: readonly RecordData[],
  field: string,
  wanted: string,
): RecordData | undefined {
  const folded = wanted.trim().toLowerCase()
  return records.find((record) => text(record[field])?.toLowerCase() === folded)
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : null
}
