import type { EntityInfo, Provenance } from '@runwaycrm/sdk'
import { useInfiniteQuery, useQuery } from '@tanstack/vue-query'
import { computed } from 'vue'
import { useServices } from './use-services.ts'

/** Where each value of a record came from, by apiName; empty while it is not known. */
export function useProvenance(entity: () => EntityInfo, id: () => string) {
  const { api } = useServices()
  const query = useQuery({
    queryKey: computed(() => ['records', entity().plural, 'provenance', id()]),
    queryFn: () => api.records.provenance(entity().plural, id()),
    retry: false,
  })
  return computed<Readonly<Record<string, Provenance>>>(() => query.data.value ?? {})
}

/** What one field of a record was, newest first. */
export function useFieldHistory(entity: () => EntityInfo, id: () => string, field: () => string) {
  const { api } = useServices()
  const query = useInfiniteQuery({
    queryKey: computed(() => ['records', entity().plural, 'history', id(), field()]),
    initialPageParam: '',
    queryFn: ({ pageParam }) =>
      api.records.history(entity().plural, id(), {
        field: field(),
        ...(pageParam === '' ? {} : { cursor: pageParam }),
      }),
    getNextPageParam: (page) => page.page?.nextCursor ?? undefined,
    retry: false,
  })
  return {
    entries: computed(() => query.data.value?.pages.flatMap((page) => page.data) ?? []),
    error: query.error,
    isFirstLoad: query.isPending,
    hasMore: query.hasNextPage,
    loadMore: () => void query.fetchNextPage(),
    refetch: query.refetch,
  }
}
