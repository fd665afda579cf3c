/** A word of a text as search sees it, and where in the text it stands. */
export interface PlacedWord {
  readonly word: string
  readonly start: number
  readonly end: number
}

/** A word as it was written, and what it is made of: `gtx500` of `gtx` and `500`, `o'brien` of `o` and `brien`. */
export interface WrittenWord extends PlacedWord {
  /** Empty when it is one piece, or so many that nobody looks for them. */
  readonly parts: readonly string[]
}

const wordLimits = { letters: 40, parts: 4, phoneDigits: 5 } as const

const plainText = /^\p{ASCII}*$/u
/** Accents of Latin, Greek and Cyrillic, points of Hebrew, vowel signs of Arabic. */
const marks = /[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u064b-\u065f\u0670]/g
const inWords = /[\p{L}\p{N}\p{M}'’]+/gu
const apostrophes = /['’]/g
const pieces = /\p{N}+|[^\p{N}'’]+/gu
const mixed = /['’]|\p{N}[^\p{N}]|[^\p{N}]\p{N}/u
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
export function wordsOf(text: string): WrittenWord[] {
  const found: WrittenWord[] = []
  if (plainText.test(text)) {
    addPlain(found, text.toLowerCase())
    return found
  }
  for (const match of text.matchAll(inWords)) {
    const word = normalise(match[0])
    const start = match.index
    const end = start + match[0].length
    let at = 0
    for (const run of word.matchAll(unspaced)) {
      add(found, word.slice(at, run.index), start, end)
      for (const [place, pair] of pairsOf(run[0]).entries()) {
        // Folding changes no lengths in these scripts, but for rare ligatures.
        const from = Math.min(start + run.index + place, end - 1)
        add(found, pair, from, Math.min(from + pair.length, end))
      }
      at = run.index + run[0].length
    }
    add(found, word.slice(at), start, end)
  }
  return found
}

/** As the rest of `wordsOf`, for ASCII: most texts are, and there are millions of them to be indexed. */
function addPlain(found: WrittenWord[], text: string): void {
  let start = -1
  let isMixed = false
  let last = 0
  for (let i = 0; i <= text.length; i++) {
    const code = i < text.length ? text.charCodeAt(i) : 32
    const kind = code >= 97 && code <= 122 ? 1 : code >= 48 && code <= 57 ? 2 : code === 39 ? 3 : 0
    if (kind === 0) {
      if (start < 0) continue
      if (isMixed) add(found, text.slice(start, i), start, i)
      else {
        const word = text.slice(start, Math.min(i, start + wordLimits.letters))
        found.push({ word, start, end: i, parts: onePiece })
      }
      start = -1
      isMixed = false
    } else if (start < 0) {
      start = i
      isMixed = kind === 3
    } else if (kind !== last) isMixed = true
    last = kind
  }
}

function add(found: WrittenWord[], written: string, start: number, end: number): void {
  const isMixed = mixed.test(written)
  const word = (isMixed ? written.replace(apostrophes, '') : written).slice(0, wordLimits.letters)
  if (word !== '') found.push({ word, start, end, parts: isMixed ? partsOf(written) : onePiece })
}

const onePiece: readonly string[] = []

function partsOf(written: string): readonly string[] {
  const parts = written.slice(0, wordLimits.letters).match(pieces) ?? []
  return parts.length < 2 || parts.length > wordLimits.parts ? onePiece : parts
}

/**
 * A text as a row of words in which letters and digits stand apart, however they were written: two texts
 * that are the same to whoever types them are the same here.
 */
export function evenText(words: readonly { readonly word: string }[]): string {
  return words.map(({ word }) => word.match(pieces)?.join(' ') ?? word).join(' ')
}

function pairsOf(run: string): string[] {
  const letters = [...run]
  if (letters.length === 1) return letters
  return letters.slice(1).map((letter, i) => letters[i]! + letter)
}

/** Numbers in a text that may be telephone numbers, as digits: with their country code and without. */
export function phonesOf(text: string): PlacedWord[] {
  if (!/\d\D*\d\D*\d/.test(text)) return []
  return [...text.matchAll(phoneNumber)].flatMap((match) => {
    const place = { start: match.index, end: match.index + match[0].length }
    return phoneForms(match[0], wordLimits.phoneDigits).map((word) => ({ word, ...place }))
  })
}

/**
 * `+47 22 00 00 00`, `0047 22...` and `(022) 00...` as digits without what is only a way of dialling, then
 * without a country code, if there is one.
 *
 * @returns none when there are fewer digits than `least`.
 */
export function phoneForms(written: string, least: number): string[] {
  const isWorldwide = /^\s*(?:\+|00)/.test(written)
  // The zero in +49 (0)30 is dialled within the country only.
  const dialled = isWorldwide ? written.replace(/\(0+\)/, '') : written
  const digits = dialled.replace(/\D/g, '').replace(/^0+/, '')
  if (digits.length < least || digits.length > wordLimits.letters) return []
  if (!isWorldwide) return [digits]
  const national = digits.slice(countryCodeLength(digits)).replace(/^0+/, '')
  return national === '' ? [digits] : [digits, national]
}

/** @see ITU-T E.164, list of country codes. */
function countryCodeLength(digits: string): number {
  if (/^[17]/.test(digits)) return 1
  return /^(?:2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58])/.test(digits) ? 2 : 3
}
