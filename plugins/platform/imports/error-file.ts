import { once } from 'node:events'
import { createReadStream, createWriteStream } from 'node:fs'
import type { HandlerContext } from '@runwaycrm/sdk'
import type { RowFailure } from './write-batch.ts'

export const errorFileHeader = 'line,column,value,code,message\r\n'

/** One failure as a line of CSV. Cells that a spreadsheet would take for a formula get a leading apostrophe. */
export function errorLine(failure: RowFailure): string {
  return `${[String(failure.line), failure.column, failure.value, failure.code, failure.message].map(csvCell).join(',')}\r\n`
}

/** Quotes where needed and defuses `= + - @` and control characters at the start. */
export function csvCell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) && !/^-?\d+([.,]\d+)?$/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

/** Opens the error file of an import, or goes on with the one that a killed worker left. */
export async function openErrorFile(
  ctx: HandlerContext,
  fileId: string | null,
): Promise<{
  id: string
  write(failures: readonly RowFailure[]): Promise<void>
  close(): Promise<void>
}> {
  const id = fileId ?? (await ctx.files.write('errors.csv', errorFileHeader))
  const stream = createWriteStream(await ctx.files.path(id), { flags: 'a' })
  return {
    id,
    async write(failures) {
      for (const failure of failures)
        if (!stream.write(errorLine(failure))) await once(stream, 'drain')
    },
    async close() {
      stream.end()
      await once(stream, 'close')
    },
  }
}

/** A stream of an uploaded file, to be kept under the organisation's own files. */
export function readUpload(path: string): AsyncIterable<Uint8Array> {
  return createReadStream(path) as AsyncIterable<Uint8Array>
}
