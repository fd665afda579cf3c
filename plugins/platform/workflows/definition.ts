/** A condition as json-rules-engine takes it; its leaves are operators of filters. */
export type Rule =
  | { readonly all: readonly Rule[] }
  | { readonly any: readonly Rule[] }
  | { readonly not: Rule }
  | {
      /** `record`, `change`, `trigger`, `vars`, `steps`, `item`. */
      readonly fact: string
      /** Dotted: `account.industry`, `score.output.score`. */
      readonly path?: string
      readonly operator: string
      readonly value?: unknown
    }

export interface Trigger {
  readonly type: string
  readonly settings?: Readonly<Record<string, unknown>>
  readonly when?: Rule
}

export interface RetryPolicy {
  /** Tries in all, the first one included. */
  readonly attempts?: number
  /** Before the second try; it doubles from there. */
  readonly backoffSeconds?: number
  /** Codes of errors; without them whatever may pass by itself. */
  readonly errors?: readonly string[]
}

export interface Step {
  readonly type: string
  readonly label?: string
  readonly settings?: Readonly<Record<string, unknown>>
  readonly next?: string
  readonly onError?: string
  readonly retry?: RetryPolicy
  readonly timeoutSeconds?: number
  /** What makes up for it when the run fails later. */
  readonly compensate?: string
}

/** One definition under the point `workflows`. */
export interface Workflow {
  readonly label: string
  readonly enabled?: boolean
  /** The records that it is about. */
  readonly entity?: string
  /** With whose rights it acts. */
  readonly role?: string
  readonly triggers?: Readonly<Record<string, Trigger>>
  /** Whether a record may have a second run while one is under way. */
  readonly overlap?: 'allow' | 'skip'
  /** Who hears of runs that failed; whoever published it when nobody is named. */
  readonly alerts?: {
    readonly off?: boolean
    /** Addresses or ids of members. */
    readonly users?: readonly string[]
    readonly roles?: readonly string[]
  }
  readonly start: string
  readonly steps: Readonly<Record<string, Step>>
}
