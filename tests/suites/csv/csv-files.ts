import iconv from 'iconv-lite'
import type { Seeded } from '../../../kernel/records/testing/seeded.ts'

export interface CsvFile {
  readonly bytes: Buffer
  /** What was written; null when mutation left nobody to say. */
  readonly text: string | null
  readonly delimiter: string
  /** Whether nothing but `encoding` can be meant by these bytes. */
  readonly isPlain: boolean
  readonly encoding: Encoding
}

export type Encoding = 'utf8' | 'utf16le' | 'utf16be' | 'win1252'

export interface Shape {
  /** Instead of a header that is drawn too. */
  readonly header?: readonly string[]
  /** Cells of these columns are drawn from elsewhere. */
  readonly cellOf?: (column: string) => string | null
  /** A cell of 1 MB and 10,000 columns now and then; true unless said. */
  readonly isLargeAllowed?: boolean
}

const delimiters = [',', ';', '\t', '|', ',', ';', ':', '^', ' ', '~', '§', '€', '\u0001', 'x']
const lineEnds = ['\n', '\r\n', '\r']
const scripts = [
  '😀👩‍👩‍👧‍👦🇳🇴',
  'שלום עולם',
  '‮مرحبا‬',
  '漢字かな',
  'Ünïcödé',
  'İı ß',
  '\u0301e',
  '￾',
]
const formulas = [
  '=1+1',
  '+1',
  '-1',
  '-2+3',
  '@SUM(A1)',
  '\tx',
  '\rx',
  "=cmd|'/c calc'!A0",
  '＝1',
  '-3,5',
]

/** A file as somebody's program may have written it. */
export function makeCsvFile(random: Seeded, shape: Shape = {}): CsvFile {
  const encoding = random.pick(['utf8', 'utf8', 'utf16le', 'utf16be', 'win1252'] as const)
  const delimiter = random.chance(0.9) || encoding === 'win1252' ? random.pick(delimiters) : '→'
  const table = makeTable(random, delimiter, shape)
  let text = renderTable(random, table, delimiter)
  // What the encoding cannot say was not there in the first place.
  if (encoding === 'win1252') text = iconv.decode(iconv.encode(text, encoding), encoding)
  const isMarked = encoding !== 'win1252' && random.chance(0.6)
  const bytes = iconv.encode(text, encoding, { addBOM: isMarked })
  return { bytes, text, delimiter, encoding, isPlain: isMarked || isClear(bytes, text, encoding) }
}

/** The same with bytes lost, doubled, changed or cut off. */
export function mutateCsvFile(random: Seeded, file: CsvFile): CsvFile {
  let bytes: Buffer = Buffer.from(file.bytes)
  for (let left = 1 + random.below(4); left > 0; left--) {
    const at = random.below(bytes.length + 1)
    const to = Math.min(bytes.length, at + 1 + random.below(random.chance(0.2) ? 2_000 : 4))
    const junk = random.pick([
      Buffer.from('"'),
      Buffer.from('""'),
      Buffer.from('\r'),
      Buffer.from('\n\n'),
      Buffer.from([0]),
      Buffer.from([0xff, 0xfe]),
      Buffer.from([0xed, 0xa0, 0x80]),
      Buffer.from([random.below(256)]),
      Buffer.from(file.delimiter.repeat(1 + random.below(20))),
      bytes.subarray(at, to),
    ])
    const kind = random.below(4)
    if (kind === 0) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(to)])
    if (kind === 1) bytes = Buffer.concat([bytes.subarray(0, at), junk, bytes.subarray(at)])
    if (kind === 2) bytes = Buffer.concat([bytes.subarray(0, at), junk, bytes.subarray(to)])
    if (kind === 3 && random.chance(0.3)) bytes = bytes.subarray(0, at)
  }
  return { ...file, bytes, text: null, isPlain: false }
}

