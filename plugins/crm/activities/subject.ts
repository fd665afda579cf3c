/**
 * A title out of a note: its first line, cut at a word when it is long.
 * @param longest in characters, the mark of the cut included.
 */
export function subjectOf(note: string, longest = 80): string {
  const line = note
    .split('\n')
    .map((text) => text.trim())
    .find((text) => text !== '')
  if (!line || line.length <= longest) return line ?? ''
  // The mark needs a place, so a word may end where the mark will stand.
  const space = line.slice(0, longest).lastIndexOf(' ')
  return `${line.slice(0, space > longest / 2 ? space : longest - 1).trimEnd()}…`
}
