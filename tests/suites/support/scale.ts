import { createSeeded, type Seeded } from '../../../kernel/records/testing/seeded.ts'

/** How many times the normal size: 1 in every test run, more under `npm run test:deep`. */
export const suiteScale = Math.max(1, Number(process.env['SUITE_SCALE'] ?? 1))

/** How long one test may take at this size. */
export const suiteTimeoutMs = 300_000 * suiteScale

/** Random choices of one suite. The seed is printed; `RUNWAY_SEED` repeats a run. */
export function suiteRandom(suite: string): Seeded {
  const given = process.env['RUNWAY_SEED']
  const random = createSeeded(given === undefined ? undefined : Number(given))
  console.info(`${suite}: RUNWAY_SEED=${random.seed} SUITE_SCALE=${suiteScale}`)
  return random
}
