/** Measures a text in points. */
export type Measure = (text: string) => number

export const narrowest = 34
const widest = 240

/**
 * How wide columns are, from the cells of the first records: as wide as nine of ten want, at most
 * `widest`, and together exactly `total`.
 *
 * @param wanted per column the widths that its head and its cells would have in one line.
 */
export function columnWidths(
  wanted: readonly (readonly number[])[],
  total: number,
): readonly number[] {
  const natural = wanted.map((widths) => {
    const [head = 0, ...cells] = widths
    const most = cells.toSorted((a, b) => a - b)[Math.floor(cells.length * 0.9)] ?? 0
    return Math.min(widest, Math.max(narrowest, head, most))
  })
  const sum = natural.reduce((a, b) => a + b, 0)
  if (sum <= total) return natural.map((width) => (width * total) / sum)
  // Narrow columns keep what they want, and the wide ones share what is left.
  const most = mostWidth(natural, total)
  return natural.map((width) => Math.min(width, most))
}

/** Where columns are cut off so that together they have the page: the narrowest first get all they want. */
function mostWidth(natural: readonly number[], total: number): number {
  let left = total
  for (const [index, width] of natural.toSorted((a, b) => a - b).entries()) {
    const share = left / (natural.length - index)
    if (width > share) return share
    left -= width
  }
  return widest
}

/**
 * A text in lines that are no wider than `width`, broken between words where it can be. What does not fit
 * into `mostLines` is cut, and an ellipsis shows it.
 */
export function wrapText(
  text: string,
  width: number,
  mostLines: number,
  measure: Measure,
): readonly string[] {
  const lines: string[] = []
  for (const paragraph of text.split('\n')) {
    let line = ''
    for (const word of paragraph.split(' ')) {
      const longer = line === '' ? word : `${line} ${word}`
      if (measure(longer) <= width) {
        line = longer
        continue
      }
      if (line !== '') lines.push(line)
      if (lines.length > mostLines) return cutTo(lines, width, mostLines, measure)
      const [whole, rest] = breakWord(word, width, mostLines + 1 - lines.length, measure)
      lines.push(...whole)
      line = rest
    }
    lines.push(line)
    if (lines.length > mostLines) return cutTo(lines, width, mostLines, measure)
  }
  return lines
}

/** A word wider than a line in pieces, at most so many, and what is left of it. */
function breakWord(
  word: string,
  width: number,
  most: number,
  measure: Measure,
): readonly [readonly string[], string] {
  const pieces: string[] = []
  let piece = ''
  for (const character of word) {
    if (piece !== '' && measure(piece + character) > width) {
      pieces.push(piece)
      piece = ''
      if (pieces.length >= most) break
    }
    piece += character
  }
  return [pieces, piece]
}

function cutTo(
  lines: readonly string[],
  width: number,
  mostLines: number,
  measure: Measure,
): readonly string[] {
  const shown = lines.slice(0, mostLines)
  let last = [...(shown.pop() ?? '').trimEnd()]
  while (last.length > 0 && measure(`${last.join('')}…`) > width) last = last.slice(0, -1)
  return [...shown, `${last.join('')}…`]
}
