import { NotFoundError } from '@runwaycrm/sdk'
import type { Database, Tx } from '../database/postgres.ts'
import type { Model } from '../model/model.ts'
import { writeFiles } from './export-files.ts'
import { archiveOf, type CallArchive, filesOf } from './file-archive.ts'
import { fileVersion, type KeptFile, type OrgHeader, type Work } from './org-file.ts'
import { type TenantTable, tenantTables } from './tenant-tables.ts'
import { selectWork } from './work.ts'

const rowsAtOnce = 500

export interface ExportOptions {
  readonly db: Database
  readonly orgId: string
  /** Of the deployment: what is no table of an organisation, whatever it has switched off. */
  readonly model: Model
  /** Null when no plugin keeps files. */
  readonly callArchive: CallArchive | null
  /** Takes one line, without its end; resolves when there is room for the next. */
  readonly write: (line: string) => Promise<void>
  readonly onProgress?: (table: string, rows: number) => void
}

/**
 * Writes all that belongs to an organisation, but its secrets and work under way, as one snapshot: what
 * others write meanwhile is not in it. Files follow behind the snapshot, since their bytes never change.
 *
 * @returns rows by table.
 * @throws NotFoundError
 */
export async function exportOrg(options: ExportOptions): Promise<Readonly<Record<string, number>>> {
  const { db, orgId, model, callArchive, write, onProgress } = options
  const { end, files, archive } = await db.transaction(
    orgId,
    async (tx) => {
      const { rows } = await tx.one<OrgHeader>({ text: selectHeader, values: [orgId] })
      if (!rows[0]) throw new NotFoundError()
      const exportedAt = new Date().toISOString()
      const work = (await tx.one<Work>(selectWork(orgId))).rows
      await write(JSON.stringify({ runwaycrm: fileVersion, exportedAt, org: rows[0], work }))
      const end: Record<string, number> = {}
      for (const table of await tenantTables(tx, model)) {
        end[table.name] = await exportTable(tx, table, options)
      }
      const archive = archiveOf(callArchive, { ...rows[0], id: orgId })
      const files: KeptFile[] = []
      for await (const file of filesOf(archive, tx)) files.push(file)
      return { end, archive, files }
    },
    { isolation: 'repeatable read', statementTimeoutMs: 0 },
  )
  await writeFiles(files, archive, write, (done) => onProgress?.('files', done))
  await write(JSON.stringify({ end, files: files.length }))
  return end
}

async function exportTable(
  tx: Tx,
  { name, columns }: TenantTable,
  { orgId, write, onProgress }: ExportOptions,
): Promise<number> {
  const kept = columns.filter((column) => column !== 'org_id')
  await write(JSON.stringify({ table: name, columns: kept }))
  await tx.one({
    text: `declare export_rows no scroll cursor for
      select (to_jsonb(t) - 'org_id')::text as row from tenant."${name}" t where t.org_id = $1`,
    values: [orgId],
  })
  let count = 0
  for (;;) {
    const { rows } = await tx.one<{ row: string }>({
      text: `fetch ${rowsAtOnce} from export_rows`,
      values: [],
    })
    for (const { row } of rows) await write(`{"row":${row}}`)
    count += rows.length
    onProgress?.(name, count)
    if (rows.length < rowsAtOnce) break
  }
  await tx.one({ text: 'close export_rows', values: [] })
  return count
}

const selectHeader = `select name, slug, plan, currency, country, time_zone as "timeZone", locale, brand,
  revision, epoch from tenant.org_state where org_id = $1`