function makeTable(random: Seeded, delimiter: string, shape: Shape): string[][] {
  const isLarge = shape.isLargeAllowed !== false
  const isWide = isLarge && !shape.header && random.chance(0.01)
  const columns = shape.header?.length ?? (isWide ? 10_000 - random.below(2) : 1 + random.below(8))
  const header = shape.header ?? Array.from({ length: columns }, (_, at) => `c${at}`)
  if (!shape.header && random.chance(0.3)) {
    const names = [...header]
    names[random.below(columns)] = random.pick([
      '',
      ' ',
      'c0',
      '__proto__',
      '=c',
      makeCell(random, delimiter),
    ])
    return [names, ...makeRows(random, delimiter, names, shape, isWide ? 3 : 20)]
  }
  return [[...header], ...makeRows(random, delimiter, header, shape, isWide ? 3 : 20)]
}

function makeRows(
  random: Seeded,
  delimiter: string,
  header: readonly string[],
  shape: Shape,
  most: number,
): string[][] {
  const rows = random.many(0, most, () => {
    const row = header.map((column) => shape.cellOf?.(column) ?? makeCell(random, delimiter))
    if (random.chance(0.1)) row.length = 1 + random.below(row.length)
    if (random.chance(0.1)) row.push(...random.many(1, 3, () => makeCell(random, delimiter)))
    return random.chance(0.05) ? [''] : row
  })
  const isLong = shape.isLargeAllowed !== false && random.chance(0.01)
  if (isLong && rows[0]) {
    const piece = random.pick(['x', '"', '😀', 'é', '=', '\r\n', `a${delimiter}`, '\0'])
    rows[0][0] = `${'y'.repeat(random.below(5))}${piece.repeat(1_000_000 / piece.length)}`
  }
  return rows
}

function makeCell(random: Seeded, delimiter: string): string {
  const word = () => random.many(0, 8, () => random.pick([...'abcXYZ0123 .-'])).join('')
  const kind = random.below(14)
  if (kind < 5) return word()
  if (kind === 5) return ''
  if (kind === 6) return random.pick(formulas)
  if (kind === 7) return `${word()}"${random.chance(0.5) ? '"' : word()}`
  if (kind === 8) return `${word()}${delimiter}${word()}`
  if (kind === 9) return `${word()}${random.pick(lineEnds)}${word()}`
  if (kind === 10) return `${word()}${random.pick(scripts)}${word()}`
  if (kind === 11) return random.chance(0.2) ? `${word()}\0${word()}` : ' '
  if (kind === 12) return String(random.below(1_000_000))
  return random.pick(["'", '""', '\n', '\r\n', '\\"', '#', '\ufeffx', '\u2028', 'null', 'NaN'])
}

function renderTable(random: Seeded, table: readonly string[][], delimiter: string): string {
  const style = random.below(4)
  const lineEnd = () => lineEnds[style] ?? random.pick(lineEnds)
  const isQuotedAlways = random.chance(0.2)
  const cellText = (cell: string) => {
    const isNeeded = cell.includes(delimiter) || /["\r\n]/.test(cell)
    if (!isNeeded && !isQuotedAlways && random.chance(0.9)) return cell
    return `"${cell.replaceAll('"', '""')}"`
  }
  let text = random.chance(0.05) ? lineEnd() : ''
  for (const row of table) {
    text += row.map(cellText).join(delimiter) + lineEnd()
    while (random.chance(0.05)) text += lineEnd()
  }
  return random.chance(0.3) ? text.replace(/[\r\n]+$/, '') : text
}

/** Without a byte order mark: bytes that could not be another encoding just as well. */
function isClear(bytes: Buffer, text: string, encoding: Encoding): boolean {
  if (text.includes('\0')) return false
  if (encoding === 'utf8') return true
  if (encoding === 'win1252') return !isUtf8(bytes) && !/^(ÿþ|þÿ|ï»¿)/.test(text)
  return text.length >= 2 && [...text].every((character) => character < '\u0080')
}

/** The text of bytes, in one go. */
export function decodeAll(bytes: Buffer, encoding: Encoding): string {
  if (encoding === 'win1252') return iconv.decode(bytes, encoding)
  const label = { utf8: 'utf-8', utf16le: 'utf-16le', utf16be: 'utf-16be' }[encoding]
  return new TextDecoder(label).decode(bytes)
}

function isUtf8(bytes: Buffer): boolean {
  return Buffer.from(bytes.toString('utf8'), 'utf8').equals(bytes) || bytes.length === 0
}
