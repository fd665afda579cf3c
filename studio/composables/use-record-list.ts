import type { EntityInfo, Filter, RecordData, RecordPage } from '@runwaycrm/sdk'
import { useInfiniteQuery } from '@tanstack/vue-query'
import { computed, watch } from 'vue'
import { expandedRecord } from '../model/read-value.ts'
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

/** Pages of one list, by keyset, as far as somebody has scrolled. */
export function useRecordList(
  entity: () => EntityInfo,
  query: () => RecordListQuery,
  isWanted: () => boolean = () => true,
) {
  const { api, titles } = useServices()
  const model = useModel()

  const list = useInfiniteQuery({
    queryKey: computed(() => ['records', entity().plural, 'list', query()] as const),
    enabled: computed(isWanted),
    initialPageParam: null as string | null,
    queryFn: ({ pageParam, signal }): Promise<RecordPage> =>
      api.records.list(
        entity().plural,
        {
          filter: query().filter,
          ...(query().sort === '' ? {} : { sort: query().sort }),
          expand: query().expand,
          limit: query().limit ?? 100,
          ...(pageParam === null ? { count: 'exact' as const } : { cursor: pageParam }),
        },
        signal,
      ),
    getNextPageParam: (page) => page.page.nextCursor,
    // Old rows stay under a thin bar while a filter or sort of the same entity loads.
    placeholderData: (before, beforeQuery) =>
      beforeQuery?.queryKey[1] === entity().plural ? before : undefined,
  })

  const records = computed<readonly RecordData[]>(() => {
    const seen = new Set<string>()
    return (list.data.value?.pages ?? [])
      .flatMap((page) => page.data)
      .filter((record) => !seen.has(record.id) && seen.add(record.id))
  })

  watch(
    () => list.data.value?.pages.at(-1),
    (page) => {
      if (!page) return
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
    },
    { immediate: true },
  )

  return {
    records,
    count: computed(() => list.data.value?.pages[0]?.page.count ?? null),
    error: list.error,
    /** Nothing to show yet: skeletons. */
    isFirstLoad: computed(() => list.isPending.value),
    isLoading: list.isFetching,
    isStale: list.isPlaceholderData,
    hasMore: list.hasNextPage,
    loadMore: () => {
      if (list.hasNextPage.value && !list.isFetchingNextPage.value) void list.fetchNextPage()
    },
    /** Loads until so many are there, or there are no more. */
    loadTo: async (wanted: number): Promise<void> => {
      while (records.value.length < wanted && list.hasNextPage.value) {
        const { isError } = await list.fetchNextPage()
        if (isError) return
      }
    },
    refetch: list.refetch,
  }
}
