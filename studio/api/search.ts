import type { SearchAnswer } from '@runwaycrm/sdk'
import type { Http } from './http.ts'

export function createSearchApi(http: Http) {
  return {
    /** @param entities of which alone; of all when missing. */
    find: (q: string, signal?: AbortSignal, entities?: readonly string[]) =>
      http.get<SearchAnswer>(
        '/search',
        { q, ...(entities ? { entities: entities.join(',') } : {}) },
        signal,
      ),
  }
}
