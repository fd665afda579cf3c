import type { EntityInfo, RecordData } from '@runwaycrm/sdk'
import { useQuery } from '@tanstack/vue-query'
import { computed } from 'vue'
import { useRecordCache } from './use-record-cache.ts'
import { useServices } from './use-services.ts'

/** One record; what a list already knows shows at once. */
export function useRecord(entity: () => EntityInfo, id: () => string) {
  const { api, titles } = useServices()
  const cache = useRecordCache()
  const query = useQuery({
    queryKey: computed(() => ['records', entity().plural, 'one', id()]),
    queryFn: async () => {
      const record = await api.records.get(entity().plural, id())
      titles.note(entity(), [record])
      return record
    },
    placeholderData: () => cache.find(entity(), id()) ?? undefined,
    retry: false,
  })
  return {
    record: computed<RecordData | null>(() => query.data.value ?? null),
    error: query.error,
    isFirstLoad: query.isPending,
    refetch: query.refetch,
  }
}
