import type { RecordData } from '@runwaycrm/sdk'
import { normalised, similarity, trigramsOf } from './compare.ts'
import type { EntityRules, RuleField } from './rules.ts'

/** Two records that are likely the same, by their places in the list. */
export interface Pair {
  readonly a: number
  readonly b: number
  /** 1 to 100. */
  readonly score: number
  readonly reasons: readonly { readonly field: string; readonly points: number }[]
}

/** A value that more records share says nothing about any two of them. */
const mostOfOneValue = 100

/**
 * Compares records by their rules. Only those that share a value or a trigram are compared at all, so the
 * work grows with what they have in common and not with the square of their number.
 *
 * @param only compares this record, by its place, with the others.
 */
export function findPairs(
  records: readonly RecordData[],
  { threshold, fields }: EntityRules,
  only: number | null = null,
): Pair[] {
  const points = new Map<number, Map<string, number>>()
  const note = (a: number, b: number, field: string, value: number) => {
    if (a === b || (only !== null && a !== only && b !== only)) return
    const key = Math.min(a, b) * records.length + Math.max(a, b)
    const known = points.get(key) ?? new Map<string, number>()
    points.set(key, known.set(field, Math.max(known.get(field) ?? 0, Math.round(value))))
  }
  for (const rule of fields) {
    const forms = records.map((record) => normalised(record[rule.field.apiName], rule.compare))
    if (rule.compare === 'similar') alike(forms, rule, note)
    else equal(forms, rule, note)
  }
  return [...points]
    .map(([key, found]) => ({
      a: Math.floor(key / records.length),
      b: key % records.length,
      score: Math.min(
        100,
        [...found.values()].reduce((sum, value) => sum + value, 0),
      ),
      reasons: [...found].map(([field, value]) => ({ field, points: value })),
    }))
    .filter(({ score }) => score >= threshold)
}

type Note = (a: number, b: number, field: string, points: number) => void
type Forms = readonly (string | null)[]

function equal(forms: Forms, { field, weight }: RuleField, note: Note): void {
  for (const places of placesOf(forms.map((form) => (form === null ? [] : [form]))).values()) {
    if (places.length > mostOfOneValue) continue
    for (const [at, a] of places.entries())
      for (const b of places.slice(at + 1)) note(a, b, field.apiName, weight)
  }
}

function alike(forms: Forms, { field, weight, least }: RuleField, note: Note): void {
  const trigrams = forms.map((form) => (form === null ? new Set<string>() : trigramsOf(form)))
  const seen = new Set<number>()
  for (const places of placesOf(trigrams).values()) {
    if (places.length > mostOfOneValue) continue
    for (const [at, a] of places.entries())
      for (const b of places.slice(at + 1)) {
        const key = a * forms.length + b
        if (seen.has(key)) continue
        seen.add(key)
        const degree = similarity(trigrams[a] as Set<string>, trigrams[b] as Set<string>)
        if (degree >= least) note(a, b, field.apiName, weight * degree)
      }
  }
}

/** Which records have a value, by their places in rising order. */
function placesOf(values: readonly Iterable<string>[]): Map<string, number[]> {
  const places = new Map<string, number[]>()
  for (const [at, all] of values.entries())
    for (const value of all) {
      const list = places.get(value)
      if (list) list.push(at)
      else places.set(value, [at])
    }
  return places
}
