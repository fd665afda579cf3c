import type { FieldInfo, HandlerContext, RecordData } from '@runwaycrm/sdk'
import { joinedText } from './joined-text.ts'

/** Names that are kept; of more all are forgotten, and those that come again are looked up again. */
const mostKnown = 100_000
const idsAtOnce = 100

/**
 * The names of records that others point to, looked up a page at a time under the reader's ability. One
 * that may not be read, or is deleted, has none.
 */
export class NameFinder {
  readonly #known = new Map<string, string>()
  readonly #ctx: Pick<HandlerContext, 'model' | 'records'>

  constructor(ctx: Pick<HandlerContext, 'model' | 'records'>) {
    this.#ctx = ctx
  }

  async prepare(fields: readonly FieldInfo[], records: readonly RecordData[]): Promise<void> {
    if (this.#known.size > mostKnown) this.#known.clear()
    const missing = new Map<string, Set<string>>()
    for (const field of fields) {
      for (const record of records) {
        for (const { entity, id } of pointersOf(field, record[field.apiName])) {
          if (this.#known.has(id)) continue
          const ids = missing.get(entity) ?? new Set()
          missing.set(entity, ids.add(id))
        }
      }
    }
    for (const [entity, ids] of missing) await this.#find(entity, [...ids])
  }

  /** Empty for one that is not known. */
  nameOf(id: string): string {
    return this.#known.get(id) ?? ''
  }

  async #find(ref: string, ids: readonly string[]): Promise<void> {
    const entity = this.#ctx.model.entity(ref)
    const title = entity?.fields.find((field) => field.apiName === entity.titleField)
    for (const id of ids) this.#known.set(id, '')
    if (!entity?.can.read || !title) return
    for (let start = 0; start < ids.length; start += idsAtOnce) {
      const { data } = await this.#ctx.records.list(entity.ref, {
        filter: { id: { $in: ids.slice(start, start + idsAtOnce) } },
        fields: [title.apiName],
        limit: idsAtOnce,
      })
      for (const record of data) this.#known.set(record.id, joinedText(record[title.apiName]))
    }
  }
}

interface Pointer {
  readonly entity: string
  readonly id: string
}

/** What a value points to; nothing for a field that holds values of its own. */
export function pointersOf(field: FieldInfo, value: unknown): readonly Pointer[] {
  if (value === null || value === undefined) return []
  if (field.kind === 'relation' || field.kind === 'relations' || field.kind === 'user') {
    const entity = field.to ?? 'kernel:user'
    return [value].flat().map((id) => ({ entity, id: String(id) }))
  }
  if (field.display === 'reference' && typeof value === 'object' && 'id' in value) {
    return [value as Pointer]
  }
  return []
}
