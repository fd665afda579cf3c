import {
  BadJsonError,
  InternalError,
  type Issue,
  NotFoundError,
  RunwayError,
  TooLargeError,
  UnsupportedMediaTypeError,
} from '@runwaycrm/sdk'
import { TooManyRequests } from './rate-limit.ts'

export const problemType = 'application/problem+json; charset=utf-8'

/** An RFC 9457 document as it leaves. */
export interface ProblemDocument {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly code: string
  readonly detail: string
  readonly errors?: readonly Issue[]
  readonly requestId: string
  readonly [extra: string]: unknown
}

export interface Problem {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly document: ProblemDocument
}

/**
 * What a client may know of an error. Whatever is not one of ours is a bug of ours: 500, with the class's
 * own words and nothing of the error; the request id finds it in the log.
 */
export function toProblem(error: unknown, requestId: string): Problem {
  const known = toRunwayError(error)
  const { status, code, title } = known
  const isOurs = status >= 500
  const headers: Record<string, string> = {}
  const retryAfter = known.retryAfter ?? (status === 503 ? 1 : undefined)
  if (retryAfter !== undefined) headers['retry-after'] = String(Math.ceil(retryAfter))
  if (known instanceof AllowedMethods) headers['allow'] = known.allow
  if (code === 'RATE_LIMITED') Object.assign(headers, rateHeaders(known))
  return {
    status,
    headers,
    document: {
      ...(isOurs || code === 'RATE_LIMITED' ? {} : known.extra),
      type: `/errors/${code}`,
      title,
      status,
      code,
      detail: isOurs ? publicDetail(known) : known.message,
      ...(known.errors && !isOurs ? { errors: known.errors } : {}),
      requestId,
    },
  }
}

/** A 405 that says what is allowed instead. */
export class AllowedMethods extends RunwayError {
  override readonly code = 'METHOD_NOT_ALLOWED'
  override readonly status = 405
  override readonly title = 'Method not allowed'
  readonly allow: string
  constructor(methods: readonly string[]) {
    const allow = [...methods].sort().join(', ')
    super(`Use one of the methods in the Allow header: ${allow}.`)
    this.name = 'METHOD_NOT_ALLOWED'
    this.allow = allow
  }
}

export function toRunwayError(error: unknown): RunwayError {
  if (error instanceof RunwayError) return error
  const { code, statusCode } = (error ?? {}) as { code?: string; statusCode?: number }
  switch (code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
    case 'FST_REQ_FILE_TOO_LARGE':
    case 'FST_FIELDS_LIMIT':
    case 'FST_FILES_LIMIT':
    case 'FST_PARTS_LIMIT':
      return new TooLargeError()
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
    case 'FST_INVALID_MULTIPART_CONTENT_TYPE':
      return new UnsupportedMediaTypeError()
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
      return new BadJsonError('The body is not as long as its Content-Length says.')
    case 'FST_ERR_BAD_URL':
    case 'FST_ERR_NOT_FOUND':
      return new NotFoundError()
    default:
      return typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500
        ? new BadJsonError('The request cannot be read.', { cause: error })
        : new InternalError(undefined, { cause: error })
  }
}

/** Also for limits that are not a bucket's, such as failed sign-ins. */
function rateHeaders(error: RunwayError): Record<string, string> {
  if (error instanceof TooManyRequests) return { ...error.headers }
  const limit = error.extra?.['limit']
  return {
    'ratelimit-limit': String(typeof limit === 'number' ? limit : 0),
    'ratelimit-remaining': '0',
    'ratelimit-reset': String(Math.ceil(error.retryAfter ?? 1)),
  }
}

/** A database that is away says how long to wait; why it is away is for the log. */
function publicDetail(error: RunwayError): string {
  return error.status === 503 ? 'Try again in a moment.' : new InternalError().message
}
