import {
  errorClasses,
  FieldNotWritableError,
  InvalidError,
  type Issue,
  RunwayError,
  UniqueTakenError,
} from '@runwaycrm/sdk'

/** What went wrong with one item of several, and where it stands: `create[3]`. */
export interface ItemFailure {
  readonly path: string
  readonly error: RunwayError
}

/**
 * One error for the failures of several items: what forbids comes first, then every invalid value at
 * once, then whatever happened first.
 */
export function combineFailures(failures: readonly ItemFailure[]): RunwayError {
  const forbidden = failures.find(({ error }) => error.status === 403)
  if (forbidden) return withPath(forbidden)
  const issues = failures.flatMap(({ path, error }) => prefixed(path, issuesOf(error)))
  if (issues.length > 0) {
    const message =
      issues.length === 1
        ? `${issues[0]!.path}: ${issues[0]!.message}`
        : `${issues.length} values are not valid.`
    return new InvalidError(message, { errors: issues })
  }
  const first = failures[0] as ItemFailure
  return withPath(first)
}

/** The same error, saying which of the items it is about. */
function withPath({ path, error }: ItemFailure): RunwayError {
  const SameError = errorClasses.find((ErrorClass) => error.constructor === ErrorClass)
  if (!SameError) return error
  const field = error.extra?.field
  return new SameError(`${path}: ${error.message}`, {
    details: { ...error.details },
    extra: { ...error.extra, path: field === undefined ? path : `${path}.${field}` },
    ...(error.errors ? { errors: prefixed(path, error.errors) } : {}),
  })
}

function prefixed(path: string, issues: readonly Issue[]): Issue[] {
  return issues.map((issue) => ({ ...issue, path: issue.path ? `${path}.${issue.path}` : path }))
}

function issuesOf(error: RunwayError): readonly Issue[] {
  return error instanceof InvalidError ? (error.errors ?? []) : []
}

/** A failure as an item of a bulk answer shows it. */
export function problemOf(error: RunwayError) {
  return {
    code: error.code,
    status: error.status,
    detail: error.message,
    ...(error.errors ? { errors: error.errors } : {}),
    ...(error instanceof FieldNotWritableError || error instanceof UniqueTakenError
      ? error.extra
      : {}),
  }
}

/** Errors of ours belong to an item; everything else ends the whole. */
export function asItemError(error: unknown): RunwayError {
  if (error instanceof RunwayError && error.status < 500) return error
  throw error
}
