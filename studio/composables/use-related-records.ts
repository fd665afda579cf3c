import type { RecordData } from '@runwaycrm/sdk'
import { useQuery } from '@tanstack/vue-query'
import { computed } from 'vue'
import type { RelatedField } from '../model/model-index.ts'
import { useServices } from './use-services.ts'

const shown = 50

/** Records whose relation points at one record, newest first. */
export function useRelatedRecords(related: () => RelatedField, id: () => string) {
  const { api, titles } = useServices()
  const query = useQuery({
    queryKey: computed(() => [
      'records',
      related().entity.plural,
      'related',
      related().field.apiName,
      id(),
    ]),
    queryFn: async () => {
      const { entity, field } = related()
      const page = await api.records.list(entity.plural, {
        filter: { [field.apiName]: id() },
        limit: shown,
      })
      titles.note(entity, page.data)
      return page.data
    },
  })
  return {
    records: computed<readonly RecordData[]>(() => query.data.value ?? []),
    error: query.error,
    isFirstLoad: query.isPending,
    refetch: query.refetch,
  }
}
