import {
  type Filter,
  type HandlerContext,
  NotFoundError,
  type Principal,
  type Row,
  toId,
} from '@runwaycrm/sdk'

export type ExportFormat = 'csv' | 'json' | 'pdf'
export type ExportStatus = 'running' | 'done' | 'failed' | 'cancelled'

/** What is written, checked and complete. */
export interface ExportSpec {
  /** Reference of the entity. */
  readonly entity: string
  readonly format: ExportFormat
  readonly filter: Filter
  readonly sort: string | null
  /** Names of fields as the API has them, in the order of the columns. */
  readonly columns: readonly string[]
  /** Of the view; the head of a PDF and the name of the file. */
  readonly name: string
  /** Begins a CSV with the mark by which Excel knows UTF-8. */
  readonly bom: boolean
  /** BCP 47: what is written for people is in it; missing in those of before, which are in the organisation's. */
  readonly language?: string
}

/** An export as it is kept: one row of the plugin's operational table. */
export interface ExportRun {
  readonly id: string
  readonly spec: ExportSpec
  readonly status: ExportStatus
  readonly rowsWritten: number
  /** Records that matched when it was asked for. */
  readonly rowsMatched: number
  readonly fileId: string | null
  readonly fileName: string
  readonly bytes: number | null
  readonly problem: string | null
  readonly startedBy: string | null
  /** Of the key that asked for it, when no person did. */
  readonly startedByKey: string | null
  readonly createdAt: string
  readonly expiresAt: string
}

export const contentTypes: Readonly<Record<ExportFormat, string>> = {
  csv: 'text/csv; charset=utf-8',
  json: 'application/json; charset=utf-8',
  pdf: 'application/pdf',
}

/** Whom an export belongs to: a person, or a key that acts for nobody. */
export function makerOf({ type, id, userId }: Principal) {
  return { startedBy: userId, startedByKey: userId === null && type === 'key' ? id : null }
}

/** @throws NotFoundError for one of somebody else, and one whose day is over. */
export async function loadOwnRun(ctx: HandlerContext, id: string): Promise<ExportRun> {
  const [row] = toId(id) ? await ctx.tables.select('run', { where: { id }, limit: 1 }) : []
  const run = row ? toRun(row) : null
  const { startedBy, startedByKey } = makerOf(ctx.principal)
  const isOwn = run?.startedBy === startedBy && run?.startedByKey === startedByKey
  if (!run || !isOwn || isOver(run, ctx.now)) throw new NotFoundError()
  return settled(run, ctx.now)
}

/** No handler runs longer than an hour; one that still says so after two has died with its worker. */
const longestMs = 2 * 3_600_000

/** As it is: a run whose job is dead does not run any more. */
export function settled(run: ExportRun, now: Date): ExportRun {
  const isDead = now.getTime() - Date.parse(run.createdAt) > longestMs
  if (run.status !== 'running' || !isDead) return run
  return { ...run, status: 'failed', problem: 'It did not come to an end. Start it again.' }
}

export const isOver = (run: ExportRun, now: Date): boolean =>
  Date.parse(run.expiresAt) <= now.getTime()

export async function saveRun(
  ctx: Pick<HandlerContext, 'tables'>,
  id: string,
  values: Partial<Omit<ExportRun, 'id'>>,
): Promise<void> {
  await ctx.tables.update('run', { id }, values)
}

/** As the API answers it. */
export function runAnswer(run: ExportRun): Record<string, unknown> {
  return {
    id: run.id,
    entity: run.spec.entity,
    format: run.spec.format,
    name: run.spec.name,
    fileName: run.fileName,
    status: run.status,
    counts: { rows: run.rowsWritten, matched: run.rowsMatched },
    createdAt: run.createdAt,
    expiresAt: run.expiresAt,
    ...(run.status === 'done'
      ? { url: `/api/v1/exports/${run.id}/content`, bytes: run.bytes }
      : {}),
    ...(run.problem ? { problem: run.problem } : {}),
  }
}

export function toRun(row: Row): ExportRun {
  const instant = (name: string) => new Date(row[name] as string | Date).toISOString()
  return {
    id: row.id,
    spec: row['spec'] as ExportSpec,
    status: row['status'] as ExportStatus,
    rowsWritten: Number(row['rowsWritten']),
    rowsMatched: Number(row['rowsMatched']),
    fileId: (row['fileId'] as string | null) ?? null,
    fileName: String(row['fileName']),
    bytes: row['bytes'] === null || row['bytes'] === undefined ? null : Number(row['bytes']),
    problem: (row['problem'] as string | null) ?? null,
    startedBy: (row['startedBy'] as string | null) ?? null,
    startedByKey: (row['startedByKey'] as string | null) ?? null,
    createdAt: instant('createdAt'),
    expiresAt: instant('expiresAt'),
  }
}
