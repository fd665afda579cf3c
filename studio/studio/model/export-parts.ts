import type { ApiIssue } from '../../api/api-error.ts'

/** As the server lists what stands in the parts that are taken. */
export interface LiftableValue {
  /** `roles/office/label`, `overrides/entities/crm.leads:lead/fields/region/label`. */
  readonly place: string
  readonly value: unknown
}

/**
 * Places of an export's refusal that could be parameters. Changes of others are told by where they stand in
 * the list of them: `overrides/0/to`.
 */
export function placesToLift(
  issues: readonly ApiIssue[],
  values: readonly LiftableValue[],
): readonly string[] {
  const changed = values.filter(({ place }) => place.startsWith('overrides/'))
  const places = issues.flatMap(({ path }) => {
    const at = /^overrides\/(\d+)\/to/.exec(path)?.[1]
    const place = at === undefined ? path : changed[Number(at)]?.place
    // Lists are one value: what is wrong in one is told below it.
    return values.filter((one) => place === one.place || place?.startsWith(`${one.place}/`))
  })
  return [...new Set(places.map(({ place }) => place))]
}

/** The last step of a place, as names of parameters are, and not one that is taken. */
export function freeName(place: string, taken: readonly string[]): string {
  const last = place.split('/').findLast((step) => /^[A-Za-z]/.test(step)) ?? 'value'
  const letters = last.replace(/[^A-Za-z0-9]/g, '')
  const name = letters.charAt(0).toLowerCase() + letters.slice(1)
  for (let n = 1; ; n++) {
    const free = n === 1 ? name : `${name}${n}`
    if (!taken.includes(free)) return free
  }
}

export function shownValue(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}
