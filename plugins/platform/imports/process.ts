import {
  type EntityInfo,
  type HandlerContext,
  type OpenChangeSet,
  type Records,
  RunwayError,
  StateConflictError,
} from '@runwaycrm/sdk'
import { entityOfFile } from './entity-of-file.ts'
import { type ErrorFile, openErrorFile } from './error-file.ts'
import { type ImportCounts, type ImportRun, loadRun, saveRun } from './import-run.ts'
import { type MappedRow, rowMapper } from './map-row.ts'
import { createPreview } from './preview.ts'
import { detectFormat, readHeader, readRows } from './read-csv.ts'
import { RelationFinder } from './relations.ts'
import { type BatchOutcome, failAll, keyOf, type RowFailure, writeBatch } from './write-batch.ts'

const batchRows = 500
/** Rows with long cells come in smaller batches, so that no file fills the memory. */
const batchCharacters = 4_000_000

/** Thrown to undo the batch of a dry run; never leaves this file. */
class UndoBatch extends Error {}

/**
 * Reads the file and writes it in batches, or shows what would be written. Called as a job: after a
 * crash it begins again behind the last batch, which says with its rows that it was written.
 */
export async function process(payload: { id: string }, ctx: HandlerContext): Promise<void> {
  const run = await loadRun(ctx, payload.id)
  if (run.status !== 'reading' && run.status !== 'running') return closeLeft(run, ctx)
  try {
    await processRun(run, ctx)
  } catch (error) {
    if (!(error instanceof RunwayError) || error.status >= 500) throw error
    await saveRun(ctx, run.id, { status: 'failed', problem: error.message })
    report(ctx, run.id, { status: 'failed', counts: run.counts })
    await tellEnd(ctx, await loadRun(ctx, run.id))
  }
}

async function processRun(run: ImportRun, ctx: HandlerContext): Promise<void> {
  const { spec } = run
  const entity = entityOfFile(spec, ctx)
  if (!entity) {
    const problem = `There is no entity "${spec.entity}".`
    await saveRun(ctx, run.id, { status: 'failed', problem })
    return
  }
  const set = spec.dryRun ? null : await changeSetOf(run, ctx)
  const errors = await openErrorFile(ctx, run.errorsFileId, run.errorsBytes)
  try {
    await saveRun(ctx, run.id, { errorsFileId: errors.id, ...(set ? { changeSetId: set.id } : {}) })
    await readAll(run, ctx, entity, set, errors)
  } finally {
    await errors.close()
  }
  // The run is done first: a worker that dies between the two leaves a set that `closeLeft` finds.
  await set?.close()
  if (set) await tellEnd(ctx, await loadRun(ctx, run.id))
}

/** For whoever reacts. Of one that was stopped nobody needs to hear. */
async function tellEnd(ctx: HandlerContext, run: ImportRun): Promise<void> {
  if (run.status !== 'done' && run.status !== 'failed') return
  const { created, updated, failed } = run.counts
  await ctx.events.emit('import.ended', {
    importId: run.id,
    name: run.fileName,
    userId: run.startedBy,
    changeSetId: run.changeSetId,
    written: created + updated,
    refused: failed,
    problem: run.problem,
  })
}

async function changeSetOf(run: ImportRun, ctx: HandlerContext): Promise<OpenChangeSet> {
  if (run.changeSetId) return ctx.changes.resume(run.changeSetId)
  const label = `Import of ${run.fileName}`
  return ctx.changes.open({ label, door: 'import', workflows: run.spec.workflows })
}

/** Closes the change set of a run that ended while its worker died. */
async function closeLeft(run: ImportRun, ctx: HandlerContext): Promise<void> {
  if (!run.changeSetId) return
  const set = await ctx.changes.resume(run.changeSetId).catch((error) => {
    if (error instanceof StateConflictError) return null
    throw error
  })
  await set?.close()
}

