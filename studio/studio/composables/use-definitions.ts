import { useQuery } from '@tanstack/vue-query'
import { computed } from 'vue'
import { useServices } from '../../composables/use-services.ts'
import { createDefinitionsApi, type DefinitionsApi } from '../api/definitions.ts'

let made: { readonly http: unknown; readonly api: DefinitionsApi } | null = null

/** What definitions are asked for; one per tab. */
export function useDefinitionsApi(): DefinitionsApi {
  const { http } = useServices().api
  if (made?.http !== http) made = { http, api: createDefinitionsApi(http) }
  return made.api
}

/** Everything below is thrown away together after an edit: it all tells of the draft. */
export const studioKey = ['studio'] as const

export function usePoints() {
  const api = useDefinitionsApi()
  const query = useQuery({ queryKey: [...studioKey, 'points'], queryFn: () => api.points() })
  const points = computed(() => query.data.value ?? [])
  return {
    query,
    points,
    point: (name: string) => points.value.find((one) => one.name === name) ?? null,
  }
}

export function useContributions(point: () => string) {
  const api = useDefinitionsApi()
  const query = useQuery({
    queryKey: computed(() => [...studioKey, 'contributions', point()]),
    queryFn: () => api.contributions(point()),
    enabled: computed(() => point() !== ''),
  })
  return { query, contributions: computed(() => query.data.value ?? []) }
}

export function useChanges() {
  const api = useDefinitionsApi()
  return useQuery({ queryKey: [...studioKey, 'changes'], queryFn: () => api.changes() })
}
