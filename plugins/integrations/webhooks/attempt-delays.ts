/** Seconds from one attempt to the next: ten attempts in three days, the first few soon. */
const delays: readonly number[] = [
  5,
  5 * 60,
  30 * 60,
  ...[2, 5, 10, 14, 18, 22].map((hours) => hours * 3_600),
]

export const mostAttempts = delays.length + 1

/**
 * How long a delivery waits after an attempt that failed. A tenth more or less by chance keeps deliveries that
 * failed together from coming back together.
 *
 * @param attempt 1 for the first, which failed.
 * @param random in [0, 1).
 * @returns milliseconds; null when there is no further attempt.
 */
export function attemptDelay(attempt: number, random: number): number | null {
  const seconds = delays[attempt - 1]
  return seconds === undefined ? null : Math.round(seconds * 1_000 * (0.9 + 0.2 * random))
}
