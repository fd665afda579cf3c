/**
 * A text as a cell of CSV: quoted where it has to be, and with an apostrophe before what a spreadsheet
 * would run as a formula (a cell that begins with `= + - @` or a control character). Plain numbers stay.
 */
export function csvCell(text: string): string {
  const safe = /^[=+\-@\t\r\n]/.test(text) && !/^-?\d+([.,]\d+)?$/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
