import type { Filter, RecordData } from '@runwaycrm/sdk'
import { useInfiniteQuery } from '@tanstack/vue-query'
import { computed } from 'vue'
import type { RelatedField } from '../model/model-index.ts'
import { useServices } from './use-services.ts'

const shown = 25

/** Records whose relation points at one record, newest first. */
export function useRelatedRecords(
  related: () => RelatedField,
  id: () => string,
  filter: () => Filter | undefined = () => undefined,
) {
  const { api, titles } = useServices()
  const query = useInfiniteQuery({
    queryKey: computed(() => [
      'records',
      related().entity.plural,
      'related',
      related().field.apiName,
      id(),
      filter(),
    ]),
    initialPageParam: '',
    queryFn: async ({ pageParam }) => {
      const { entity, field } = related()
      const here: Filter = { [field.apiName]: id() }
      const more = filter()
      const page = await api.records.list(entity.plural, {
        filter: more ? { $and: [here, more] } : here,
        limit: shown,
        ...(pageParam === '' ? {} : { cursor: pageParam }),
      })
      titles.note(entity, page.data)
      return page
    },
    getNextPageParam: (page) => page.page.nextCursor ?? undefined,
  })
  return {
    records: computed<readonly RecordData[]>(
      () => query.data.value?.pages.flatMap((page) => page.data) ?? [],
    ),
    error: query.error,
    isFirstLoad: query.isPending,
    hasMore: query.hasNextPage,
    loadMore: () => void query.fetchNextPage(),
    refetch: query.refetch,
  }
}
