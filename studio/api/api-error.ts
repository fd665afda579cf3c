import { inReadersWords } from '../i18n/said.ts'

/** One of several problems in an answer; `path` is where: `email`, `create[3].email`. */
export interface ApiIssue {
  readonly path: string
  readonly code: string
  readonly message: string
}

/** An answer of the server that is not a success, from its `application/problem+json`. */
export class ApiError extends Error {
  readonly status: number
  readonly code: string
  readonly issues: readonly ApiIssue[]
  /** Finds the log line at the server; null when the server was not reached. */
  readonly requestId: string | null
  /** What the problem carries besides: `conflicts`, `results`. */
  readonly extra: Readonly<Record<string, unknown>>

  constructor(status: number, problem: Readonly<Record<string, unknown>>, cause?: unknown) {
    const text = (key: string): string | null =>
      typeof problem[key] === 'string' && problem[key] !== '' ? (problem[key] as string) : null
    const said = inReadersWords(text('detail') ?? text('title') ?? `HTTP ${status}`)
    super(said, cause === undefined ? {} : { cause })
    this.name = 'ApiError'
    this.status = status
    this.code = text('code') ?? (status === 0 ? 'UNREACHABLE' : 'INTERNAL')
    this.requestId = text('requestId')
    const issues = Array.isArray(problem['errors']) ? (problem['errors'] as ApiIssue[]) : []
    this.issues = issues.map((issue) => ({ ...issue, message: inReadersWords(issue.message) }))
    this.extra = problem
  }
}

/** The browser's session is somebody else's, or in another organisation; nothing was done. */
export const isOtherSession = (error: unknown): boolean =>
  error instanceof ApiError && error.code === 'STATE_CONFLICT' && 'session' in error.extra

/** Nothing was decided: the server is away or just coming back, or does not know who asks. */
export const isUnreachable = (error: unknown): boolean =>
  error instanceof ApiError &&
  ([0, 502, 503, 504].includes(error.status) || hasNoSession(error)) &&
  error.code !== 'STORAGE_FULL'

/** It can be sent again by the person who sent it, once they are back. */
export const hasNoSession = (error: unknown): boolean =>
  (error instanceof ApiError && error.code === 'UNAUTHENTICATED') || isOtherSession(error)

/** The sentence for people: the first issue says more than the title of a 422. */
export function errorText(error: unknown): string {
  if (error instanceof ApiError) {
    if (error.code === 'INVALID' && error.issues.length > 0) return error.issues[0]?.message ?? ''
    return error.message
  }
  return error instanceof Error ? error.message : String(error)
}

/**
 * Issue messages by the path of what they are about: `name`, `lines.0.quantity`.
 *
 * @param below takes the part behind it: `input` for the issues of an action.
 */
export function issuesByPath(error: unknown, below = ''): Readonly<Record<string, string>> {
  if (!(error instanceof ApiError)) return {}
  const found: Record<string, string> = {}
  for (const issue of error.issues) {
    const path = below === '' ? issue.path : issue.path.replace(`${below}.`, '')
    found[path.replaceAll('[', '.').replaceAll(']', '')] ??= issue.message
  }
  return found
}

/** The same by the name of the field alone. */
export function issuesByField(error: unknown, below = ''): Readonly<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const [path, message] of Object.entries(issuesByPath(error, below)))
    found[path.split('.')[0] ?? ''] ??= message
  return found
}
