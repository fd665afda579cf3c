import pg from 'pg'
import { signContext } from '../../../kernel/database/org-context.ts'
import { uuidv7 } from '../../../kernel/database/uuid.ts'
import { insertSql, madeUpRow, type TenantTable } from './tenant-tables.ts'

type Row = Record<string, unknown>

/** Two organisations with rows in every table, as the server's role sees them. */
export interface ProbeWorld {
  readonly serverUrl: string
  readonly contextKey: Buffer
  readonly ours: string
  readonly theirs: string
  rowsOf(table: TenantTable, orgId: string): readonly Row[]
}

/** What a probe found in one table; empty when the table is closed. */
type Probe = (table: TenantTable, world: ProbeWorld) => Promise<string[]>

/** The answer to one statement: how many rows, or the code of the refusal. */
type Seen = number | string

/** Nothing is to be seen or changed: no row, or a refusal. */
const closed: readonly Seen[] = [0, '42501']

/** The fourteen ways in which one organisation might reach another's rows past the product. */
export const probes: Readonly<Record<string, Probe>> = {
  'without an organisation on a fresh connection': async (table, world) =>
    onConnection(world, (client) => withoutOrg(client, table, world)),

  'without an organisation on a connection that had one': async (table, world) =>
    onConnection(world, async (client) => {
      await as(client, contextOf(world, world.ours), `select 1 from ${table.name}`)
      await as(client, contextOf(world, world.theirs), 'select 1 / 0')
      return withoutOrg(client, table, world)
    }),

  'with garbage for an organisation': (table, world) => refused(table, world, 'garbage'),

  'with a signature of another key': (table, world) =>
    refused(table, world, signContext(Buffer.alloc(32, 7), world.theirs, soon())),

  'with a context that expired': (table, world) =>
    refused(table, world, signContext(world.contextKey, world.theirs, soon() - 7_200)),

  'with their id in our signed context': (table, world) =>
    refused(table, world, contextOf(world, world.ours).replace(world.ours, world.theirs)),

  'by key and by anything else': async (table, world) =>
    onConnection(world, async (client) => {
      const [row] = world.rowsOf(table, world.theirs)
      const own = contextOf(world, world.ours)
      const where = table.key.map((name, at) => `"${name}"::text = $${at + 1}::text`).join(' and ')
      const values = table.key.map((name) => row![name])
      const byKey = await as(client, own, `select 1 from ${table.name} where ${where}`, values)
      const byOrg = await as(client, own, `select 1 from ${table.name} where org_id = $1`, [
        world.theirs,
      ])
      return expectAll({ byKey, byOrg }, [0])
    }),

  'by planting a row': async (table, world) =>
    onConnection(world, async (client) => {
      const row = madeUpRow(table, world.theirs, 'planted')
      const planted = await as(client, contextOf(world, world.ours), insertSql(table), [row])
      return expectAll({ planted }, ['42501'])
    }),

  'by moving a row, there or here': async (table, world) =>
    onConnection(world, async (client) => {
      const own = contextOf(world, world.ours)
      const update = `update ${table.name} set org_id = $1 where org_id = $2`
      const there = await as(client, own, update, [world.theirs, world.ours])
      const here = await as(client, own, update, [world.ours, world.theirs])
      return [...expectAll({ there }, ['42501']), ...expectAll({ here }, closed)]
    }),

  'by deleting': async (table, world) =>
    onConnection(world, async (client) => {
      const own = contextOf(world, world.ours)
      const text = `delete from ${table.name} where org_id = $1`
      return expectAll({ deleted: await as(client, own, text, [world.theirs]) }, closed)
    }),

  // The same values in all columns but the organisation's: no unique index spans organisations.
  'by values that are taken there': async (table, world) =>
    onConnection(world, async (client) => {
      const own = contextOf(world, world.ours)
      const [row] = world.rowsOf(table, world.theirs)
      const third = uuidv7()
      const twinRow = { ...row, org_id: third }
      const twin = await as(client, contextOf(world, third), insertSql(table), [twinRow])
      const keys = table.key.map((name) => `"${name}"`).join(', ')
      const upsert = `${insertSql(table)} on conflict (${keys}) do nothing`
      const taken = await as(client, own, upsert, [row])
      const set = `${insertSql(table)} on conflict (${keys}) do update set org_id = excluded.org_id`
      const replaced = await as(client, own, set, [row])
      return [...expectAll({ twin }, [1]), ...expectAll({ taken, replaced }, ['42501'])]
    }),

  'by pointing at a row': async (table, world) =>
    onConnection(world, async (client) => {
      const own = contextOf(world, world.ours)
      const findings: string[] = []
      for (const { name, columns, target } of table.foreignKeys) {
        if (columns[0] !== 'org_id') findings.push(`${name} does not begin with org_id`)
        const [, column] = columns
        const theirs = world.rowsOf({ ...table, name: target }, world.theirs)[0]!['id']
        const pointing = (id: unknown) => ({
          ...madeUpRow(table, world.ours, 'pointing'),
          [column!]: id,
        })
        const seen = await as(client, own, insertSql(table), [pointing(theirs)])
        const missing = await as(client, own, insertSql(table), [pointing(uuidv7())])
        findings.push(...expectAll({ seen, missing }, ['23503']))
      }
      return findings
    }),

  'by counting and copying out': async (table, world) =>
    onConnection(world, async (client) => {
      const own = contextOf(world, world.ours)
      const expected = world.rowsOf(table, world.ours).length
      const counted = await as(client, own, `select 1 from ${table.name}`)
      const copied: string[] = []
      const listen = ({ chunk }: { chunk: Buffer }) => copied.push(chunk.toString())
      const { connection } = client as unknown as { connection: NodeJS.EventEmitter }
      connection.on('copyData', listen)
      await as(client, own, `copy (select * from ${table.name}) to stdout`)
      connection.off('copyData', listen)
      const findings = expectAll({ counted, copied: copied.length }, [expected])
      if (copied.join('').includes(world.theirs)) findings.push('copied theirs')
      return findings
    }),

  'by changing the table or who is asked': async (table, world) =>
    onConnection(world, async (client) => {
      const own = contextOf(world, world.ours)
      const { name } = table
      const statements = {
        truncate: `truncate ${name}`,
        open: `alter table ${name} disable row level security`,
        drop: `drop policy org on ${name}`,
        widen: `alter policy org on ${name} using (true)`,
        grow: `create index on ${name} (org_id)`,
        trigger: `create trigger t before insert on ${name} execute function kernel.org()`,
        look: `create view tenant.look as select * from ${name}`,
        become: 'set local role runway_owner',
        copyIn: `copy ${name} from stdin`,
      }
      const findings: string[] = []
      for (const [what, text] of Object.entries(statements)) {
        const seen = await as(client, own, text)
        if (!['42501', '0A000'].includes(String(seen))) findings.push(`${what}: ${seen}`)
      }
      // Row security cannot be switched off; whoever tries sees an error and not more rows.
      const off = `set local row_security = off`
      const unpolicied = await as(client, own, `select 1 from ${name}`, [], off)
      return [...findings, ...expectAll({ unpolicied }, ['42501'])]
    }),
}

