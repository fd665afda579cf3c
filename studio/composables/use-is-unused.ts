import type { EntityInfo } from '@runwaycrm/sdk'
import { useQuery } from '@tanstack/vue-query'
import { computed } from 'vue'
import { useServices } from './use-services.ts'

/**
 * Whether an entity has no records at all, so that an empty view of a new organisation says how to
 * begin and not that nothing matches. Asked only while a list is empty.
 */
export function useIsUnused(entity: () => EntityInfo, isListEmpty: () => boolean) {
  const { api } = useServices()
  const query = useQuery({
    queryKey: computed(() => ['records', entity().plural, 'any']),
    enabled: computed(() => isListEmpty()),
    queryFn: async () =>
      (await api.records.list(entity().plural, { limit: 1, fields: ['id'] })).data.length > 0,
  })
  return computed(() => isListEmpty() && query.data.value === false)
}
