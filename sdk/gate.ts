import { RateLimitedError } from './errors.ts'

/**
 * Lets `atOnce` pieces of work go on at the same time; the others wait, and who came first goes first.
 *
 * @param mayWait How many may wait; without it as many as come.
 * @throws RateLimitedError when as many wait already; what the work throws.
 */
export function createGate(atOnce: number, mayWait = Number.POSITIVE_INFINITY) {
  const waiting: (() => void)[] = []
  let running = 0

  return async <T>(work: () => Promise<T>): Promise<T> => {
    if (running >= atOnce) {
      if (waiting.length >= mayWait) throw new RateLimitedError(undefined, { retryAfter: 1 })
      await new Promise<void>((resolve) => waiting.push(resolve))
    } else running++
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else running--
    }
  }
}
