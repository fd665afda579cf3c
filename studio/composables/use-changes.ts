import { useInfiniteQuery } from '@tanstack/vue-query'
import { computed } from 'vue'
import { useServices } from './use-services.ts'

/** Change sets, newest first. */
export function useChanges() {
  const { api } = useServices()
  const query = useInfiniteQuery({
    queryKey: ['changes'],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam }) => api.changes.list(pageParam),
    getNextPageParam: (page) => page.page?.nextCursor ?? undefined,
  })
  return {
    changes: computed(() => query.data.value?.pages.flatMap((page) => page.data) ?? []),
    error: query.error,
    isFirstLoad: query.isPending,
    hasMore: query.hasNextPage,
    loadMore: () => void query.fetchNextPage(),
    refetch: query.refetch,
  }
}
