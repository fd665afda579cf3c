import { InternalError, type RunwayError } from '@runwaycrm/sdk'

/** What an S3 client throws, under what the driver wraps it in. */
interface BucketFailure {
  /** `SignatureDoesNotMatch`, `NoSuchBucket`, or of the network: `ECONNREFUSED`, `TimeoutError`. */
  readonly reason: string
  /** Null when no answer came. */
  readonly status: number | null
}

/** Whether the object is not there; a bucket that is not there is another matter. */
export function isMissing(error: unknown): boolean {
  const { reason, status } = failureOf(error)
  return status === 404 && reason !== 'NoSuchBucket'
}

/** Whether the same request may well succeed in a moment. */
export function isPassing(error: unknown): boolean {
  const { status } = failureOf(error)
  return status === null || status === 429 || status >= 500
}

/**
 * In words for whoever reads the log: what to look at. Nothing of the request is in it.
 *
 * @param bucket with the address of the store.
 */
export function bucketError(bucket: string, error: unknown): RunwayError {
  const failure = failureOf(error)
  const { reason, status } = failure
  const answer = status === null ? `it cannot be reached (${reason})` : `${reason} (${status})`
  const message = `The bucket ${bucket} did not do what was asked: ${answer}. ${adviceFor(failure)}`
  return new InternalError(message, { details: { bucket, reason, status } })
}

function adviceFor({ reason, status }: BucketFailure): string {
  if (status === null) return 'Check the endpoint in RUNWAY_FILES_URL and that the store runs.'
  if (reason === 'NoSuchBucket') return 'Make the bucket, or correct its name in RUNWAY_FILES_URL.'
  if (status === 400 || status === 301)
    return 'Check the region and the endpoint in RUNWAY_FILES_URL.'
  if (status === 401 || status === 403)
    return 'Check the keys in RUNWAY_FILES_URL or in the variables of AWS, and what they may do in the bucket.'
  return 'Try again in a moment.'
}

function failureOf(error: unknown): BucketFailure {
  let inner = error as Thrown
  while (inner.$metadata === undefined && inner.cause) inner = inner.cause
  const { name = 'Error', code, Code, $metadata } = inner
  const status = $metadata?.httpStatusCode ?? null
  return { reason: String(status === null ? (code ?? name) : (Code ?? name)), status }
}

interface Thrown {
  readonly name?: string
  readonly code?: unknown
  readonly Code?: unknown
  readonly cause?: Thrown
  readonly $metadata?: { readonly httpStatusCode?: number }
}
