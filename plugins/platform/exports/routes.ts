import {
  type EntityInfo,
  type Filter,
  ForbiddenError,
  type HandlerContext,
  InvalidError,
  type RouteReply,
  type RouteRequest,
  StateConflictError,
  UnknownFieldError,
} from '@runwaycrm/sdk'
import {
  contentTypes,
  type ExportFormat,
  type ExportSpec,
  isOver,
  loadOwnRun,
  makerOf,
  runAnswer,
  saveRun,
  settled,
  toRun,
} from './export-run.ts'

const keptMs = 24 * 3_600_000
/** Of one person or key at a time. */
const mostRunning = 3
/** A PDF is for reading and printing; its pages are numbered once the last is known. */
const mostOf: Readonly<Record<ExportFormat, number>> = {
  csv: 1_000_000,
  json: 1_000_000,
  pdf: 10_000,
}
const mostPdfColumns = 24

interface Wanted {
  readonly entity: string
  readonly format: ExportFormat
  readonly filter?: Filter
  readonly sort?: string
  readonly columns?: readonly string[]
  readonly name?: string
  readonly bom?: boolean
}

/** Checks all that could be refused, as a list of the records would, and leaves the rest to a job. */
export async function createExport(
  request: RouteRequest,
  ctx: HandlerContext,
): Promise<RouteReply> {
  const wanted = request.body as Wanted
  const { language } = request
  const entity = ctx.model.entity(wanted.entity, language)
  if (!entity) {
    throw new InvalidError(`There is no entity "${wanted.entity}".`, {
      errors: [{ path: 'entity', code: 'UNKNOWN_OPTION', message: 'Not an entity.' }],
    })
  }
  const { page } = await ctx.records.list(entity.ref, {
    filter: wanted.filter ?? {},
    ...(wanted.sort ? { sort: wanted.sort } : {}),
    fields: ['id'],
    limit: 1,
    count: 'exact',
  })
  const spec = specOf(wanted, entity, language)
  const matched = page.count ?? 0
  refuseTooMuch(spec, matched)
  await refuseTooMany(ctx)
  const now = ctx.now.getTime()
  const [row] = await ctx.tables.insert('run', [
    {
      spec,
      status: 'running',
      rowsWritten: 0,
      rowsMatched: matched,
      fileName: fileNameOf(spec, ctx),
      ...makerOf(ctx.principal),
      createdAt: new Date(now).toISOString(),
      expiresAt: new Date(now + keptMs).toISOString(),
    },
  ])
  await ctx.jobs.enqueue('write', { id: row!.id })
  return { status: 202, body: { id: row!.id } }
}

/** @throws UnknownFieldError for a column that does not exist or is hidden from whoever asks. */
function specOf(wanted: Wanted, entity: EntityInfo, language: string): ExportSpec {
  const known = new Set(entity.fields.map((field) => field.apiName))
  const unknown = wanted.columns?.find((name) => !known.has(name))
  if (unknown !== undefined)
    throw new UnknownFieldError(`${entity.labelPlural} have no field "${unknown}".`)
  return {
    entity: entity.ref,
    format: wanted.format,
    filter: wanted.filter ?? {},
    sort: wanted.sort || null,
    columns: wanted.columns ?? usualColumns(entity, wanted.format),
    name: wanted.name ?? entity.labelPlural,
    bom: wanted.bom ?? false,
    language,
  }
}

/** Everything there is, but for a PDF: there as much as a page holds well. */
function usualColumns(entity: EntityInfo, format: ExportFormat): readonly string[] {
  const names = entity.fields.filter((field) => !field.hidden).map((field) => field.apiName)
  const inOrder = [entity.titleField, ...names.filter((name) => name !== entity.titleField)]
  const shown = inOrder.filter((name) => names.includes(name))
  if (format !== 'pdf') return shown
  return shown.filter((name) => name !== 'id' && name !== 'version').slice(0, 10)
}

function refuseTooMuch({ format, columns }: ExportSpec, matched: number): void {
  if (matched > mostOf[format]) {
    const message = `${matched} records match, and a file of this kind has room for ${mostOf[format]}. Narrow the filter${format === 'pdf' ? ', or take CSV' : ''}.`
    throw new InvalidError(message, {
      errors: [{ path: 'filter', code: 'OUT_OF_RANGE', message }],
    })
  }
  if (format === 'pdf' && columns.length > mostPdfColumns) {
    const message = `A page has room for ${mostPdfColumns} columns. Leave some out, or take CSV.`
    throw new InvalidError(message, {
      errors: [{ path: 'columns', code: 'OUT_OF_RANGE', message }],
    })
  }
}

async function refuseTooMany(ctx: HandlerContext): Promise<void> {
  const running = await ctx.tables.select('run', {
    where: { ...makerOf(ctx.principal), status: 'running' },
    sort: '-createdAt',
    limit: mostRunning,
  })
  const held = running.filter((row) => settled(toRun(row), ctx.now).status === 'running')
  if (held.length >= mostRunning) {
    throw new StateConflictError(
      `${mostRunning} of your exports are being written. Wait for one of them, or stop it.`,
    )
  }
}

/** `Open deals 2026-03-01.csv`; what file systems refuse is left out. */
function fileNameOf({ name, format }: ExportSpec, ctx: HandlerContext): string {
  const plain = name
    .replace(/[\p{Cc}<>:"/\\|?*]/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim()
  return `${plain || 'export'} ${ctx.now.toISOString().slice(0, 10)}.${format}`
}

export async function listExports(
  _request: RouteRequest,
  ctx: HandlerContext,
): Promise<RouteReply> {
  const rows = await ctx.tables.select('run', {
    where: makerOf(ctx.principal),
    sort: '-createdAt',
    limit: 50,
  })
  const runs = rows.map(toRun).filter((run) => !isOver(run, ctx.now))
  return { status: 200, body: { data: runs.map((run) => runAnswer(settled(run, ctx.now))) } }
}

export async function getExport(request: RouteRequest, ctx: HandlerContext): Promise<RouteReply> {
  return { status: 200, body: runAnswer(await loadOwnRun(ctx, request.params['id'] ?? '')) }
}

export async function getContent(request: RouteRequest, ctx: HandlerContext): Promise<RouteReply> {
  const run = await loadOwnRun(ctx, request.params['id'] ?? '')
  if (run.status !== 'done' || run.fileId === null)
    throw new StateConflictError(`This export is ${run.status}; there is no file.`)
  // Who may no longer read the records gets none of them from a file either.
  if (!ctx.model.entity(run.spec.entity)?.can.read) throw new ForbiddenError()
  const type = contentTypes[run.spec.format]
  return { status: 200, file: { id: run.fileId, name: run.fileName, type } }
}

export async function cancelExport(
  request: RouteRequest,
  ctx: HandlerContext,
): Promise<RouteReply> {
  const run = await loadOwnRun(ctx, request.params['id'] ?? '')
  if (run.status === 'done' || run.status === 'failed')
    throw new StateConflictError(`This export is ${run.status} already.`)
  await saveRun(ctx, run.id, { status: 'cancelled' })
  ctx.events.progress('exports', { id: run.id, status: 'cancelled' })
  return { status: 200, body: runAnswer({ ...run, status: 'cancelled' }) }
}
