import type { FieldValues, RecordData, Records } from './context.ts'
import type { Door } from './principal.ts'

/** Made-up data that is the same every time: the same seed gives the same people, days and choices. */
export interface Sample {
  /** In [0, 1). */
  next(): number
  /** A whole number from `min` to `max`, both included. */
  whole(min: number, max: number): number
  chance(probability: number): boolean
  pick<T>(from: readonly T[]): T
  /** A key, as often as its weight says. */
  weighted<K extends string>(weights: Readonly<Record<K, number>>): K
  /** A calendar day, `YYYY-MM-DD`, between two distances from today in days. */
  day(from: number, to: number): string
  /** A moment on such a day in working hours, ISO in UTC. */
  moment(from: number, to: number): string
  /** A name that it has not given before, as long as there are any. */
  person(): { readonly firstName: string; readonly lastName: string; readonly name: string }
  /** The invented first word of a company's name, not given before as long as there are any. */
  companyWord(): string
  /** A number of the range that is kept for fiction. */
  phone(): string
}

const dayMs = 86_400_000

/**
 * @param seed any whole number.
 * @param now what days and moments are reckoned from.
 * @see mulberry32, T. Ettinger, 2017: 32 bits of state, good enough for choosing names.
 */
export function createSample(seed: number, now: Date): Sample {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  const whole = (min: number, max: number) => min + Math.floor(next() * (max - min + 1))
  const pick = <T>(from: readonly T[]): T => {
    const chosen = from[Math.floor(next() * from.length)]
    if (chosen === undefined) throw new RangeError('There is nothing to pick from.')
    return chosen
  }
  const today = Math.floor(now.getTime() / dayMs) * dayMs
  const given = new Set<string>()
  const fresh = (make: () => string): string => {
    let made = make()
    for (let tries = 0; given.has(made) && tries < 200; tries++) made = make()
    given.add(made)
    return made
  }

  return {
    next,
    whole,
    pick,
    chance: (probability) => next() < probability,
    weighted<K extends string>(weights: Readonly<Record<K, number>>): K {
      const entries = Object.entries(weights) as [K, number][]
      let left = next() * entries.reduce((sum, [, weight]) => sum + weight, 0)
      for (const [key, weight] of entries) {
        left -= weight
        if (left < 0) return key
      }
      return entries.at(-1)![0]
    },
    day: (from, to) => new Date(today + whole(from, to) * dayMs).toISOString().slice(0, 10),
    moment: (from, to) =>
      new Date(today + whole(from, to) * dayMs + whole(8 * 4, 17 * 4) * 900_000).toISOString(),
    person() {
      const name = fresh(() => `${pick(firstNames)} ${pick(lastNames)}`)
      const [firstName, lastName] = name.split(' ') as [string, string]
      return { firstName, lastName, name }
    },
    companyWord: () => fresh(() => `${pick(wordStarts)}${pick(wordEnds)}`),
    phone: () => `+1202555${String(whole(100, 199)).padStart(4, '0')}`,
  }
}

/**
 * Whether sample data is being taken back, which goes as a whole: what guards the books of real work has
 * nothing to guard there.
 */
export function isSampleGoing(door: Door, before: RecordData | null): boolean {
  const by = before?.['createdBy'] as { readonly type?: unknown } | null | undefined
  return door === 'revert' && by?.type === 'system'
}

/**
 * Creates any number of records in batches. One that names no owner has none, whoever runs it.
 * @returns their ids, in the order of `rows`.
 */
export async function createInBatches(
  records: Records,
  entity: string,
  rows: readonly FieldValues[],
): Promise<string[]> {
  const ids: string[] = []
  for (let start = 0; start < rows.length; start += 500) {
    const create = rows.slice(start, start + 500).map((row) => ({ ownerId: null, ...row }))
    const { results } = await records.bulk(entity, { create })
    for (const result of results) ids[start + result.index] = result.id!
  }
  return ids
}

/** `name` in lower case with nothing but letters and digits, for addresses. */
export function addressWord(name: string): string {
  return name
    .normalize('NFD')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '')
}

const firstNames =
  'Ada Amara Anton Astrid Bela Bruno Carla Cem Chidi Daria Dilan Edda Elif Emil Farid Fatou Femi Greta Hana Henrik Ida Imran Ines Ivo Jonas Jun Kaja Kofi Lamin Lea Liv Luca Maja Malik Mara Mei Milo Nadia Nils Noor Olga Omar Paula Pia Priya Ravi Rosa Samir Selma Sofia Sven Tariq Tilda Tomas Uma Vera Viktor Wen Yara Zoe'.split(
    ' ',
  )
const lastNames =
  'Abara Adler Almeida Amundsen Arslan Bakker Bauer Bergmann Brandt Castell Chukwu Costa Dahl Demir Duarte Eriksen Falk Farkas Ferreira Fontaine Grieg Haddad Halvorsen Hoffmann Ibarra Iversen Jansen Kapoor Karlsen Keller Kimura Kovac Larsen Lindqvist Lopes Mansour Marek Mendes Moreau Nakata Navarro Nowak Okafor Olsen Osei Petrov Quist Rahman Ribeiro Rossi Sandvik Santos Sato Schreiber Silva Solberg Tamm Tanaka Varga Vogel Weiss Yilmaz Zeller'.split(
    ' ',
  )
const wordStarts =
  'Alder Brack Cor Dun Elder Farrow Glen Hart Ister Kel Lark Mor Nor Orrin Pell Quen Rowan Stell Tarn Umber Vel Wyn Yarrow Zeph'.split(
    ' ',
  )
const wordEnds = 'bridge by dale fen field ford gate holm mere moor ridge stead vale wick'.split(
  ' ',
)
