import type pg from 'pg'
import type { Database, Tx } from '../../../kernel/database/postgres.ts'
import { uuidv7 } from '../../../kernel/database/uuid.ts'
import { createSeeded, type Seeded } from '../../../kernel/records/testing/seeded.ts'
import { insertSql, keyOf, madeUpRow, type TenantTable } from './tenant-tables.ts'

interface Options {
  readonly db: Database
  readonly admin: pg.ClientBase
  readonly tables: readonly TenantTable[]
  readonly random: Seeded
  readonly many: number
}

/** Key of a row to the word that stands in it. */
type Words = Map<string, string>
/** Of one organisation, by table. */
type Model = Map<string, Words>

interface Actor {
  readonly orgId: string
  readonly other: string
  model: Model
  statements: number
}

class Undone extends Error {}

/**
 * Two organisations write at the same time over shared connections, each against a model in memory that
 * knows nothing of the other. Statements often name no row and no organisation: what keeps them apart is
 * the policy alone.
 */
export async function randomTransactions(options: Options) {
  const { admin, tables } = options
  const findings: string[] = []
  const [one, two] = [uuidv7(), uuidv7()]
  const actors = [actor(one, two), actor(two, one)]
  // Each by a seed of its own: in which order the two draw is the machine's.
  const shares = actors.map((of) => {
    const random = createSeeded(options.random.below(2 ** 31))
    return act(of, { ...options, random }, findings)
  })
  await Promise.all(shares)
  for (const table of tables) {
    const column = wordColumn(table)
    for (const { orgId, model } of actors) {
      const { rows } = await admin.query(
        `select to_jsonb(t) as row from ${table.name} t where org_id = $1`,
        [orgId],
      )
      const found = new Map(rows.map(({ row }) => [keyOf(table, row), wordOf(row[column ?? ''])]))
      compare(findings, `${table.name} in the end`, found, model.get(table.name) ?? new Map())
    }
  }
  const statements = actors.reduce((sum, { statements: count }) => sum + count, 0)
  return { findings, statements, transactions: options.many }
}

function actor(orgId: string, other: string): Actor {
  return { orgId, other, model: new Map(), statements: 0 }
}

async function act(of: Actor, options: Options, findings: string[]): Promise<void> {
  const { db, random, many } = options
  for (let count = 0; count < many / 2; count++) {
    const before = copy(of.model)
    const isUndone = random.chance(0.25)
    try {
      await db.transaction(of.orgId, async (tx) => {
        for (let step = random.below(5) + 1; step > 0; step--) {
          await someStep(tx, of, options, findings)
        }
        if (isUndone) throw new Undone()
      })
    } catch (error) {
      if (!(error instanceof Undone)) {
        findings.push(`transaction ${count}: ${String(error)}`)
      }
      of.model = before
    }
    if (findings.length > 20) return
  }
}

async function someStep(tx: Tx, of: Actor, options: Options, findings: string[]): Promise<void> {
  const { random, tables } = options
  if (random.chance(0.15)) {
    // A part that is undone alone.
    const before = copy(of.model)
    const inner = tx.savepoint(async () => {
      await someStep(tx, of, options, findings)
      throw new Undone()
    })
    await inner.catch((error: unknown) => {
      if (!(error instanceof Undone)) throw error
    })
    of.model = before
    return
  }
  const table = random.pick(tables)
  const words = of.model.get(table.name) ?? new Map<string, string>()
  of.model.set(table.name, words)
  const step = random.pick(steps)
  of.statements += 1
  await step({ tx, of, table, words, random, findings })
}

interface Step {
  readonly tx: Tx
  readonly of: Actor
  readonly table: TenantTable
  readonly words: Words
  readonly random: Seeded
  readonly findings: string[]
}

const steps: readonly ((step: Step) => Promise<void>)[] = [
  insert,
  insert,
  insert,
  readAll,
  readAll,
  updateAll,
  updateOne,
  deleteOne,
  deleteAll,
  touchOthers,
  plant,
  upsert,
]

async function insert({ tx, of, table, words, random }: Step): Promise<void> {
  const word = wordFor(random)
  const row = withWord(table, madeUpRow(table, of.orgId, word), word)
  // One row per organisation is all that some tables hold.
  if (words.has(keyOf(table, row))) return
  await tx.one({ text: insertSql(table), values: [row] })
  words.set(keyOf(table, row), wordColumn(table) ? word : '')
}

async function readAll({ tx, table, words, findings }: Step): Promise<void> {
  const text = `select to_jsonb(t) as row from ${table.name} t`
  const { rows } = await tx.one<{ row: Record<string, unknown> }>({ text, values: [] })
  const column = wordColumn(table) ?? ''
  const found = new Map(rows.map(({ row }) => [keyOf(table, row), wordOf(row[column])]))
  compare(findings, table.name, found, words)
}

/** Without a condition: all rows of the organisation and no other. */
async function updateAll({ tx, table, words, random, findings }: Step): Promise<void> {
  const column = wordColumn(table)
  if (!column || !table.canUpdate) return
  const word = wordFor(random)
  const text = `update ${table.name} set "${column}" = ${castOf(table, column)}`
  const { rowCount } = await tx.one({ text, values: [inColumn(table, column, word)] })
  expectCount(findings, `${table.name}: update of all`, rowCount, words.size)
  for (const key of words.keys()) words.set(key, word)
}

