/** Random choices that a seed repeats, for properties over many cases. */
export interface Seeded {
  readonly seed: number
  /** In [0, 1). */
  next(): number
  /** A whole number below `count`. */
  below(count: number): number
  pick<T>(items: readonly T[]): T
  chance(probability: number): boolean
  many<T>(least: number, most: number, make: () => T): T[]
}

/**
 * @param seed the same in every normal run, so that a red run is the doing of a change; `RUNWAY_SEED`
 *   draws another, as the deep suites do. Tests print it when they fail.
 * @see T. Ettinger, mulberry32.
 */
export function createSeeded(seed = Number(process.env['RUNWAY_SEED'] ?? 20_261_125)): Seeded {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (count: number) => Math.floor(next() * count)
  return {
    seed,
    next,
    below,
    pick: (items) => items[below(items.length)]!,
    chance: (probability) => next() < probability,
    many: (least, most, make) => Array.from({ length: least + below(most - least + 1) }, make),
  }
}
