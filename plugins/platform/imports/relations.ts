import type { FieldInfo, Issue, Records } from '@runwaycrm/sdk'

/** A row's wish: the field wants the record whose `by` equals `text`. */
export interface RelationWish {
  readonly field: FieldInfo
  readonly entity: string
  readonly by: string
  readonly create: boolean
  readonly text: string
}

/** Names that are kept; of more all are forgotten, and those that come again are looked up again. */
const mostKnown = 50_000

type Found = { readonly id: string } | { readonly problem: Issue['code']; readonly message: string }

/**
 * Finds the records that relation cells name, a batch at a time: one question per 100 names, and one
 * write for those to be made. What was found is kept for the next batch.
 */
export class RelationFinder {
  readonly #known = new Map<string, Found>()
  readonly #userEntity: string
  /** Names that this import made, for the preview. */
  readonly created = new Map<string, number>()
  // A dry run undoes its batches, so records made in one are gone in the next.
  readonly #keepCreated: boolean

  constructor(options: { keepCreated: boolean; userEntity: string }) {
    this.#keepCreated = options.keepCreated
    this.#userEntity = options.userEntity
  }

  entityOf(field: FieldInfo): string {
    return field.to ?? this.#userEntity
  }

  /** Looks everything up that is not known yet. */
  async prepare(wishes: readonly RelationWish[], records: Records): Promise<void> {
    if (this.#known.size > mostKnown) this.forget()
    for (const group of groupWishes(
      wishes.filter((wish) => !this.#known.has(keyOf(wish))),
    ).values()) {
      const sample = group[0]!
      const names = [...new Map(group.map((wish) => [wish.text.toLowerCase(), wish.text])).values()]
      for (let start = 0; start < names.length; start += 100)
        await this.#find(sample, names.slice(start, start + 100), records)
      const missing = names.filter((name) => !this.#known.has(keyOf({ ...sample, text: name })))
      if (group.some((wish) => wish.create) && missing.length > 0)
        await this.#create(sample, missing, records)
    }
  }

  /** @returns the id, or what to say of the cell. */
  get(wish: RelationWish): Found {
    return (
      this.#known.get(keyOf(wish)) ?? {
        problem: 'UNKNOWN_RECORD',
        message: `There is none whose ${wish.by} is "${wish.text}".`,
      }
    )
  }

  /** A record of the same entity that the import itself wrote: later rows find it. */
  learn(entity: string, by: string, text: string, id: string): void {
    if (this.#keepCreated) this.#known.set(keyOf({ entity, by, text }), { id })
  }

  /** What a batch made that was undone is not known any more. */
  forget(): void {
    this.#known.clear()
  }

  async #find(sample: RelationWish, names: readonly string[], records: Records): Promise<void> {
    // Case is ignored by $in on text; two that differ in case only are ambiguous.
    let cursor: string | undefined
    do {
      const page = await records.list(sample.entity, {
        filter: { [sample.by]: { $in: names } },
        fields: [sample.by],
        limit: 200,
        ...(cursor ? { cursor } : {}),
      })
      for (const record of page.data) {
        const text = String(record[sample.by])
        const key = keyOf({ ...sample, text })
        const before = this.#known.get(key)
        const twice = before && 'id' in before && before.id !== record.id
        this.#known.set(
          key,
          twice
            ? { problem: 'AMBIGUOUS', message: `Several have the ${sample.by} "${text}".` }
            : { id: record.id },
        )
      }
      cursor = page.page.nextCursor ?? undefined
    } while (cursor)
  }

  async #create(sample: RelationWish, names: readonly string[], records: Records): Promise<void> {
    for (let start = 0; start < names.length; start += 500) {
      const some = names.slice(start, start + 500)
      const result = await records.bulk(sample.entity, {
        create: some.map((name) => ({ [sample.by]: name })),
        atomic: false,
      })
      for (const item of result.results) {
        const name = some[item.index]!
        const found: Found = item.id
          ? { id: item.id }
          : {
              problem: 'UNKNOWN_RECORD',
              message:
                item.problem?.errors?.[0]?.message ??
                item.problem?.detail ??
                'It could not be made.',
            }
        if (item.id) this.created.set(sample.entity, (this.created.get(sample.entity) ?? 0) + 1)
        this.#known.set(keyOf({ ...sample, text: name }), found)
      }
    }
  }
}

function keyOf(wish: { entity: string; by: string; text: string }): string {
  return `${wish.entity}\u0000${wish.by}\u0000${wish.text.toLowerCase()}`
}

function groupWishes(wishes: readonly RelationWish[]): Map<string, RelationWish[]> {
  return Map.groupBy(wishes, (wish) => `${wish.entity}\u0000${wish.by}`)
}
