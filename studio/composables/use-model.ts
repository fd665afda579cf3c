import { useQuery } from '@tanstack/vue-query'
import { type ComputedRef, computed, type InjectionKey, inject } from 'vue'
import { indexModel, type ModelIndex } from '../model/model-index.ts'
import { useServices } from './use-services.ts'

export const modelKey: InjectionKey<ComputedRef<ModelIndex>> = Symbol('model')

/** The model of whoever is signed in; only below the gate that waits for it. */
export function useModel(): ComputedRef<ModelIndex> {
  const model = inject(modelKey)
  if (!model) throw new Error('The model is known inside the shell only.')
  return model
}

/** Loads the model; for the gate. */
export function useModelQuery() {
  const { api, live } = useServices()
  const query = useQuery({
    queryKey: ['model'],
    async queryFn() {
      const model = await api.model.load()
      live.startFrom(model.live.cursor)
      return model
    },
    staleTime: Number.POSITIVE_INFINITY,
    retry: 1,
  })
  const index = computed(() => (query.data.value ? indexModel(query.data.value) : null))
  return { ...query, index }
}
