import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { csvCell, type HandlerContext } from '@runwaycrm/sdk'
import type { RowFailure } from './write-batch.ts'

export const errorFileHeader = 'line,column,value,code,message\r\n'

/** One failure as a line of CSV. Cells that a spreadsheet would take for a formula get a leading apostrophe. */
export function errorLine(failure: RowFailure): string {
  return `${[String(failure.line), failure.column, failure.value, failure.code, failure.message].map(csvCell).join(',')}\r\n`
}

/** The error file of an import while it is written. */
export interface ErrorFile {
  readonly id: string
  /** Bytes so far. */
  readonly size: number
  write(failures: readonly RowFailure[]): Promise<void>
  /** Takes back what was written since it had this size. */
  cutTo(size: number): Promise<void>
  close(): Promise<void>
}

/**
 * Opens the error file of an import, or goes on with the one that a killed worker left.
 * @param bytes How much of it counts; what the worker wrote behind that, it will write again.
 */
export async function openErrorFile(
  ctx: HandlerContext,
  fileId: string | null,
  bytes: number | null,
): Promise<ErrorFile> {
  const id = fileId ?? (await ctx.files.write('errors.csv', errorFileHeader))
  const file = await open(await ctx.files.path(id), 'r+')
  let size = bytes ?? Buffer.byteLength(errorFileHeader)
  await file.truncate(size)
  return {
    id,
    get size() {
      return size
    },
    async write(failures) {
      if (failures.length === 0) return
      const lines = Buffer.from(failures.map(errorLine).join(''))
      await file.write(lines, 0, lines.length, size)
      size += lines.length
    },
    async cutTo(shorter) {
      if (shorter < size) await file.truncate(shorter)
      size = shorter
    },
    close: () => file.close(),
  }
}

/** A stream of an uploaded file, to be kept under the organisation's own files. */
export function readUpload(path: string): AsyncIterable<Uint8Array> {
  return createReadStream(path) as AsyncIterable<Uint8Array>
}
