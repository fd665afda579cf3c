import { createSeeded, type Seeded } from '../../../kernel/records/testing/seeded.ts'

/** How many times the normal size: 1 in every test run, more under `npm run test:deep`. */
export const suiteScale = Math.max(1, Number(process.env['SUITE_SCALE'] ?? 1))

/** How many documents a suite makes of its grammar, and how many it breaks: 2,000, or 50,000 in the deep run. */
export const suiteRuns = Number(process.env['RUNWAY_RUNS'] ?? 2_000)

/** How long one test may take at this size. */
export const suiteTimeoutMs = 900_000 * suiteScale

/** Random choices of one suite. The seed is printed; `RUNWAY_SEED` repeats a run. */
export function suiteRandom(suite: string): Seeded {
  const given = process.env['RUNWAY_SEED']
  const random = createSeeded(given === undefined ? undefined : Number(given))
  console.info(
    `${suite}: RUNWAY_SEED=${random.seed} SUITE_SCALE=${suiteScale} RUNWAY_RUNS=${suiteRuns}`,
  )
  return random
}
