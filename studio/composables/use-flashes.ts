import { shallowReactive } from 'vue'
import { useServices } from './use-services.ts'

export type Flash = 'theirs' | 'failed'

/** Cells that have just been changed by somebody else, or gone back because the server refused. */
export interface Flashes {
  add(id: string, fields: readonly string[], flash: Flash): void
  of(id: string, field: string): Flash | undefined
  has(id: string): boolean
}

const shownMs = 1_600

export function createFlashes(): Flashes {
  const shown = shallowReactive(new Map<string, Flash>())
  const rows = shallowReactive(new Set<string>())
  return {
    add(id, fields, flash) {
      rows.add(id)
      for (const field of fields) shown.set(`${id} ${field}`, flash)
      setTimeout(() => {
        rows.delete(id)
        for (const field of fields) shown.delete(`${id} ${field}`)
      }, shownMs)
    },
    of: (id, field) => shown.get(`${id} ${field}`),
    has: (id) => rows.has(id),
  }
}

export const useFlashes = (): Flashes => useServices().flashes
