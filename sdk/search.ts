/** A record that has the words in it. */
export interface SearchHit {
  /** Its entity's plural. */
  readonly entity: string
  readonly id: string
  readonly title: string
  /** The surroundings of what matched, when that is not the title; at most 160 characters. */
  readonly snippet: string
  /** From 1, the title itself, down to 0.1. */
  readonly score: number
}

export interface SearchAnswer {
  /** The best first. */
  readonly data: readonly SearchHit[]
  /** There may be more, or better ones: too many match, or the index is still being filled. */
  readonly partial: boolean
}