const soon = () => Math.floor(Date.now() / 1000) + 3_600

function contextOf({ contextKey }: ProbeWorld, orgId: string): string {
  return signContext(contextKey, orgId, soon())
}

async function withoutOrg(
  client: pg.Client,
  table: TenantTable,
  world: ProbeWorld,
): Promise<string[]> {
  const { name } = table
  const read = await as(client, null, `select 1 from ${name}`)
  const changed = await as(client, null, `update ${name} set org_id = org_id`)
  const deleted = await as(client, null, `delete from ${name}`)
  const row = madeUpRow(table, world.theirs, 'nobody')
  const inserted = await as(client, null, insertSql(table), [row])
  return [
    ...expectAll({ read }, [0]),
    ...expectAll({ changed, deleted }, closed),
    ...expectAll({ inserted }, ['42501']),
  ]
}

/** Nothing is answered under a context that is not ours; it is an error and not an empty table. */
async function refused(table: TenantTable, world: ProbeWorld, context: string): Promise<string[]> {
  return onConnection(world, async (client) => {
    const read = await as(client, context, `select 1 from ${table.name}`)
    const row = madeUpRow(table, world.theirs, 'forged')
    const inserted = await as(client, context, insertSql(table), [row])
    return expectAll({ read, inserted }, ['42501'])
  })
}

/** Fresh probes get a connection of their own; nothing that one leaves behind may matter to the next. */
async function onConnection<T>(
  world: ProbeWorld,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({ connectionString: world.serverUrl })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

/** One statement in a transaction under a context, which is then undone. */
async function as(
  client: pg.Client,
  context: string | null,
  text: string,
  values: readonly unknown[] = [],
  before?: string,
): Promise<Seen> {
  await client.query('begin')
  try {
    if (before) await client.query(before)
    if (context !== null) {
      await client.query(`select set_config('runway.context', $1, true)`, [context])
    }
    const { rowCount } = await client.query(text, [...values])
    return rowCount ?? 0
  } catch (error) {
    return String((error as { code?: string }).code)
  } finally {
    await client.query('rollback')
  }
}

function expectAll(seen: Readonly<Record<string, Seen>>, allowed: readonly Seen[]): string[] {
  return Object.entries(seen).flatMap(([what, one]) =>
    allowed.includes(one) ? [] : [`${what}: ${one} instead of ${allowed.join(' or ')}`],
  )
}
