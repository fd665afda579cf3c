import type { OrgInfo } from '@runwaycrm/sdk'
import type { Database, Statement, Tx } from '../database/postgres.ts'
import type { Queue } from '../jobs/queue.ts'
import type { Model } from '../model/model.ts'
import { archiveOf, type CallArchive } from './file-archive.ts'
import { createFileReceiver, type FileReceiver } from './import-files.ts'
import { isObject, type Parsed, parse, refused } from './lines.ts'
import { fileVersion, type OrgHeader } from './org-file.ts'
import { type TenantTable, tenantTables } from './tenant-tables.ts'
import { resumeWork } from './work.ts'

const rowsAtOnce = 500

export interface ImportOptions {
  readonly db: Database
  readonly queue: Pick<Queue, 'enqueue'>
  /** Of an organisation that is being made and has nothing yet. */
  readonly orgId: string
  readonly slug: string
  readonly name?: string | undefined
  /** Of the deployment: what any organisation may have here. */
  readonly model: Model
  /** Null when no plugin keeps files. */
  readonly callArchive: CallArchive | null
  /** The lines of a file, from its beginning; called twice. */
  readonly lines: () => AsyncIterable<string>
  readonly onProgress?: (table: string, rows: number) => void
}

/**
 * Puts an exported organisation into a new one, ids, history and files included, all of it or nothing.
 *
 * @returns rows by table.
 * @throws InvalidError when the file is none of ours, from a later release, cut short, or needs plugins
 *   that are not here.
 */
export async function importOrg(options: ImportOptions): Promise<Readonly<Record<string, number>>> {
  const { db, queue, orgId, slug, callArchive } = options
  const iterator = options.lines()[Symbol.asyncIterator]()
  const next = async () => {
    const { value, done } = await iterator.next()
    return done === true ? null : value
  }
  const stored: string[] = []
  let archive = archiveOf(null, { id: orgId, slug } as OrgInfo)
  try {
    return await db.transaction(
      orgId,
      async (tx) => {
        // A large file takes longer to come than anybody may usually keep a transaction waiting.
        await tx.one(waitForFiles)
        const text = await next()
        const first = text === null ? {} : parse(text)
        const header = headerOf(first)
        await writeHeader(tx, options, header)
        archive = archiveOf(callArchive, { ...header, id: orgId, slug })
        const files = createFileReceiver(archive, tx, next, stored)
        const counts = await readAll(tx, options, next, files)
        await resumeWork(tx, queue, orgId, first['work'])
        return counts
      },
      { statementTimeoutMs: 0 },
    )
  } catch (error) {
    await archive.discard(stored)
    throw error
  } finally {
    await iterator.return?.()
  }
}

/** Everything behind the header. */
async function readAll(
  tx: Tx,
  options: ImportOptions,
  next: () => Promise<string | null>,
  files: FileReceiver,
): Promise<Readonly<Record<string, number>>> {
  const known = new Map((await tenantTables(tx, options.model)).map((table) => [table.name, table]))
  const writing = createTableWriter(tx, options, known)
  let end: Parsed | null = null
  let isInFiles = false
  for (;;) {
    const text = await next()
    if (text === null) break
    if (end) throw refused('There is something behind the end of the file.')
    const line = parse(text)
    const isOfTables = !isInFiles && (typeof line['table'] === 'string' || isObject(line['row']))
    if (isOfTables && isObject(line['row'])) await writing.add(text)
    else if (isOfTables) await writing.begin(line)
    else {
      await writing.flush()
      if (isObject(line['file'])) {
        isInFiles = true
        await files.receive(line)
      } else if (isObject(line['end'])) end = line
      else throw refused(`A line is of no known kind, or not in its place: ${text.slice(0, 60)}`)
    }
  }
  if (!end) throw refused('The file ends too early: it was cut short.')
  checkCounts(end['end'] as Readonly<Record<string, number>>, writing.counts)
  await files.check(end['files'])
  await setReferences(tx, options, writing.later)
  return writing.counts
}

const waitForFiles: Statement = {
  text: `select 1 where pg_catalog.set_config('idle_in_transaction_session_timeout', '0', true) is null`,
  values: [],
}