async function updateOne({ tx, table, words, random, findings }: Step): Promise<void> {
  const column = wordColumn(table)
  const key = anyKey(words, random)
  if (!column || !table.canUpdate || key === null) return
  const word = wordFor(random)
  const text = `update ${table.name} set "${column}" = ${castOf(table, column)} where ${keySql(table)} = $2`
  const { rowCount } = await tx.one({ text, values: [inColumn(table, column, word), key] })
  expectCount(findings, `${table.name}: update of one`, rowCount, 1)
  words.set(key, word)
}

async function deleteOne({ tx, table, words, random, findings }: Step): Promise<void> {
  const key = anyKey(words, random)
  if (!table.canDelete || key === null) return
  const text = `delete from ${table.name} where ${keySql(table)} = $1`
  const { rowCount } = await tx.one({ text, values: [key] })
  expectCount(findings, `${table.name}: delete of one`, rowCount, 1)
  words.delete(key)
}

async function deleteAll({ tx, table, words, random, findings }: Step): Promise<void> {
  if (!table.canDelete || !random.chance(0.3)) return
  const { rowCount } = await tx.one({ text: `delete from ${table.name}`, values: [] })
  expectCount(findings, `${table.name}: delete of all`, rowCount, words.size)
  words.clear()
}

async function touchOthers({ tx, of, table, findings }: Step): Promise<void> {
  const texts = [
    `select 1 from ${table.name} where org_id = $1`,
    ...(table.canUpdate ? [`update ${table.name} set org_id = org_id where org_id = $1`] : []),
    ...(table.canDelete ? [`delete from ${table.name} where org_id = $1`] : []),
  ]
  for (const text of texts) {
    const { rowCount } = await tx.one({ text, values: [of.other] })
    expectCount(findings, text, rowCount, 0)
  }
}

async function plant({ tx, of, table, random, findings }: Step): Promise<void> {
  const row = madeUpRow(table, of.other, wordFor(random))
  const planted = tx.savepoint(() => tx.one({ text: insertSql(table), values: [row] }))
  const code = await planted.then(
    () => 'planted',
    (error: { code?: string }) => error.code,
  )
  if (code !== '42501') findings.push(`${table.name}: a row for the other: ${code}`)
}

async function upsert({ tx, of, table, words, random }: Step): Promise<void> {
  const column = wordColumn(table)
  if (!column || !table.canUpdate) return
  const word = wordFor(random)
  const row = withWord(table, madeUpRow(table, of.orgId, word), word)
  const key = anyKey(words, random)
  // A key that is there now and then, as text; rows are found by the columns behind it.
  const keys = table.key.map((name) => `"${name}"`).join(', ')
  const same = key === null ? row : { ...row, ...fromKey(table, key) }
  await tx.one({
    text: `${insertSql(table)} on conflict (${keys}) do update set "${column}" = excluded."${column}"`,
    values: [same],
  })
  words.set(keyOf(table, same), word)
}

/** A column that may be anything, in which a word stands; null when all of them mean something. */
function wordColumn(table: TenantTable): string | null {
  const bound = new Set([...table.unique, ...table.foreignKeys.flatMap(({ columns }) => columns)])
  const free = table.columns.filter(({ name }) => !bound.has(name) && name !== 'deleted_at')
  return free.find(({ type }) => type === 'text' || type === 'jsonb')?.name ?? null
}

function typeOf(table: TenantTable, column: string): string {
  return table.columns.find(({ name }) => name === column)!.type
}

const castOf = (table: TenantTable, column: string) => `$1::${typeOf(table, column)}`

function inColumn(table: TenantTable, column: string, word: string): unknown {
  return typeOf(table, column) === 'jsonb' ? JSON.stringify({ text: word }) : word
}

function withWord(table: TenantTable, row: Record<string, unknown>, word: string) {
  const column = wordColumn(table)
  if (!column) return row
  return { ...row, [column]: typeOf(table, column) === 'jsonb' ? { text: word } : word }
}

function wordOf(value: unknown): string {
  if (value === undefined || value === null) return ''
  return typeof value === 'object' ? String((value as { text: unknown }).text) : String(value)
}

const wordFor = (random: Seeded) => `word-${random.below(1e9)}`

const keySql = (table: TenantTable) =>
  table.key.map((name) => `(to_jsonb("${name}") #>> '{}')`).join(` || '|' || `)

function fromKey(table: TenantTable, key: string): Record<string, unknown> {
  const parts = key.split('|')
  return Object.fromEntries(table.key.map((name, at) => [name, parts[at]]))
}

function anyKey(words: Words, random: Seeded): string | null {
  return words.size === 0 ? null : random.pick([...words.keys()])
}

function expectCount(findings: string[], where: string, actual: number, expected: number): void {
  if (actual !== expected) findings.push(`${where}: ${actual} rows instead of ${expected}`)
}

function compare(findings: string[], where: string, found: Words, expected: Words): void {
  const text = (words: Words) => JSON.stringify([...words].sort())
  if (text(found) === text(expected)) return
  findings.push(`${where}: ${text(found).slice(0, 300)} instead of ${text(expected).slice(0, 300)}`)
}

function copy(model: Model): Model {
  return new Map([...model].map(([name, words]) => [name, new Map(words)]))
}
