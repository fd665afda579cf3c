import type { ExportInfo } from '../api/exports.ts'
import type { ImportInfo } from '../api/imports.ts'
import type { JobInfo } from '../api/jobs.ts'

/** One line of the job tray. */
export interface TrayItem {
  readonly id: string
  readonly kind: 'import' | 'export' | 'change' | 'index' | 'convert' | 'search'
  /** What it is about, in somebody's own words: a file, a view, "Changed Leads". */
  readonly name: string
  readonly state: 'running' | 'done' | 'failed' | 'cancelled'
  readonly done: number
  /** Null while nobody knows. */
  readonly total: number | null
  readonly failed: number
  readonly problem: string | null
  /** How it is stopped; null when it cannot be. */
  readonly stop: { readonly by: 'import' | 'export' | 'job'; readonly id: string } | null
  readonly changeSetId: string | null
  readonly download: string | null
}

interface Known {
  readonly imports: readonly ImportInfo[]
  readonly exports: readonly ExportInfo[]
}

const importJob = 'platform.imports:process'
const exportJob = 'platform.exports:write'
export const isImport = ({ job }: JobInfo): boolean => job === importJob
export const isExport = ({ job }: JobInfo): boolean => job === exportJob

/** Kinds of work of the platform itself, by the name of its job. */
const ownKinds: Readonly<Record<string, TrayItem['kind']>> = {
  'kernel:bulk_by_filter': 'change',
  'kernel:revert': 'change',
  'kernel:slot_fill': 'index',
  'kernel:convert_field': 'convert',
  'kernel:search_fill': 'search',
}

/** Long work as the tray shows it, newest first; work that nobody waits for is left out. */
export function trayItems(jobs: readonly JobInfo[], known: Known): readonly TrayItem[] {
  const seen = new Set<string>()
  return jobs.flatMap((job) => {
    const item = isImport(job)
      ? importItem(known.imports.find(({ id }) => id === job.about))
      : isExport(job)
        ? exportItem(
            known.exports.find(({ id }) => id === job.about),
            job,
          )
        : ownItem(job)
    // An import that was looked at first and then run is two jobs and one work.
    if (!item || seen.has(item.id)) return []
    seen.add(item.id)
    return [item]
  })
}

function importItem(info: ImportInfo | undefined): TrayItem | null {
  // A look at a file waits for a person; its page says so.
  if (!info || info.status === 'reading' || info.status === 'waiting') return null
  const { counts } = info
  return {
    id: info.id,
    kind: 'import',
    name: info.fileName ?? '',
    state: info.status,
    done: counts.rows,
    total: info.status === 'running' ? null : counts.rows,
    failed: counts.failed,
    problem: info.problem ?? null,
    stop: info.status === 'running' ? { by: 'import', id: info.id } : null,
    changeSetId: info.changeSetId ?? null,
    download: info.errorsUrl ?? null,
  }
}

function exportItem(info: ExportInfo | undefined, job: JobInfo): TrayItem | null {
  if (!info) return null
  // A job that gave up cannot tell its export.
  const state = job.state === 'failed' && info.status === 'running' ? 'failed' : info.status
  return {
    id: info.id,
    kind: 'export',
    name: info.fileName,
    state,
    done: info.counts.rows,
    total: info.counts.matched,
    failed: 0,
    problem: info.problem ?? null,
    stop: state === 'running' ? { by: 'export', id: info.id } : null,
    changeSetId: null,
    download: info.url ?? null,
  }
}

function ownItem(job: JobInfo): TrayItem | null {
  const kind = ownKinds[job.job]
  if (!kind) return null
  const isRunning = job.state === 'waiting' || job.state === 'running'
  // What the platform does by itself is shown while it is done, and is nobody's to be told of later.
  if (kind !== 'change' && !isRunning) return null
  const state = job.state === 'waiting' ? 'running' : job.state
  return {
    id: job.id,
    kind,
    name: job.label ?? '',
    state,
    done: job.done ?? 0,
    total: job.total,
    failed: job.failed ?? 0,
    problem: null,
    stop: isRunning && job.changeSetId !== null ? { by: 'job', id: job.id } : null,
    changeSetId: isRunning ? null : job.changeSetId,
    download: null,
  }
}
