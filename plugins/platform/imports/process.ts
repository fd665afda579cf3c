import { type EntityInfo, type HandlerContext, type Records, RunwayError } from '@runwaycrm/sdk'
import { openErrorFile } from './error-file.ts'
import { type ImportCounts, type ImportRun, loadRun, saveRun } from './import-run.ts'
import { type MappedRow, rowMapper } from './map-row.ts'
import { detectFormat, readHeader, readRows } from './read-csv.ts'
import { RelationFinder } from './relations.ts'
import { failAll, keyOf, type RowFailure, writeBatch } from './write-batch.ts'

const batchRows = 500
const previewRows = 20

/** Thrown to undo the batch of a dry run; never leaves this file. */
class UndoBatch extends Error {}

/**
 * Reads the file and writes it in batches, or shows what would be written. Called as a job: after a
 * crash it begins again behind the last batch that was recorded.
 */
export async function process(payload: { id: string }, ctx: HandlerContext): Promise<void> {
  const run = await loadRun(ctx, payload.id)
  if (run.status !== 'reading' && run.status !== 'running') return
  try {
    await processRun(run, ctx)
  } catch (error) {
    if (!(error instanceof RunwayError) || error.status >= 500) throw error
    await saveRun(ctx, run.id, { status: 'failed', problem: error.message })
    report(ctx, run.id, { status: 'failed', counts: run.counts })
  }
}

async function processRun(run: ImportRun, ctx: HandlerContext): Promise<void> {
  const { spec } = run
  const entity = ctx.model.entity(spec.entity)
  if (!entity) {
    await saveRun(ctx, run.id, {
      status: 'failed',
      problem: `There is no entity "${spec.entity}".`,
    })
    return
  }
  const path = await ctx.files.path(run.fileId)
  const format = await detectFormat(path, spec.delimiter)
  const header = await readHeader(path, format)
  const relations = new RelationFinder({ keepCreated: !spec.dryRun, userEntity: userEntity(ctx) })
  const map = rowMapper(spec, header, entity, relations)
  const errors = await openErrorFile(ctx, run.errorsFileId)
  const set = spec.dryRun
    ? null
    : run.changeSetId
      ? await ctx.changes.resume(run.changeSetId)
      : await ctx.changes.open({
          label: `Import of ${run.fileName}`,
          door: 'import',
          workflows: spec.workflows,
        })
  await saveRun(ctx, run.id, { errorsFileId: errors.id, ...(set ? { changeSetId: set.id } : {}) })

  const counts: ImportCounts = { ...run.counts }
  const samples: unknown[] = []
  const problems: RowFailure[] = []
  let rowsRead = run.rowsRead
  let cancelled = false

  const write = async (rows: readonly MappedRow[]) => {
    const outcome = await writeRows(
      rows,
      ctx,
      entity,
      (records) => writeBatch(rows, spec, header, entity, relations, records),
      set?.records ?? null,
    )
    relations.forget()
    counts.created += outcome.created
    counts.updated += outcome.updated
    counts.skipped += outcome.skipped
    note(outcome.failures)
    await errors.write(outcome.failures)
  }
  const note = (failures: readonly RowFailure[]) => {
    counts.failed += new Set(failures.map((failure) => failure.line)).size
    if (problems.length < 100) problems.push(...failures.slice(0, 100 - problems.length))
  }
  const settle = async (rows: readonly MappedRow[]) => {
    if (rows.length > 0) await write(rows)
    // Another node may have cancelled it; the row tells.
    const now = await loadRun(ctx, run.id)
    cancelled = now.status === 'cancelled'
    await saveRun(ctx, run.id, { counts: { ...counts }, rowsRead })
    report(ctx, run.id, { status: now.status, counts: { ...counts } })
  }

  let batch: MappedRow[] = []
  let keys = new Set<string>()
  let skip = run.rowsRead
  for await (const row of readRows(path, format)) {
    if (skip > 0) {
      skip--
      continue
    }
    ctx.signal.throwIfAborted()
    if (row.problem) {
      const failure = {
        line: row.line,
        column: '',
        value: '',
        code: 'BAD_FORMAT',
        message: row.problem,
      }
      note([failure])
      await errors.write([failure])
      counts.rows++
      rowsRead++
      continue
    }
    const mapped = map(row)
    if (samples.length < previewRows)
      samples.push({
        line: mapped.line,
        values: {
          ...mapped.values,
          ...Object.fromEntries(mapped.wishes.map((wish) => [wish.field.apiName, wish.text])),
        },
      })
    const key = keyOf(mapped, spec)
    // Two rows with one key: the second must find the record that the first made.
    if (batch.length >= batchRows || (key !== '' && keys.has(key))) {
      await settle(batch)
      batch = []
      keys = new Set()
      if (cancelled) break
    }
    batch.push(mapped)
    keys.add(key)
    counts.rows++
    rowsRead++
  }
  if (!cancelled) await settle(batch)
  await errors.close()
  await set?.close()
  if (cancelled) return
  const status = spec.dryRun ? 'waiting' : 'done'
  const preview = spec.dryRun
    ? {
        columns: spec.columns,
        header,
        rows: samples,
        problems,
        relations: Object.fromEntries(relations.created),
      }
    : null
  await saveRun(ctx, run.id, { status, counts: { ...counts }, rowsRead, preview })
  report(ctx, run.id, { status, counts })
}

/** A dry run writes for real inside a transaction and undoes it, so what it says is what would happen. */
async function writeRows(
  rows: readonly MappedRow[],
  ctx: HandlerContext,
  entity: EntityInfo,
  write: (records: Records) => ReturnType<typeof writeBatch>,
  records: Records | null,
): ReturnType<typeof writeBatch> {
  try {
    if (records) return await write(records)
    let outcome: Awaited<ReturnType<typeof writeBatch>> | undefined
    await ctx
      .batch(async (inside) => {
        outcome = await write(inside)
        throw new UndoBatch()
      })
      .catch((error) => {
        if (!(error instanceof UndoBatch)) throw error
      })
    return outcome!
  } catch (error) {
    ctx.log.warn('A batch of an import failed as a whole', {
      entity: entity.ref,
      rows: rows.length,
      error: String(error),
    })
    return { created: 0, updated: 0, skipped: 0, failures: failAll(rows, error) }
  }
}

function report(ctx: HandlerContext, id: string, values: Record<string, unknown>): void {
  ctx.events.progress(`imports:${id}`, values)
}

/** Owner fields point at members; the model knows the entity behind `users`. */
function userEntity(ctx: HandlerContext): string {
  return ctx.model.entity('users')?.ref ?? 'kernel:user'
}
