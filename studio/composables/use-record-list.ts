import type { EntityInfo, Filter, RecordData, RecordPage } from '@runwaycrm/sdk'
import { useInfiniteQuery } from '@tanstack/vue-query'
import { computed } from 'vue'
import { expandedRecord } from '../model/read-value.ts'
import { useFarPages } from './use-far-pages.ts'
import { useModel } from './use-model.ts'
import { useServices } from './use-services.ts'

export interface RecordListQuery {
  readonly filter: Filter
  readonly sort: string
  /** Keys of the relations whose records come along. */
  readonly expand: readonly string[]
  readonly limit?: number
  /** Which column of a board it fills; part of the cache key only. */
  readonly stage?: string
}

const perPage = 100
/** Where somebody jumps to, what is in sight should come soon; what is around it follows. */
const perFarPage = 60
/** Records below those in sight that are loaded before somebody gets there. */
const ahead = 40
/**
 * The same around a place that somebody jumped to. What came with it is enough until they scroll: the server counts its
 * way to each page there, and the next jump would wait for that.
 */
const aheadFar = 18
/** As far as the server jumps. */
export const farthest = 100_000

/** Pages of one list, by keyset, as far as somebody has scrolled, and others where somebody has jumped to. */
export function useRecordList(
  entity: () => EntityInfo,
  query: () => RecordListQuery,
  isWanted: () => boolean = () => true,
) {
  const { api, titles } = useServices()
  const model = useModel()

  /** @param where the cursor of the page before, or the place of its first record; neither for the first page. */
  async function load(
    where: { readonly cursor?: string; readonly offset?: number; readonly limit?: number },
    signal?: AbortSignal,
  ): Promise<RecordPage> {
    const { filter, sort, expand, limit = perPage } = query()
    const isFirst = where.cursor === undefined && where.offset === undefined
    const asked = { filter, ...(sort === '' ? {} : { sort }), expand, limit, ...where }
    const page = await api.records.list(
      entity().plural,
      isFirst ? { ...asked, count: 'exact' } : asked,
      signal,
    )
    noteTitles(page)
    return page
  }

  function noteTitles(page: RecordPage): void {
    const info = entity()
    titles.note(info, page.data)
    for (const field of info.fields) {
      const target = field.to ? model.value.entity(field.to) : null
      if (!target || !query().expand.includes(field.key)) continue
      const found = page.data.map((record) => expandedRecord(record, field))
      titles.note(
        target,
        found.filter((one) => one !== null),
      )
    }
  }

  const list = useInfiniteQuery({
    queryKey: computed(() => ['records', entity().plural, 'list', query()] as const),
    enabled: computed(isWanted),
    initialPageParam: null as string | null,
    queryFn: ({ pageParam, signal }) =>
      load(pageParam === null ? {} : { cursor: pageParam }, signal),
    getNextPageParam: (page) => page.page.nextCursor,
    // Old rows stay under a thin bar while a filter or sort of the same entity loads.
    placeholderData: (before, beforeQuery) =>
      beforeQuery?.queryKey[1] === entity().plural ? before : undefined,
  })
  let wanting = ''
  const far = useFarPages({
    entity,
    query,
    perPage: perFarPage,
    load: (offset, signal) => load({ offset, limit: perFarPage }, signal),
  })

  const records = computed<readonly RecordData[]>(() => {
    const seen = new Set<string>()
    return (list.data.value?.pages ?? [])
      .flatMap((page) => page.data)
      .filter((record) => !seen.has(record.id) && seen.add(record.id))
  })
  const count = computed(() => list.data.value?.pages[0]?.page.count ?? null)
  const sparse = computed<readonly RecordData[]>(() => {
    if (!list.hasNextPage.value || list.isPlaceholderData.value) return records.value
    const length = Math.max(records.value.length, Math.min(count.value ?? 0, farthest))
    // Made at its length: one that is written to far behind its end becomes a map, through which every pass over
    // 100,000 places takes 20 ms instead of one.
    const all = new Array<RecordData>(length)
    for (const [at, record] of records.value.entries()) all[at] = record
    for (const { offset, records: some } of far.pages.value)
      for (const [at, record] of some.entries()) {
        const place = offset + at
        if (place >= records.value.length && place < length) all[place] = record
      }
    return all
  })

  const loadMore = (): void => {
    if (list.hasNextPage.value && !list.isFetchingNextPage.value) void list.fetchNextPage()
  }

  return {
    /** Those that were scrolled through, from the first. */
    records,
    /** All there are, with holes where none is loaded; they begin with `records`. */
    sparse,
    count,
    error: list.error,
    /** Nothing to show yet: skeletons. */
    isFirstLoad: computed(() => list.isPending.value),
    isLoading: list.isFetching,
    isStale: list.isPlaceholderData,
    hasMore: list.hasNextPage,
    loadMore,
    /** These places of `sparse` are in sight; those around them are loaded too. */
    want(first: number, last: number): void {
      const loaded = records.value.length
      if (last + ahead < loaded || !list.hasNextPage.value) return
      const most = sparse.value.length - 1
      const around = (by: number) => {
        const [from, to] = [Math.max(first - by, loaded), Math.min(last + by, most)]
        if (from > loaded || to >= loaded + perPage) far.want(from, to)
      }
      if (first - ahead <= loaded) loadMore()
      around(0)
      // What is in sight comes first.
      wanting = `${first} ${last}`
      void far.settled().then(() => wanting === `${first} ${last}` && around(aheadFar))
    },
    /** Waits until these places of `sparse` are loaded, or cannot be. */
    async reach(first: number, last: number): Promise<void> {
      if (first <= records.value.length) {
        while (records.value.length <= last && list.hasNextPage.value) {
          const { isError } = await list.fetchNextPage()
          if (isError) return
        }
        return
      }
      const end = Math.min(last, sparse.value.length - 1)
      far.want(first, end)
      await far.settled()
    },
    refetch: list.refetch,
  }
}
