/**
 * How long a failed job waits before its next attempt. Doubles each time; the random part keeps
 * jobs that failed together from coming back in the same instant.
 *
 * @param attempt 1 for the first retry.
 * @param random in [0, 1), passed in so that a test can fix it.
 * @returns milliseconds, 1_000 to 300_000.
 * @throws {RangeError} when `attempt` is not a whole number of at least 1.
 * @see M. Brooker, "Exponential Backoff And Jitter", 2015.
 */
export function retryDelay(attempt: number, random: number): number {
  if (!Number.isInteger(attempt) || attempt < 1) {
    throw new RangeError(`An attempt is a whole number of at least 1, not ${attempt}.`)
  }
  const longest = Math.min(300_000, 2_000 * 2 ** Math.min(attempt - 1, 20))
  // "Equal jitter": half is certain, so that a retry never follows at once.
  return Math.round(longest / 2 + (longest / 2) * random)
}
