import type { EntityInfo } from '@runwaycrm/sdk'
import { useInfiniteQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, onScopeDispose, watch } from 'vue'
import type { TimelineKind } from '../api/records.ts'
import { useModel } from './use-model.ts'
import { useServices } from './use-services.ts'

/** Colleagues write in bursts; the timeline is asked for again once for all of them. */
const gatherMs = 400

/** What happened to a record and what was written about it, newest first; kinds: none means all. */
export function useRecordTimeline(
  entity: () => EntityInfo,
  id: () => string,
  kinds: () => readonly TimelineKind[],
) {
  const { api, live } = useServices()
  const model = useModel()
  const client = useQueryClient()
  const ofRecord = computed(() => ['records', entity().plural, 'timeline', id()])
  const query = useInfiniteQuery({
    queryKey: computed(() => [...ofRecord.value, kinds().join()]),
    initialPageParam: '',
    queryFn: ({ pageParam }) =>
      api.records.timeline(entity().plural, id(), {
        types: kinds(),
        ...(pageParam === '' ? {} : { cursor: pageParam }),
      }),
    getNextPageParam: (page) => page.page?.nextCursor ?? undefined,
    placeholderData: (before) => before,
    retry: false,
  })
  const refresh = (): void => void client.invalidateQueries({ queryKey: ofRecord.value })

  let timer: ReturnType<typeof setTimeout> | undefined
  const refreshSoon = (): void => {
    clearTimeout(timer)
    timer = setTimeout(refresh, gatherMs)
  }
  let stop: (() => void) | undefined
  watch(
    [id, () => model.value.model.hash],
    () => {
      stop?.()
      const plurals = new Set(
        model.value.composers.flatMap((one) => model.value.entity(one.entity)?.plural ?? []),
      )
      if (plurals.size === 0) return
      const about = { 'about.id': id() }
      stop = live.subscribe(
        [...plurals].map((plural) => ({ entity: plural, filter: about })),
        {
          onEvent: (event) => plurals.has(event.entity) && refreshSoon(),
          onResync: refresh,
        },
      )
    },
    { immediate: true },
  )
  onScopeDispose(() => {
    stop?.()
    clearTimeout(timer)
  })

  return {
    entries: computed(() => query.data.value?.pages.flatMap((page) => page.data) ?? []),
    error: query.error,
    isFirstLoad: query.isPending,
    isStale: query.isPlaceholderData,
    hasMore: query.hasNextPage,
    isLoadingMore: query.isFetchingNextPage,
    loadMore: () => void query.fetchNextPage(),
    refetch: query.refetch,
    refresh,
  }
}
