import { InvalidError, type Issue } from '@runwaycrm/sdk'
import type { Database, Tx } from '../database/postgres.ts'
import type { Model } from '../model/model.ts'
import { fileVersion, type OrgHeader } from './org-file.ts'
import { type TenantTable, tenantTables } from './tenant-tables.ts'

const rowsAtOnce = 500

export interface ImportOptions {
  readonly db: Database
  /** Of an organisation that is being made and has nothing yet. */
  readonly orgId: string
  readonly slug: string
  readonly name?: string | undefined
  readonly model: Model
  /** The lines of a file, from its beginning; called twice. */
  readonly lines: () => AsyncIterable<string>
  readonly onProgress?: (table: string, rows: number) => void
}

/**
 * Puts an exported organisation into a new one, ids and history included, all of it or nothing.
 *
 * @returns rows by table.
 * @throws InvalidError when the file is none of ours, from a later release, cut short, or needs plugins
 *   that are not here.
 */
export async function importOrg(options: ImportOptions): Promise<Readonly<Record<string, number>>> {
  const { db, orgId, model, lines } = options
  return db.transaction(
    orgId,
    async (tx) => {
      const known = new Map((await tenantTables(tx, model)).map((table) => [table.name, table]))
      const writing = createTableWriter(tx, options, known)
      let counts: Readonly<Record<string, number>> | null = null
      let isFirst = true
      for await (const text of lines()) {
        const line = parse(text)
        if (isFirst) await writeHeader(tx, options, headerOf(line))
        else if (counts) throw refused('There is something behind the end of the file.')
        else if (typeof line['table'] === 'string') await writing.begin(line)
        else if (isObject(line['row'])) await writing.add(text)
        else if (isObject(line['end'])) {
          await writing.flush()
          counts = line['end'] as Record<string, number>
        }
        isFirst = false
      }
      checkCounts(counts, writing.counts)
      await setReferences(tx, options, writing.later)
      return writing.counts
    },
    { statementTimeoutMs: 0 },
  )
}

type Parsed = Readonly<Record<string, unknown>>

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
    }
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
  told: Readonly<Record<string, number>> | null,
  written: Readonly<Record<string, number>>,
): void {
  if (!told) throw refused('The file ends too early: it was cut short.')
  for (const [name, count] of Object.entries(told)) {
    if ((written[name] ?? 0) !== count) {
      throw refused(`"${name}" should have ${count} rows and has ${written[name] ?? 0}.`)
    }
  }
}

export function parse(text: string): Parsed {
  try {
    const line: unknown = JSON.parse(text)
    if (isObject(line)) return line
  } catch {
    // Told below, with the line.
  }
  throw refused(`A line is not what it should be: ${text.slice(0, 60)}`)
}

function isObject(value: unknown): value is Parsed {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function refused(message: string): Error {
  const issue: Issue = { path: 'file', code: 'BAD_FORMAT', message }
  return new InvalidError(message, { errors: [issue] })
}
