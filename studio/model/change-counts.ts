export interface ChangeCount {
  /** Reference of the entity; null when the server counts over all of them. */
  readonly entity: string | null
  readonly op: 'created' | 'updated' | 'deleted' | 'restored' | 'changed'
  readonly n: number
}

const words: Readonly<Record<string, ChangeCount['op']>> = {
  create: 'created',
  created: 'created',
  update: 'updated',
  updated: 'updated',
  delete: 'deleted',
  deleted: 'deleted',
  restore: 'restored',
  restored: 'restored',
}

/**
 * The counts of a change set, whichever way they are nested: `{created: 2}`,
 * `{"crm.leads:lead": {created: 2}}` or `{"crm.leads:lead": 3}`.
 */
export function countsOf(counts: Readonly<Record<string, unknown>>): readonly ChangeCount[] {
  return Object.entries(counts).flatMap(([key, value]): ChangeCount[] => {
    if (typeof value === 'number') {
      if (value === 0 || key === 'records' || key === 'total') return []
      const op = words[key]
      return [op ? { entity: null, op, n: value } : { entity: key, op: 'changed', n: value }]
    }
    if (typeof value !== 'object' || value === null) return []
    return Object.entries(value).flatMap(([name, n]): ChangeCount[] => {
      // Both `{entity: {op: n}}` and `{op: {entity: n}}`.
      if (typeof n !== 'number' || n === 0) return []
      const outer = words[key]
      if (outer) return [{ entity: name, op: outer, n }]
      return [{ entity: key, op: words[name] ?? 'changed', n }]
    })
  })
}
