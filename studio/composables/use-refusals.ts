import type { FieldInfo, FieldValues } from '@runwaycrm/sdk'
import { shallowReactive } from 'vue'
import { inputText } from '../model/input-text.ts'

/** What somebody wrote and the server did not take. */
export interface Refusal {
  readonly value: unknown
  readonly reason: string
}

/** Refused values by their cells: marked there, and back in the editor when it is opened again. */
export interface Refusals {
  add(id: string, values: FieldValues, reason: string): void
  of(id: string, field: string): Refusal | undefined
  /** Whether there are any of the record. */
  has(id: string): boolean
  /** As its input shows it, and for the last time: what is typed now takes its place. */
  takeText(id: string, field: FieldInfo, locale: string): string | undefined
  forget(id: string, fields: readonly string[]): void
}

export function createRefusals(): Refusals {
  const kept = shallowReactive(new Map<string, Refusal>())
  return {
    add(id, values, reason) {
      for (const [field, value] of Object.entries(values))
        kept.set(`${id} ${field}`, { value, reason })
    },
    of: (id, field) => kept.get(`${id} ${field}`),
    has: (id) => kept.size > 0 && [...kept.keys()].some((key) => key.startsWith(`${id} `)),
    takeText(id, field, locale) {
      const key = `${id} ${field.apiName}`
      const found = kept.get(key)
      kept.delete(key)
      if (!found) return undefined
      return typeof found.value === 'string'
        ? found.value
        : inputText(field, found.value, { locale })
    },
    forget(id, fields) {
      for (const field of fields) kept.delete(`${id} ${field}`)
    },
  }
}
