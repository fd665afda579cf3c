import type { EntityInfo, FieldValues, RecordData, RecordPage } from '@runwaycrm/sdk'
import { type InfiniteData, type QueryClient, useQueryClient } from '@tanstack/vue-query'

/** Every place in the cache that holds records of one entity, changed together. */
export interface RecordCache {
  find(entity: EntityInfo, id: string): RecordData | null
  patch(entity: EntityInfo, id: string, change: (record: RecordData) => RecordData): void
  /** Values of many records at once, by their ids. */
  patchMany(entity: EntityInfo, values: ReadonlyMap<string, FieldValues>): void
  remove(entity: EntityInfo, ids: readonly string[]): void
  /** Puts a new record on top of the lists that are open. */
  prepend(entity: EntityInfo, record: RecordData): void
  /** Figures, histories and related lists are asked for again; open rows stay where they are. */
  refreshDerived(entity: EntityInfo): void
  refreshAll(entity?: EntityInfo): Promise<void>
  refreshChanges(): void
  /** Whether a board of the entity is on screen. */
  isOnBoard(entity: EntityInfo): boolean
}

/** Pages of one list as they are kept. */
export type Pages = InfiniteData<RecordPage, string | null>

export function useRecordCache(client: QueryClient = useQueryClient()): RecordCache {
  const listKey = (entity: EntityInfo) => ['records', entity.plural, 'list']
  const oneKey = (entity: EntityInfo, id: string) => ['records', entity.plural, 'one', id]

  const mapLists = (entity: EntityInfo, change: (pages: Pages) => Pages): void => {
    client.setQueriesData<Pages>({ queryKey: listKey(entity) }, (pages) =>
      pages ? change(pages) : pages,
    )
  }
  const mapData = (
    pages: Pages,
    change: (data: readonly RecordData[]) => readonly RecordData[],
    counted = 0,
  ): Pages => ({
    ...pages,
    pages: pages.pages.map((page, index) => ({
      data: change(page.data),
      page:
        index === 0 && page.page.count !== undefined
          ? { ...page.page, count: Math.max(0, page.page.count + counted) }
          : page.page,
    })),
  })

  return {
    find(entity, id) {
      const one = client.getQueryData<RecordData>(oneKey(entity, id))
      if (one) return one
      for (const [, pages] of client.getQueriesData<Pages>({ queryKey: listKey(entity) }))
        for (const page of pages?.pages ?? []) {
          const found = page.data.find((record) => record.id === id)
          if (found) return found
        }
      return null
    },
    patch(entity, id, change) {
      client.setQueryData<RecordData>(oneKey(entity, id), (record) =>
        record ? change(record) : record,
      )
      mapLists(entity, (pages) =>
        pages.pages.some((page) => page.data.some((record) => record.id === id))
          ? mapData(pages, (data) =>
              data.map((record) => (record.id === id ? change(record) : record)),
            )
          : pages,
      )
    },
    patchMany(entity, values) {
      if (values.size === 0) return
      const over = (record: RecordData): RecordData => {
        const own = values.get(record.id)
        return own ? { ...record, ...own } : record
      }
      for (const id of values.keys())
        client.setQueryData<RecordData>(oneKey(entity, id), (record) => record && over(record))
      mapLists(entity, (pages) => mapData(pages, (data) => data.map(over)))
    },
    remove(entity, ids) {
      const gone = new Set(ids)
      mapLists(entity, (pages) => {
        const present = pages.pages
          .flatMap((page) => page.data)
          .filter((record) => gone.has(record.id)).length
        return present === 0
          ? pages
          : mapData(pages, (data) => data.filter((record) => !gone.has(record.id)), -present)
      })
    },
    prepend(entity, record) {
      const onTop = (pages: Pages): Pages => ({
        ...pages,
        pages: mapData(pages, (data) => data, 1).pages.map((page, index) =>
          index === 0 && !page.data.some((one) => one.id === record.id)
            ? { ...page, data: [record, ...page.data] }
            : page,
        ),
      })
      client.setQueriesData<Pages>(
        { queryKey: listKey(entity), predicate: ({ queryKey }) => !isFar(queryKey) },
        (pages) => pages && onTop(pages),
      )
    },
    refreshDerived(entity) {
      void client.invalidateQueries({
        predicate: ({ queryKey: [first, plural, kind] }) =>
          first === 'changes' ||
          (first === 'records' && plural === entity.plural && kind !== 'list' && kind !== 'one') ||
          (first === 'records' && kind === 'related'),
      })
    },
    isOnBoard: (entity) =>
      client
        .getQueryCache()
        .findAll({ queryKey: listKey(entity), type: 'active' })
        .some(({ queryKey }) => (queryKey[3] as { stage?: string })?.stage !== undefined),
    refreshChanges: () => void client.invalidateQueries({ queryKey: ['changes'] }),
    refreshAll: (entity) =>
      client.invalidateQueries({ queryKey: entity ? ['records', entity.plural] : ['records'] }),
  }
}

/** A page from the middle of a list. */
const isFar = ([, , , query]: readonly unknown[]) =>
  (query as { at?: number } | undefined)?.at !== undefined

/** What the server answered, with the related records that an earlier answer had expanded. */
export function mergeRecord(before: RecordData, after: RecordData): RecordData {
  const merged: Record<string, unknown> = { ...after }
  for (const [key, value] of Object.entries(before)) {
    if (key in after || typeof value !== 'object' || value === null || !('id' in value)) continue
    if (after[`${key}Id`] === (value as RecordData).id) merged[key] = value
  }
  return merged as RecordData
}
