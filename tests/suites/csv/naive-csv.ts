export interface NaiveRecord {
  readonly line: number
  readonly cells: string[]
}

/**
 * What a CSV text means (RFC 4180, any line ending, empty lines skipped), found character by character
 * and as slowly as need be.
 * @returns null for a text that breaks the grammar: a quote inside of a bare cell, text behind a closing
 *   quote, a quote that stays open.
 */
export function naiveCsv(text: string, delimiter: string): NaiveRecord[] | null {
  const records: NaiveRecord[] = []
  let at = 0
  let line = 1
  const breakAt = () => (text.startsWith('\r\n', at) ? 2 : /[\r\n]/.test(text[at] ?? '') ? 1 : 0)
  while (at < text.length) {
    if (breakAt() > 0) {
      at += breakAt()
      line += 1
      continue
    }
    const begins = line
    const cells: string[] = []
    for (;;) {
      const begin = at
      if (text[at] === '"') {
        const pieces: string[] = []
        at += 1
        for (;;) {
          const quote = text.indexOf('"', at)
          if (quote === -1) return null
          pieces.push(text.slice(at, quote))
          at = quote + 1
          if (text[at] !== '"') break
          pieces.push('"')
          at += 1
        }
        cells.push(pieces.join(''))
        line += text.slice(begin, at).match(/\r\n|\r|\n/g)?.length ?? 0
        if (at < text.length && text[at] !== delimiter && breakAt() === 0) return null
      } else {
        while (at < text.length && text[at] !== delimiter && breakAt() === 0) at += 1
        const cell = text.slice(begin, at)
        if (cell.includes('"')) return null
        cells.push(cell)
      }
      if (text[at] !== delimiter) break
      at += 1
    }
    records.push({ line: begins, cells })
    at += breakAt()
    line += 1
  }
  return records
}
