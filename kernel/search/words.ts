/** A word of a text as search sees it, and where in the text it stands. */
export interface PlacedWord {
  readonly word: string
  readonly start: number
  readonly end: number
}

export const wordLimits = { letters: 40, phoneDigits: 5 } as const

const plainText = /^\p{ASCII}*$/u
/** Accents of Latin, Greek and Cyrillic, points of Hebrew, vowel signs of Arabic. */
const marks = /[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u064b-\u065f\u0670]/g
const inWords = /[\p{L}\p{N}\p{M}'’]+/gu
const inPlainWords = /[a-z0-9']+/g
const unspaced =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}ー]+/gu
const phoneNumber = /\+?\d(?:[\s().\-/]*\d){4,}/g
const folded: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  ł: 'l',
  þ: 'th',
  ı: 'i',
}

/** Lower case, without accents, in one form: `Müller` and `muller` are one, and so are `ＡＢＣ` and `abc`. */
export function normalise(text: string): string {
  if (plainText.test(text)) return text.toLowerCase()
  return text
    .normalize('NFKD')
    .replace(marks, '')
    .normalize('NFC')
    .toLowerCase()
    .replace(/[ßæœøđðłþı]/g, (letter) => folded[letter]!)
}

/**
 * The words of a text in their order. Letters and digits make words; runs of a script that is written
 * without spaces become pairs of neighbours, because nobody knows where its words end.
 */
export function wordsOf(text: string): PlacedWord[] {
  const found: PlacedWord[] = []
  if (plainText.test(text)) {
    for (const match of text.toLowerCase().matchAll(inPlainWords)) {
      const word = match[0].replaceAll("'", '').slice(0, wordLimits.letters)
      if (word !== '') found.push({ word, start: match.index, end: match.index + match[0].length })
    }
    return found
  }
  for (const match of text.matchAll(inWords)) {
    const word = normalise(match[0]).replace(/['’]/g, '')
    if (word === '') continue
    const start = match.index
    const end = start + match[0].length
    let at = 0
    const add = (part: string) => {
      if (part !== '') found.push({ word: part.slice(0, wordLimits.letters), start, end })
    }
    for (const run of word.matchAll(unspaced)) {
      add(word.slice(at, run.index))
      for (const [place, pair] of pairsOf(run[0]).entries()) {
        // Folding changes no lengths in these scripts, but for rare ligatures.
        const from = Math.min(start + run.index + place, end - 1)
        found.push({ word: pair, start: from, end: Math.min(from + pair.length, end) })
      }
      at = run.index + run[0].length
    }
    add(word.slice(at))
  }
  return found
}

function pairsOf(run: string): string[] {
  const letters = [...run]
  if (letters.length === 1) return letters
  return letters.slice(1).map((letter, i) => letters[i]! + letter)
}

/** Numbers in a text that may be telephone numbers, as digits: with their country code and without. */
export function phonesOf(text: string): PlacedWord[] {
  if (!/\d/.test(text)) return []
  return [...text.matchAll(phoneNumber)].flatMap((match) => {
    const place = { start: match.index, end: match.index + match[0].length }
    const digits = phoneDigits(match[0])
    if (digits.length < wordLimits.phoneDigits || digits.length > wordLimits.letters) return []
    if (!match[0].startsWith('+')) return [{ word: digits, ...place }]
    return [
      { word: digits, ...place },
      { word: digits.slice(countryCodeLength(digits)), ...place },
    ]
  })
}

/** `+47 22 00 00 00`, `0047 22...` and `(022) 00...` without what is only a way of dialling. */
export function phoneDigits(text: string): string {
  return text.replace(/\D/g, '').replace(/^0+/, '')
}

/** @see ITU-T E.164, list of country codes. */
function countryCodeLength(digits: string): number {
  if (/^[17]/.test(digits)) return 1
  return /^(?:2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58])/.test(digits) ? 2 : 3
}
