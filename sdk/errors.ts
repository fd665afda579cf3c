/**
 * Every error that leaves the product, one class per code. The HTTP door turns them into
 * `application/problem+json`; a test ties the codes to the public documentation.
 */

/** One problem of several, so that an answer can name all of them at once. */
export interface Issue {
  /** Where it is: `email`, `create[3].email`, `filter.score.$gte`. */
  readonly path: string
  readonly code: IssueCode
  readonly message: string
}

export type IssueCode =
  | 'REQUIRED'
  | 'WRONG_TYPE'
  | 'BAD_FORMAT'
  | 'TOO_LONG'
  | 'OUT_OF_RANGE'
  | 'UNKNOWN_FIELD'
  | 'READ_ONLY'
  | 'UNKNOWN_OPTION'
  | 'UNKNOWN_RECORD'
  | 'AMBIGUOUS'

/** The base of all of them. `details` goes to the log, never to the answer. */
export class RunwayError extends Error {
  readonly code: string = 'INTERNAL'
  readonly status: number = 500
  readonly title: string = 'Something went wrong on our side'
  readonly errors?: readonly Issue[]
  /** Seconds after which trying again makes sense; becomes `Retry-After`. */
  readonly retryAfter?: number
  /** Members that the problem document carries beside the standard ones. */
  readonly extra?: Readonly<Record<string, unknown>>
  readonly details: Readonly<Record<string, unknown>>

  constructor(
    message: string,
    options: {
      details?: Record<string, unknown>
      errors?: readonly Issue[]
      retryAfter?: number
      extra?: Record<string, unknown>
      cause?: unknown
    } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = new.target.name
    this.details = options.details ?? {}
    if (options.errors) this.errors = options.errors
    if (options.retryAfter !== undefined) this.retryAfter = options.retryAfter
    if (options.extra) this.extra = options.extra
  }
}

type ErrorOptions = ConstructorParameters<typeof RunwayError>[1]

/** A class for one code; the default message says what the reader can do. */
function errorClass(code: string, status: number, title: string, advice: string) {
  return class extends RunwayError {
    override readonly code = code
    override readonly status = status
    override readonly title = title
    constructor(message: string = advice, options: ErrorOptions = {}) {
      super(message, options)
      this.name = code
    }
  }
}

export const BadJsonError = errorClass(
  'BAD_JSON',
  400,
  'The body is not JSON',
  'Send a JSON document as the body.',
)
export const UnknownParameterError = errorClass(
  'UNKNOWN_PARAMETER',
  400,
  'Unknown parameter',
  'Remove the parameter; see /docs for the ones this address knows.',
)
export const UnknownFieldError = errorClass(
  'UNKNOWN_FIELD',
  400,
  'Unknown field',
  'There is no such field, or you may not read it.',
)
export const BadFilterError = errorClass(
  'BAD_FILTER',
  400,
  'The filter cannot be used',
  'Check the operators and values of the filter.',
)
export const BadSortError = errorClass(
  'BAD_SORT',
  400,
  'The sort cannot be used',
  'Sort by up to three fields, with - for descending.',
)
export const BadExpandError = errorClass(
  'BAD_EXPAND',
  400,
  'The expand cannot be used',
  'Expand relations only, at most ten paths and three deep.',
)
export const BadCursorError = errorClass(
  'BAD_CURSOR',
  400,
  'The cursor cannot be used',
  'Start again from the first page.',
)
export const CursorMismatchError = errorClass(
  'CURSOR_MISMATCH',
  400,
  'The cursor belongs to another question',
  'Use a cursor with the filter and sort it came from.',
)

export const UnauthenticatedError = errorClass(
  'UNAUTHENTICATED',
  401,
  'Sign in first',
  'Send an API key or sign in.',
)
export const BadCredentialsError = errorClass(
  'BAD_CREDENTIALS',
  401,
  'Wrong email or password',
  'Check the email and the password.',
)

export const PlanRequiredError = errorClass(
  'PLAN_REQUIRED',
  402,
  'Not in your plan',
  'Ask an admin to change the plan.',
)
export const BudgetSpentError = errorClass(
  'BUDGET_SPENT',
  402,
  'The budget is spent',
  'Raise the budget or wait for the next period.',
)

export const ForbiddenError = errorClass(
  'FORBIDDEN',
  403,
  'Not allowed',
  'Your role does not allow this.',
)
export const FieldNotWritableError = errorClass(
  'FIELD_NOT_WRITABLE',
  403,
  'You may not change this field',
  'Leave the field out or ask an admin.',
)
export const ScopeMissingError = errorClass(
  'SCOPE_MISSING',
  403,
  'The key lacks a scope',
  'Use a key with the scope that is named.',
)
export const CrossSiteError = errorClass(
  'CROSS_SITE',
  403,
  'The request came from another site',
  'Send it from the product itself or with an API key.',
)
export const ApprovalUnavailableError = errorClass(
  'APPROVAL_UNAVAILABLE',
  403,
  'This needs an approval',
  'No plugin for approvals is enabled; ask an admin.',
)

