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
 * @param seed of a run to be repeated; otherwise the clock gives one. Tests print it when they fail.
 * @see T. Ettinger, mulberry32.
 */
export function createSeeded(seed = Date.now() % 2 ** 31): Seeded {
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