/** @param set The change set that takes the rows; null in a dry run. */
async function readAll(
  run: ImportRun,
  ctx: HandlerContext,
  entity: EntityInfo,
  set: OpenChangeSet | null,
  errors: ErrorFile,
): Promise<void> {
  const { spec } = run
  const path = await ctx.files.path(run.fileId)
  const format = await detectFormat(path, spec.delimiter)
  const header = await readHeader(path, format)
  const relations = new RelationFinder({ keepCreated: set !== null, userEntity: userEntity(ctx) })
  const map = rowMapper(spec, header, entity, relations)
  const preview = createPreview(spec, header, entity)
  let counts: ImportCounts = { ...run.counts }
  let rowsRead = run.rowsRead
  let status: string = run.status

  const note = async (failures: readonly RowFailure[]) => {
    // A row with two bad cells is two lines in the error file and one failed row.
    counts.failed += new Set(failures.map((failure) => failure.line)).size
    preview.addProblems(failures)
    await errors.write(failures)
  }
  /** What a batch comes to, kept with its rows: in their transaction, where it has one. */
  const keep = async (outcome: BatchOutcome, inside: Pick<HandlerContext, 'tables'>) => {
    counts.created += outcome.created
    counts.updated += outcome.updated
    counts.skipped += outcome.skipped
    await note(outcome.failures)
    await saveRun(inside, run.id, { counts, rowsRead, errorsBytes: errors.size })
  }
  const settle = async (rows: readonly MappedRow[]) => {
    const before = { counts, size: errors.size }
    /** Of a batch that was undone nothing is left. */
    const undo = async () => {
      counts = { ...before.counts }
      await errors.cutTo(before.size)
    }
    let attempts = 0
    const write = (records: Records) => {
      if (attempts++ > 0) relations.forget()
      return writeBatch(rows, spec, header, entity, relations, records)
    }
    try {
      if (rows.length === 0) await keep(nothing, ctx)
      else if (!set) await keep(await tryOut(ctx, write), ctx)
      else
        await set.batch(async (inside) => {
          await undo()
          await keep(await write(inside.records), inside)
        })
    } catch (error) {
      const failures = failAll(rows, error)
      const about = { entity: entity.ref, rows: rows.length, error: String(error) }
      ctx.log.warn('A batch of an import failed as a whole', about)
      relations.forget()
      await undo()
      await keep({ ...nothing, failures }, ctx)
    }
    if (!set) relations.forget()
    // Another node may have cancelled it; the row tells.
    status = (await loadRun(ctx, run.id)).status
    report(ctx, run.id, { status, counts: { ...counts } })
  }

  let batch: MappedRow[] = []
  let characters = 0
  let keys = new Set<string>()
  let skip = run.rowsRead
  for await (const row of readRows(path, format)) {
    if (skip > 0) {
      skip--
      continue
    }
    ctx.signal.throwIfAborted()
    if (row.problem) {
      const failure = { line: row.line, column: '', value: '', code: 'BAD_FORMAT' }
      await note([{ ...failure, message: row.problem }])
      counts.rows++
      rowsRead++
      continue
    }
    const mapped = map(row)
    preview.addRow(mapped)
    const key = keyOf(mapped, spec)
    // Two rows with one key: the second must find the record that the first made.
    const isFull = batch.length >= batchRows || characters >= batchCharacters
    if (isFull || (key !== '' && keys.has(key))) {
      await settle(batch)
      batch = []
      characters = 0
      keys = new Set()
      if (status === 'cancelled') return
    }
    batch.push(mapped)
    characters += row.cells.reduce((sum, cell) => sum + cell.length, 0)
    keys.add(key)
    counts.rows++
    rowsRead++
  }
  await settle(batch)
  if (status === 'cancelled') return
  const end = set ? 'done' : 'waiting'
  const shown = set ? null : preview.result(relations.created)
  await saveRun(ctx, run.id, { status: end, preview: shown })
  report(ctx, run.id, { status: end, counts })
}

const nothing: BatchOutcome = { created: 0, updated: 0, skipped: 0, failures: [] }

/** A dry run writes for real inside a transaction and undoes it, so what it says is what would happen. */
async function tryOut(
  ctx: HandlerContext,
  write: (records: Records) => Promise<BatchOutcome>,
): Promise<BatchOutcome> {
  let outcome = nothing
  const undone = await ctx
    .batch(async (inside) => {
      outcome = await write(inside)
      throw new UndoBatch()
    })
    .catch((error: unknown) => error)
  if (!(undone instanceof UndoBatch)) throw undone
  return outcome
}

function report(ctx: HandlerContext, id: string, values: Record<string, unknown>): void {
  ctx.events.progress(`imports:${id}`, values)
}

/** Owner fields point at members; the model knows the entity behind `users`. */
function userEntity(ctx: HandlerContext): string {
  return ctx.model.entity('users')?.ref ?? 'kernel:user'
}
