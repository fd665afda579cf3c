import {
  ForbiddenError,
  type HandlerContext,
  InvalidError,
  NotFoundError,
  type RouteReply,
  type RouteRequest,
  StateConflictError,
} from '@runwaycrm/sdk'
import { entityOfFile, otherLabels } from './entity-of-file.ts'
import { readUpload } from './error-file.ts'
import { guessColumns } from './guess-columns.ts'
import { type ImportRun, loadRun, noCounts, runAnswer, saveRun, toRun } from './import-run.ts'
import { detectFormat, maxColumns, readHeader } from './read-csv.ts'
import { checkColumns, type ImportSpec, isObject, readSpec } from './spec.ts'

export async function createImport(
  request: RouteRequest,
  ctx: HandlerContext,
): Promise<RouteReply> {
  const { upload } = request
  if (!upload)
    throw new InvalidError(
      'Send the file as multipart form data with the parts `file` and `spec`.',
      { errors: [{ path: 'file', code: 'REQUIRED', message: 'No file was sent.' }] },
    )
  const given = parseJson(upload.fields['spec'])
  const spec = readSpec(isObject(given) ? { language: request.language, ...given } : given)
  const ready = await prepareSpec(spec, upload.path, ctx)
  const fileId = await ctx.files.write(upload.name || 'import.csv', readUpload(upload.path))
  const [row] = await ctx.tables.insert('run', [
    {
      entity: spec.entity,
      spec: ready,
      fileId,
      fileName: upload.name || 'import.csv',
      status: spec.dryRun ? 'reading' : 'running',
      counts: noCounts,
      rowsRead: 0,
      ...starterOf(ctx),
      updatedAt: ctx.now.toISOString(),
    },
  ])
  await ctx.jobs.enqueue('process', { id: row!.id })
  return { status: 202, body: { id: row!.id } }
}

/** Who an import belongs to: a person, or a key that acts for nobody. */
function starterOf({ principal }: HandlerContext) {
  const { type, id, userId } = principal
  return { startedBy: userId, startedByKey: userId === null && type === 'key' ? id : null }
}

/** Whoever has the address of an import may look at it; its starter and admins run it. @throws ForbiddenError */
async function loadOwnRun(request: RouteRequest, ctx: HandlerContext): Promise<ImportRun> {
  const run = await loadRun(ctx, request.params['id'] ?? '')
  const { startedBy, startedByKey } = starterOf(ctx)
  if (ctx.isAdmin || (run.startedBy === startedBy && run.startedByKey === startedByKey)) return run
  throw new ForbiddenError('Only who began this import, or an admin, may do that.')
}

/** The caller's own, or with an admin those of all. */
export async function listImports(
  _request: RouteRequest,
  ctx: HandlerContext,
): Promise<RouteReply> {
  const rows = await ctx.tables.select('run', {
    ...(ctx.isAdmin ? {} : { where: starterOf(ctx) }),
    sort: '-updatedAt',
    limit: 50,
  })
  return {
    status: 200,
    body: { data: rows.map((row) => runAnswer({ ...toRun(row), preview: null })) },
  }
}

export async function getImport(request: RouteRequest, ctx: HandlerContext): Promise<RouteReply> {
  const run = await loadRun(ctx, request.params['id'] ?? '')
  const preview = seesAllOf(run.spec, ctx) ? run.preview : null
  return { status: 200, body: runAnswer({ ...run, preview }) }
}

export async function getErrors(request: RouteRequest, ctx: HandlerContext): Promise<RouteReply> {
  const run = await loadRun(ctx, request.params['id'] ?? '')
  if (!run.errorsFileId || !seesAllOf(run.spec, ctx))
    throw new NotFoundError('This import has no failed rows.')
  return {
    status: 200,
    file: { id: run.errorsFileId, name: 'errors.csv', type: 'text/csv; charset=utf-8' },
  }
}

/** Rows of a file show the values of every field that a column goes to, so whoever sees them sees all. */
function seesAllOf({ entity, columns }: ImportSpec, ctx: HandlerContext): boolean {
  const known = new Set(ctx.model.entity(entity)?.fields.map((field) => field.apiName))
  return Object.values(columns).every((target) => target === null || known.has(target.field))
}

/** Runs what a dry run showed, with the columns and the key as the person corrected them. */
export async function startImport(request: RouteRequest, ctx: HandlerContext): Promise<RouteReply> {
  const run = await loadOwnRun(request, ctx)
  if (run.status !== 'waiting')
    throw new StateConflictError(
      `This import is ${run.status}; only one that waits after a dry run can be started.`,
    )
  const given = isObject(request.body) ? request.body : {}
  const spec = readSpec({
    ...run.spec,
    dryRun: false,
    ...given,
    columns: { ...run.spec.columns, ...(isObject(given['columns']) ? given['columns'] : {}) },
  })
  const ready = await prepareSpec(spec, await ctx.files.path(run.fileId), ctx)
  if (run.errorsFileId) await ctx.files.remove(run.errorsFileId)
  await saveRun(ctx, run.id, {
    spec: ready,
    status: 'running',
    counts: noCounts,
    rowsRead: 0,
    preview: null,
    errorsFileId: null,
    errorsBytes: null,
  })
  await ctx.jobs.enqueue('process', { id: run.id })
  return { status: 202, body: { id: run.id } }
}

export async function cancelImport(
  request: RouteRequest,
  ctx: HandlerContext,
): Promise<RouteReply> {
  const run = await loadOwnRun(request, ctx)
  if (run.status === 'done' || run.status === 'failed')
    throw new StateConflictError(
      `This import is ${run.status} already; revert its change set to undo it.`,
    )
  await saveRun(ctx, run.id, { status: 'cancelled' })
  ctx.events.progress(`imports:${run.id}`, { status: 'cancelled', counts: run.counts })
  return { status: 200, body: runAnswer({ ...run, status: 'cancelled' }) }
}

/** Completes and checks the mapping against the file's header; every problem at once. */
async function prepareSpec(
  spec: ImportSpec,
  path: string,
  ctx: HandlerContext,
): Promise<ImportSpec> {
  const entity = entityOfFile(spec, ctx)
  if (!entity)
    throw new InvalidError(`There is no entity "${spec.entity}".`, {
      errors: [
        { path: 'spec.entity', code: 'UNKNOWN_OPTION', message: 'Not an entity that you may see.' },
      ],
    })
  const header = await readHeader(path, await detectFormat(path, spec.delimiter))
  const trouble = headerTrouble(header)
  if (trouble)
    throw new InvalidError(trouble, {
      errors: [{ path: 'file', code: 'BAD_FORMAT', message: trouble }],
    })
  const complete = spec.dryRun ? guessColumns(spec, header, entity, otherLabels(spec, ctx)) : spec
  const issues = checkColumns(complete, header, entity)
  if (issues.length > 0)
    throw new InvalidError('The columns and the fields do not fit together.', {
      errors: issues.slice(0, 200),
    })
  return complete
}

function headerTrouble(header: readonly string[]): string | null {
  if (header.length > maxColumns)
    return `The file has more than ${maxColumns} columns; is the delimiter right?`
  if (header.every((name) => name === ''))
    return 'The file is empty; its first line must name the columns.'
  const seen = new Set<string>()
  const twice = header.find((name) => name !== '' && seen.size === seen.add(name).size)
  return twice ? `Two columns are called "${twice}"; give each a name of its own.` : null
}

function parseJson(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '')
  } catch {
    return null
  }
}
