import type { Http } from './http.ts'

/** A record that has the words in it. */
export interface SearchHit {
  /** Its entity's plural. */
  readonly entity: string
  readonly id: string
  readonly title: string
  /** The surroundings of what matched, when that is not the title. */
  readonly snippet: string
  readonly score: number
}
export interface SearchAnswer {
  /** The best first. */
  readonly data: readonly SearchHit[]
  /** There may be more, or better ones. */
  readonly partial: boolean
}

export function createSearchApi(http: Http) {
  return {
    find: (q: string, signal?: AbortSignal) => http.get<SearchAnswer>('/search', { q }, signal),
  }
}
