import type { EntityAccess } from '../api/definitions.ts'

/** A sentence about rights: its text is `studio.access.<key>`. */
export interface AccessLine {
  readonly sign: '+' | '-' | '~'
  readonly key: string
  /** How many records or fields. */
  readonly n: number
  /** Names of fields. */
  readonly names: readonly string[]
}

/** What changes with one object, what is seen first. */
export function accessLines({
  records,
  fields,
  changes,
  operations,
}: EntityAccess): readonly AccessLine[] {
  const line = (sign: AccessLine['sign'], key: string, n = 1): AccessLine => ({
    ...{ sign, key, n, names: [] },
  })
  const named = (sign: AccessLine['sign'], key: string, names: readonly string[]): AccessLine => ({
    ...{ sign, key, n: names.length, names },
  })
  // The number of records says it already.
  const isCounted = records.gained + records.lost > 0
  const changed = operations.changed.filter((one) => one !== 'read' || !isCounted)
  return [
    ...operations.lost.map((one) => line('-', `lost.${one}`)),
    ...operations.gained.map((one) => line('+', `gained.${one}`)),
    line('+', 'records.gained', records.gained),
    line('-', 'records.lost', records.lost),
    ...changed.map((one) => line('~', `changed.${one}`)),
    named('+', 'fields.gained', fields.gained),
    named('-', 'fields.lost', fields.lost),
    named('+', 'changes.gained', changes.gained),
    named('-', 'changes.lost', changes.lost),
  ].filter(({ n }) => n > 0)
}

/** Rights besides records that have words of their own, below `studio.access.rights`. */
const worded: Readonly<Record<string, string>> = {
  '*': 'everything',
  admin: 'admin',
  'actions:*': 'actions',
  'actions:read': 'readActions',
  'studio:read': 'studioRead',
  'studio:write': 'studioWrite',
  import: 'import',
  export: 'export',
  'members:manage': 'members',
  'keys:manage': 'keys',
  'settings:write': 'settings',
}

/** @returns the words of a right, the action that it is about, or neither for one that nobody knows. */
export function rightWords(right: string): { readonly key?: string; readonly action?: string } {
  const key = Object.hasOwn(worded, right) ? worded[right] : undefined
  if (key) return { key }
  return right.startsWith('actions:') ? { action: right.slice('actions:'.length) } : {}
}
