import { type HandlerContext, NotFoundError, type Row, toId } from '@runwaycrm/sdk'
import type { ImportSpec } from './spec.ts'

export type ImportStatus = 'reading' | 'waiting' | 'running' | 'done' | 'failed' | 'cancelled'

export interface ImportCounts {
  rows: number
  created: number
  updated: number
  skipped: number
  failed: number
}

/** An import as it is kept: one row of the plugin's operational table. */
export interface ImportRun {
  readonly id: string
  readonly spec: ImportSpec
  readonly fileId: string
  readonly fileName: string
  readonly status: ImportStatus
  readonly counts: ImportCounts
  readonly rowsRead: number
  readonly changeSetId: string | null
  readonly errorsFileId: string | null
  /** How much of the error file belongs to the rows that were read; a killed worker may have left more. */
  readonly errorsBytes: number | null
  readonly preview: unknown
  readonly problem: string | null
  readonly startedBy: string | null
  /** Of the key that started it, when no person did. */
  readonly startedByKey: string | null
}

export const noCounts: ImportCounts = { rows: 0, created: 0, updated: 0, skipped: 0, failed: 0 }

/** @throws NotFoundError */
export async function loadRun(ctx: HandlerContext, id: string): Promise<ImportRun> {
  const [row] = toId(id) ? await ctx.tables.select('run', { where: { id }, limit: 1 }) : []
  if (!row) throw new NotFoundError()
  return toRun(row)
}

export async function saveRun(
  ctx: Pick<HandlerContext, 'tables'>,
  id: string,
  values: Partial<Omit<ImportRun, 'id'>>,
): Promise<void> {
  await ctx.tables.update('run', { id }, { ...values, updatedAt: new Date().toISOString() })
}

/** As the API answers it. */
export function runAnswer(run: ImportRun): Record<string, unknown> {
  return {
    id: run.id,
    entity: run.spec.entity,
    fileName: run.fileName,
    status: run.status,
    dryRun: run.spec.dryRun,
    counts: run.counts,
    ...(run.changeSetId ? { changeSetId: run.changeSetId } : {}),
    ...(run.errorsFileId && run.counts.failed > 0
      ? { errorsUrl: `/api/v1/imports/${run.id}/errors` }
      : {}),
    ...(run.preview ? { preview: run.preview } : {}),
    ...(run.problem ? { problem: run.problem } : {}),
  }
}

export function toRun(row: Row): ImportRun {
  return {
    id: row.id,
    spec: row['spec'] as ImportSpec,
    fileId: String(row['fileId']),
    fileName: String(row['fileName']),
    status: row['status'] as ImportStatus,
    counts: row['counts'] as ImportCounts,
    rowsRead: Number(row['rowsRead']),
    changeSetId: (row['changeSetId'] as string | null) ?? null,
    errorsFileId: (row['errorsFileId'] as string | null) ?? null,
    errorsBytes: (row['errorsBytes'] as number | null) ?? null,
    preview: row['preview'] ?? null,
    problem: (row['problem'] as string | null) ?? null,
    startedBy: (row['startedBy'] as string | null) ?? null,
    startedByKey: (row['startedByKey'] as string | null) ?? null,
  }
}
