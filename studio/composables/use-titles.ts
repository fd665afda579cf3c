import type { EntityInfo, RecordData } from '@runwaycrm/sdk'
import { shallowReactive } from 'vue'
import type { Api } from '../api/create-api.ts'
import { recordTitle } from '../model/read-value.ts'

/** Names of records that are only known by id: relations in cells, history, filters. */
export interface Titles {
  /** Empty while unknown; asking makes it load, many at once. */
  nameOf(entity: EntityInfo | null, id: string): string
  /** Keeps the names of records that were loaded anyway. */
  note(entity: EntityInfo, records: readonly RecordData[]): void
  forget(): void
}

const waitMs = 20
/** So that the ids still fit an address. */
const atOnce = 100

export function createTitles(api: Api): Titles {
  const names = shallowReactive(new Map<string, string>())
  const asked = new Set<string>()
  const queue = new Map<EntityInfo, Set<string>>()
  let timer: ReturnType<typeof setTimeout> | undefined

  const keyOf = (entity: EntityInfo, id: string): string => `${entity.ref} ${id}`

  function note(entity: EntityInfo, records: readonly RecordData[]): void {
    for (const record of records) {
      const name = recordTitle(record, entity.titleField)
      if (name !== '') names.set(keyOf(entity, record.id), name)
    }
  }

  async function load(): Promise<void> {
    const batches = [...queue].flatMap(([entity, wanted]) => {
      const ids = [...wanted]
      return Array.from({ length: Math.ceil(ids.length / atOnce) }, (_, index) => ({
        entity,
        ids: ids.slice(index * atOnce, (index + 1) * atOnce),
      }))
    })
    queue.clear()
    await Promise.all(batches.map(loadBatch))
  }

  async function loadBatch(batch: { entity: EntityInfo; ids: readonly string[] }): Promise<void> {
    const { entity, ids } = batch
    try {
      const page = await api.records.list(entity.plural, {
        filter: { id: { $in: ids } },
        fields: [entity.titleField],
        limit: atOnce,
      })
      note(entity, page.data)
    } catch {
      // The name stays unknown; the id is shown instead.
    }
  }

  return {
    note,
    nameOf(entity, id) {
      if (!entity) return ''
      const key = keyOf(entity, id)
      const known = names.get(key)
      if (known !== undefined) return known
      if (!asked.has(key)) {
        asked.add(key)
        const wanted = queue.get(entity) ?? new Set()
        wanted.add(id)
        queue.set(entity, wanted)
        clearTimeout(timer)
        timer = setTimeout(() => void load(), waitMs)
      }
      return ''
    },
    forget() {
      names.clear()
      asked.clear()
    },
  }
}
