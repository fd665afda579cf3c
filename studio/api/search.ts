import type { SearchAnswer } from '@runwaycrm/sdk'
import type { Http } from './http.ts'

export function createSearchApi(http: Http) {
  return {
    find: (q: string, signal?: AbortSignal) => http.get<SearchAnswer>('/search', { q }, signal),
  }
}
