import { stat } from 'node:fs/promises'
import {
  type EntityInfo,
  type FieldInfo,
  ForbiddenError,
  type HandlerContext,
  RunwayError,
} from '@runwaycrm/sdk'
import { type ExportRun, isOver, saveRun, toRun } from './export-run.ts'
import { NameFinder } from './name-finder.ts'
import { type ExportPage, readPages } from './read-pages.ts'
import { writeCsv } from './write-csv.ts'
import { writeJson } from './write-json.ts'
import { writePdf } from './write-pdf.ts'

/** Somebody stopped it; the file is not kept. Never leaves this file. */
class Stopped extends Error {}

/** How often the row says how far it is. */
const noteEveryRows = 1_000

/** Writes the file of an export. After a crash it begins again: half a file is none. */
export async function write(payload: { id: string }, ctx: HandlerContext): Promise<void> {
  const run = await find(ctx, payload.id)
  if (run?.status !== 'running') return
  try {
    await writeFile(run, ctx)
  } catch (error) {
    if (error instanceof Stopped) return
    if (!(error instanceof RunwayError) || error.status >= 500) throw error
    await saveRun(ctx, run.id, { status: 'failed', problem: error.message })
    ctx.events.progress('exports', { id: run.id, status: 'failed' })
  }
}

async function writeFile(run: ExportRun, ctx: HandlerContext): Promise<void> {
  const { spec } = run
  const language = spec.language ?? ctx.org.locale
  const entity = ctx.model.entity(spec.entity, language)
  const fields = entity ? columnsOf(entity, spec.columns) : null
  if (!entity || !fields)
    throw new ForbiddenError('You may no longer read some of what was to be written.')
  const names = new NameFinder(ctx)
  let written = 0
  const pages = noted(readPages(ctx.records, spec))
  async function* noted(source: AsyncIterable<ExportPage>): AsyncGenerator<ExportPage> {
    let said = 0
    for await (const records of source) {
      ctx.signal.throwIfAborted()
      await names.prepare(fields!, records)
      yield records
      written += records.length
      if (written - said < noteEveryRows) continue
      said = written
      if ((await find(ctx, run.id))?.status !== 'running') throw new Stopped()
      await saveRun(ctx, run.id, { rowsWritten: written })
      ctx.events.progress('exports', { id: run.id, status: 'running', rows: written })
    }
  }
  const content = {
    csv: () =>
      writeCsv(pages, fields, names, { bom: spec.bom, currency: ctx.t('currency', {}, language) }),
    json: () => writeJson(pages, fields),
    pdf: () =>
      writePdf(pages, fields, names, { title: spec.name, matched: run.rowsMatched, language, ctx }),
  }[spec.format]()
  const fileId = await ctx.files.write(run.fileName, content)
  const { size } = await stat(await ctx.files.path(fileId))
  // Stopped in the last moment: then it stays so.
  const done = { status: 'done', rowsWritten: written, fileId, bytes: size }
  const kept = await ctx.tables.update('run', { id: run.id, status: 'running' }, done)
  if (kept === 0) return ctx.files.remove(fileId)
  ctx.events.progress('exports', { id: run.id, status: 'done', rows: written })
}

/** Null when one of them is gone, or hidden from the reader by now. */
function columnsOf(entity: EntityInfo, names: readonly string[]): readonly FieldInfo[] | null {
  const known = new Map(entity.fields.map((field) => [field.apiName, field]))
  const found = names.flatMap((name) => known.get(name) ?? [])
  return found.length === names.length ? found : null
}

async function find(ctx: HandlerContext, id: string): Promise<ExportRun | null> {
  const [row] = await ctx.tables.select('run', { where: { id }, limit: 1 })
  const run = row ? toRun(row) : null
  return run && !isOver(run, ctx.now) ? run : null
}