/** Rows of a table go in by the batch. Columns that refer to rows which come later are left for the end. */
function createTableWriter(
  tx: Tx,
  { orgId, onProgress }: ImportOptions,
  known: ReadonlyMap<string, TenantTable>,
) {
  const counts: Record<string, number> = {}
  const done = new Set<string>()
  const later = new Map<string, readonly string[]>()
  let table: TenantTable | null = null
  let rows: string[] = []

  return {
    counts,
    later,
    async begin(line: Parsed): Promise<void> {
      await this.flush()
      table = tableOf(line, known)
      const open = table.references.filter(({ target }) => !done.has(target))
      later.set(
        table.name,
        open.map(({ column }) => column),
      )
      done.add(table.name)
      counts[table.name] = 0
    },
    async add(text: string): Promise<void> {
      rows.push(text)
      if (rows.length >= rowsAtOnce) await this.flush()
    },
    async flush(): Promise<void> {
      if (rows.length === 0) return
      if (!table) throw refused('A row comes before its table.')
      const blank = Object.fromEntries((later.get(table.name) ?? []).map((name) => [name, null]))
      const { rowCount } = await tx.one({
        text: `insert into tenant."${table.name}"
          select (jsonb_populate_record(null::tenant."${table.name}",
            (l -> 'row') || $3::jsonb || jsonb_build_object('org_id', $1::uuid))).*
          from jsonb_array_elements($2::jsonb) l`,
        values: [orgId, `[${rows.join(',')}]`, JSON.stringify(blank)],
      })
      counts[table.name]! += rowCount
      onProgress?.(table.name, counts[table.name]!)
      rows = []
    },
  }
}

/** References that could not stand before their target did. */
async function setReferences(
  tx: Tx,
  { orgId, lines }: ImportOptions,
  later: ReadonlyMap<string, readonly string[]>,
): Promise<void> {
  let table = ''
  let columns: readonly string[] = []
  let rows: string[] = []
  const flush = async () => {
    if (rows.length === 0) return
    const set = columns.map((column) => `"${column}" = (l -> 'row' ->> '${column}')::uuid`)
    await tx.one({
      text: `update tenant."${table}" t set ${set.join(', ')} from jsonb_array_elements($2::jsonb) l
        where t.org_id = $1 and t.id = (l -> 'row' ->> 'id')::uuid`,
      values: [orgId, `[${rows.join(',')}]`],
    })
    rows = []
  }
  for await (const text of lines()) {
    if (text.startsWith('{"table"')) {
      await flush()
      table = String(parse(text)['table'])
      columns = later.get(table) ?? []
    } else if (columns.length > 0 && text.startsWith('{"row"')) {
      const row = parse(text)['row'] as Parsed
      if (columns.some((column) => row[column] != null)) rows.push(text)
      if (rows.length >= rowsAtOnce) await flush()
    } else if (text.startsWith('{"file"')) break
  }
  await flush()
}

async function writeHeader(
  tx: Tx,
  { orgId, slug, name }: ImportOptions,
  org: OrgHeader,
): Promise<void> {
  await tx.one({
    text: `insert into tenant.org_state
        (org_id, revision, epoch, name, slug, plan, currency, country, time_zone, locale, brand)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
    values: [
      orgId,
      org.revision,
      org.epoch,
      name ?? org.name,
      slug,
      org.plan,
      org.currency,
      org.country,
      org.timeZone,
      org.locale,
      JSON.stringify(org.brand),
    ],
  })
}

/** The first line of a file. @throws InvalidError */
export function headerOf(line: Parsed): OrgHeader {
  const { runwaycrm: version, org } = line
  if (typeof version !== 'number' || !isObject(org)) {
    throw refused('This is no export of an organisation.')
  }
  if (version > fileVersion) {
    throw refused(`The file was written by a later release (format ${version}). Update first.`)
  }
  return org as unknown as OrgHeader
}

function tableOf(line: Parsed, known: ReadonlyMap<string, TenantTable>): TenantTable {
  const name = String(line['table'])
  const table = known.get(name)
  if (!table) throw refused(`There is no table "${name}": the plugin that brings it is not here.`)
  const columns = Array.isArray(line['columns']) ? line['columns'].map(String) : []
  const missing = columns.filter((column) => !table.columns.includes(column))
  if (missing.length === 0) return table
  throw refused(`The table "${name}" has no ${missing.join(', ')}: its plugin is older here.`)
}

function checkCounts(
  told: Readonly<Record<string, number>>,
  written: Readonly<Record<string, number>>,
): void {
  for (const [name, count] of Object.entries(told)) {
    if ((written[name] ?? 0) !== count) {
      throw refused(`"${name}" should have ${count} rows and has ${written[name] ?? 0}.`)
    }
  }
}