export const NotFoundError = errorClass(
  'NOT_FOUND',
  404,
  'Not found',
  'There is nothing here that you may see.',
)
export const MethodNotAllowedError = errorClass(
  'METHOD_NOT_ALLOWED',
  405,
  'Method not allowed',
  'Use one of the methods in the Allow header.',
)

export const UniqueTakenError = errorClass(
  'UNIQUE_TAKEN',
  409,
  'The value is taken',
  'Another record has this value already.',
)
export const RelationInUseError = errorClass(
  'RELATION_IN_USE',
  409,
  'Other records refer to this one',
  'Remove what refers to it first.',
)
export const StateConflictError = errorClass(
  'STATE_CONFLICT',
  409,
  'Not possible in this state',
  'Reload and look at the present state.',
)
export const ChangeConflictError = errorClass(
  'CHANGE_CONFLICT',
  409,
  'Some of it has changed since',
  'Look at the conflicts, then skip them or stop.',
)
export const DraftConflictError = errorClass(
  'DRAFT_CONFLICT',
  409,
  'The draft has moved on',
  'Compare both values and send the operation again.',
)
export const PlanStaleError = errorClass(
  'PLAN_STALE',
  409,
  'The draft changed since the plan',
  'Ask for the plan again and look at it.',
)
export const ApprovalStaleError = errorClass(
  'APPROVAL_STALE',
  409,
  'The approval is out of date',
  'Look at the present values and ask again.',
)
export const IdempotencyKeyReusedError = errorClass(
  'IDEMPOTENCY_KEY_REUSED',
  409,
  'The key was used for another request',
  'Use a new Idempotency-Key for a new request.',
)
export const IdempotencyInProgressError = errorClass(
  'IDEMPOTENCY_IN_PROGRESS',
  409,
  'The first request still runs',
  'Wait a moment and send it again.',
)
export const LastAdminError = errorClass(
  'LAST_ADMIN',
  409,
  'The last admin stays',
  'Make somebody else an admin first.',
)
export const SignInFirstError = errorClass(
  'SIGN_IN_FIRST',
  409,
  'This email has an account',
  'Sign in, then add the organisation.',
)

export const StaleVersionError = errorClass(
  'STALE_VERSION',
  412,
  'Somebody changed it meanwhile',
  'Load it again and repeat your change.',
)
export const TooLargeError = errorClass('TOO_LARGE', 413, 'Too large', 'Send less at once.')
export const TooDeepError = errorClass(
  'TOO_DEEP',
  413,
  'Nested too deep',
  'Nest at most 32 levels.',
)
export const UnsupportedMediaTypeError = errorClass(
  'UNSUPPORTED_MEDIA_TYPE',
  415,
  'Unsupported content type',
  'Send application/json.',
)

export const InvalidError = errorClass(
  'INVALID',
  422,
  'Some values are not valid',
  'Correct the values that are listed.',
)
export const QueryTooCostlyError = errorClass(
  'QUERY_TOO_COSTLY',
  422,
  'The question takes too long',
  'Narrow the filter, sort by an indexed field or ask for fewer groups.',
)
export const IndexSlotsUsedError = errorClass(
  'INDEX_SLOTS_USED',
  422,
  'No index is left',
  'Free an index of another field first.',
)

export const RateLimitedError = errorClass(
  'RATE_LIMITED',
  429,
  'Too many requests',
  'Wait as long as Retry-After says.',
)

export const InternalError = errorClass(
  'INTERNAL',
  500,
  'Something went wrong on our side',
  'Try again; if it stays, tell us the request id.',
)
export const DatabaseUnavailableError = errorClass(
  'DATABASE_UNAVAILABLE',
  503,
  'The database is away',
  'Try again in a moment.',
)
export const DrainingError = errorClass(
  'DRAINING',
  503,
  'This node is stopping',
  'Try again; another node answers.',
)
export const StorageFullError = errorClass(
  'STORAGE_FULL',
  503,
  'No space is left',
  'An operator has to make room.',
)

/** All of them, for the documentation and for the test that ties it to the code. */
export const errorClasses = [
  BadJsonError,
  UnknownParameterError,
  UnknownFieldError,
  BadFilterError,
  BadSortError,
  BadExpandError,
  BadCursorError,
  CursorMismatchError,
  UnauthenticatedError,
  BadCredentialsError,
  PlanRequiredError,
  BudgetSpentError,
  ForbiddenError,
  FieldNotWritableError,
  ScopeMissingError,
  CrossSiteError,
  ApprovalUnavailableError,
  NotFoundError,
  MethodNotAllowedError,
  UniqueTakenError,
  RelationInUseError,
  StateConflictError,
  ChangeConflictError,
  DraftConflictError,
  PlanStaleError,
  ApprovalStaleError,
  IdempotencyKeyReusedError,
  IdempotencyInProgressError,
  LastAdminError,
  SignInFirstError,
  StaleVersionError,
  TooLargeError,
  TooDeepError,
  UnsupportedMediaTypeError,
  InvalidError,
  QueryTooCostlyError,
  IndexSlotsUsedError,
  RateLimitedError,
  InternalError,
  DatabaseUnavailableError,
  DrainingError,
  StorageFullError,
] as const
