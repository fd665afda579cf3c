const prefixLetters = 7
const longestWord = 30

/** How many typos a word of so many letters is forgiven: one from 4 to 7, two above, none of numbers. */
export function typosAllowed(word: string): 0 | 1 | 2 {
  const { length } = word
  if (length < 4 || !isSpelt(word)) return 0
  return length < 8 ? 1 : 2
}

/** Letter by letter, by hand. */
function isSpelt(word: string): boolean {
  if (word.length > longestWord) return false
  if (plainLetters.test(word)) return true
  return /^\p{L}+$/u.test(word) && !syllables.test(word)
}
const plainLetters = /^[a-z]+$/
const syllables = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u

/** A word of one organisation as a number of 64 bits, as decimal text: another one in each organisation. */
export function termOf(orgId: string, word: string): string {
  const high = mix(0x243f6a88, `${orgId} ${word}`)
  const low = mix(high ^ 0x85a308d3, `${word} ${orgId}`)
  return ((BigInt(high) << 32n) | BigInt(low >>> 0)).toString()
}

/**
 * Numbers that a word shares with those a typo or two apart: of its first seven letters, with up to so many
 * left out. One letter too many, too few, another or two swapped leave one common remainder.
 *
 * @param typos for words that are kept the most that may be forgiven to whoever looks for them.
 * @returns numbers of 32 bits; empty for words that are not forgiven anything.
 * @see W. Garbe, "1000x Faster Spelling Correction" (symmetric delete), 2012.
 */
export function nearOf(orgId: string, word: string, typos: number): number[] {
  if (typos === 0) return []
  let layer = new Set([word.slice(0, prefixLetters)])
  const all = new Set(layer)
  for (let left = typos; left > 0; left--) {
    const shorter = new Set<string>()
    for (const text of layer) {
      for (let i = 0; i < text.length; i++) shorter.add(text.slice(0, i) + text.slice(i + 1))
    }
    for (const text of shorter) all.add(text)
    layer = shorter
  }
  const seed = mix(0x13198a2e, orgId)
  return [...all].map((text) => mix(seed, text))
}

/**
 * As `nearOf` for words that are kept, which may have one letter less than what is typed: three where four
 * are looked for, seven where eight are.
 */
export function keptNearOf(orgId: string, word: string): number[] {
  return nearOf(orgId, word, keptTypos(word))
}

/** How many letters are left out at most of a word that is kept. */
export function keptTypos(word: string): 0 | 1 | 2 {
  const { length } = word
  if (length < 3 || !isSpelt(word)) return 0
  return length < prefixLetters ? 1 : 2
}

/**
 * 32 bits, signed. Two texts may share them, or somebody may make them: that costs a row that is looked
 * at in vain, since every row is held against the organisation and the words themselves.
 *
 * @see FNV-1a with the last mixing of MurmurHash3.
 */
function mix(seed: number, text: string): number {
  let sum = seed ^ 0x811c9dc5
  for (let i = 0; i < text.length; i++) sum = Math.imul(sum ^ text.charCodeAt(i), 0x01000193)
  sum = Math.imul(sum ^ (sum >>> 16), 0x85ebca6b)
  sum = Math.imul(sum ^ (sum >>> 13), 0xc2b2ae35)
  return (sum ^ (sum >>> 16)) | 0
}

/** @param isOpen while somebody types, the beginning of a longer word is compared too. */
export function isNear(word: string, other: string, typos: number, isOpen: boolean): boolean {
  if (typos === 0) return word === other
  if (distance(word, other, typos) <= typos) return true
  if (!isOpen || other.length <= word.length) return false
  return distance(word, other.slice(0, word.length), typos) <= typos
}

/**
 * Letters to add, leave out, replace or swap to make one word of the other, up to `most`.
 *
 * @returns `most + 1` when it is more.
 * @see optimal string alignment distance.
 */
export function distance(a: string, b: string, most: number): number {
  if (Math.abs(a.length - b.length) > most) return most + 1
  let before: number[] = []
  let above = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    let least = i
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1]
      let cost = Math.min(above[j]! + 1, row[j - 1]! + 1, above[j - 1]! + (isSame ? 0 : 1))
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      if (isSwap) cost = Math.min(cost, before[j - 2]! + 1)
      row.push(cost)
      if (cost < least) least = cost
    }
    if (least > most) return most + 1
    before = above
    above = row
  }
  return Math.min(above[b.length]!, most + 1)
}
