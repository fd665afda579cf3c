import { useQuery } from '@tanstack/vue-query'
import { computed } from 'vue'
import type { Http } from '../../api/http.ts'
import type { Model } from '../../api/model.ts'
import { useModel } from '../../composables/use-model.ts'
import { useServices } from '../../composables/use-services.ts'
import { indexModel } from '../../model/model-index.ts'
import { studioKey } from './use-definitions.ts'

/** Reads as the draft would have it; it never writes. */
export const draftHeader = { 'x-runway-revision': 'draft' } as const

export function draftHttp(http: Http): Http {
  const request: Http['request'] = (method, path, options = {}) =>
    http.request(method, path, { ...options, headers: { ...options.headers, ...draftHeader } })
  return {
    ...http,
    request,
    get: async (path, query, signal) =>
      (await request('GET', path, { ...(query ? { query } : {}), signal })).data as never,
    post: async (path, body) => (await request('POST', path, { body: body ?? {} })).data as never,
  }
}

/** The model as it would be after publishing; until it is known, the one that is live. */
export function useDraftModel() {
  const { api } = useServices()
  const live = useModel()
  const query = useQuery({
    queryKey: [...studioKey, 'model'],
    queryFn: () => draftHttp(api.http).get<Model>('/model'),
  })
  return computed(() => (query.data.value ? indexModel(query.data.value) : live.value))
}
