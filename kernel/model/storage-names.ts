import { sha256 } from './canonical-json.ts'
import type { Field } from './model.ts'

/** Where entities without a table of their own keep their records. */
export const sharedTable = 'tenant.record'

/** `crm.leads`, `lead` -> `tenant.crm_leads_lead`. */
export function tableOf(plugin: string, key: string): string {
  return `tenant.${snakeCase(`${plugin}_${key}`)}`
}

/** `annualRevenue` -> `annual_revenue`. */
export function snakeCase(name: string): string {
  return name.replaceAll(/[.:-]/g, '_').replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

/** Longest name that PostgreSQL keeps whole, in bytes. */
const nameLimit = 63

const systemColumns = new Set(['tableoid', 'xmin', 'cmin', 'xmax', 'cmax', 'ctid'])

/** Whether a field of this key can have a column: not too long, not one of PostgreSQL's own. */
export function isColumnName(name: string): boolean {
  return name.length <= nameLimit && !systemColumns.has(name)
}

const base32 = 'abcdefghijklmnopqrstuvwxyz234567'

/**
 * The storage id of a field that was not given one at publish: fields of plugins and packages, which
 * must find their data again after they were removed and came back, and fields of a draft. It follows
 * from where the field is defined and from its type, so a field of another type is another field.
 *
 * @param path `entities/x/fields/y` or `fields/x`.
 */
export function derivedStorageId(layer: string, path: string, type: string): string {
  const name = `${layer}\n${path}\n${type}`
  const known = derived.get(name)
  if (known !== undefined) return known
  const id = storageId(Buffer.from(sha256(name).slice(0, 20), 'hex'))
  if (derived.size >= mostDerived) derived.clear()
  derived.set(name, id)
  return id
}

/** Each model asks for the same ones again. */
const derived = new Map<string, string>()
const mostDerived = 50_000

/** `f_` and 16 letters or digits. @param bytes 10 random bytes, or a hash. */
export function storageId(bytes: Uint8Array): string {
  let text = 'f_'
  let bits = 0
  let held = 0
  for (const byte of bytes.subarray(0, 10)) {
    bits = (bits << 8) | byte
    for (held += 8; held >= 5; held -= 5) text += base32.charAt((bits >> (held - 5)) & 31)
    bits &= (1 << held) - 1
  }
  return text
}

/** Former to present path of a field in its layer: `entities/x/fields/old` to `entities/x/fields/new`. */
export type FormerKeys = Readonly<Record<string, string>>

/** The paths that the field had before, the latest first. */
export function formerPaths(formerKeys: FormerKeys | undefined, path: string): string[] {
  const paths: string[] = []
  const entries = Object.entries(formerKeys ?? {})
  for (let at: string | undefined = path; at !== undefined; ) {
    const now: string = at
    at = entries.find(([was, is]) => is === now && was !== path && !paths.includes(was))?.[0]
    if (at !== undefined) paths.push(at)
  }
  return paths
}

/** The storage id of a field whose values are kept with those of an organisation's own; null of others. */
export function storageIdOf({ storage }: Field): string | null {
  return storage.in === 'custom' ? storage.id : null
}
