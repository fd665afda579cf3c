import { RateLimitedError } from '@runwaycrm/sdk'

export interface RateLimit {
  /**
   * Takes tokens from the bucket of an organisation or an address; a cost below nothing gives them back.
   * @throws RateLimitedError with the seconds to wait and the figures for the RateLimit headers.
   */
  take(bucket: string, cost?: number): void
}

interface Bucket {
  tokens: number
  at: number
}

/** A request may wait for this many seconds' worth of tokens at once. */
const burstSeconds = 5
const mostBuckets = 50_000

/**
 * One token bucket per name, filled with `perSecond` tokens a second up to five seconds' worth. Kept in
 * this process: with n nodes an organisation has n times as much, which is what nodes are for.
 *
 * @param perSecond 0 switches it off.
 * @param clock milliseconds, never going back.
 */
export function createRateLimit(
  perSecond: number,
  clock: () => number = () => performance.now(),
): RateLimit {
  const capacity = perSecond * burstSeconds
  const buckets = new Map<string, Bucket>()

  return {
    take(name, cost = 1) {
      if (perSecond === 0) return
      const now = clock()
      let bucket = buckets.get(name)
      if (!bucket) {
        if (buckets.size >= mostBuckets) dropFull(now)
        bucket = { tokens: capacity, at: now }
        buckets.set(name, bucket)
      }
      const filled = bucket.tokens + ((now - bucket.at) * perSecond) / 1000
      bucket.tokens = filled > capacity ? capacity : filled
      bucket.at = now
      if (bucket.tokens >= cost) {
        bucket.tokens -= cost
        return
      }
      const seconds = Math.max(1, Math.ceil((cost - bucket.tokens) / perSecond))
      throw new TooManyRequests(capacity, Math.floor(bucket.tokens), seconds)
    },
  }

  /** A full bucket says nothing that a new one does not. */
  function dropFull(now: number): void {
    for (const [name, bucket] of buckets) {
      if (bucket.tokens + ((now - bucket.at) * perSecond) / 1000 >= capacity) buckets.delete(name)
    }
    if (buckets.size >= mostBuckets) buckets.clear()
  }
}

/** Carries the figures of the headers RateLimit-Limit, -Remaining and -Reset. */
export class TooManyRequests extends RateLimitedError {
  readonly headers: Readonly<Record<string, string>>
  constructor(limit: number, remaining: number, seconds: number) {
    super(undefined, { retryAfter: seconds })
    this.headers = {
      'ratelimit-limit': String(limit),
      'ratelimit-remaining': String(remaining),
      'ratelimit-reset': String(seconds),
    }
  }
}
