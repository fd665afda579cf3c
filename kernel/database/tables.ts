import type { MikroORM } from '@mikro-orm/postgresql'
import {
  type FieldValues,
  inBunches,
  type OperationalTableDefinition,
  type Row,
  type Tables,
} from '@runwaycrm/sdk'
import type { Contribution, Model } from '../model/model.ts'
import { snakeCase, tableName, tablesOf } from './entity-tables.ts'
import type { Database, Statement, Tx } from './postgres.ts'
import { type Built, createMarks, createTemplates, type Mark } from './sql-templates.ts'
import { isUuid, uuidv7 } from './uuid.ts'

/** Whose tables, in which organisation; inside `tx` when there is one. */
export interface TablesScope {
  readonly orgId: string
  readonly plugin: string
  readonly model: Model
  readonly tx: Tx | null
}

const highestLimit = 1_000
/** Rows of one statement: so few that each number of them stays prepared. */
const rowsAtOnce = 8

/**
 * The operational tables of a plugin as its handlers see them. MikroORM's query builder writes the SQL,
 * which runs under the context of the organisation like everything else. Columns are named by their
 * keys (`startedAt`); a `where` takes a value, null, a list (any of them) or `{ $lt, $lte, $gt, $gte,
 * $ne }`.
 */
export function createTables(db: Database): (scope: TablesScope) => Tables {
  const orms = new WeakMap<object, Promise<Opened>>()

  function ormOf(model: Model): Promise<Opened> {
    const key = model.contributions.get('tables') ?? model
    let orm = orms.get(key)
    if (!orm) {
      const refs = model.contributions.get('tables')
      const specs = tablesOf(model).filter((spec) => refs?.has(spec.ref))
      // Loaded with the first use: most nodes start faster than they need it.
      orm = import('./orm.ts').then(async ({ openOrm }) => ({
        ...{ orm: await openOrm(specs), template: createTemplates() },
      }))
      orms.set(key, orm)
    }
    return orm
  }

  return (scope) => {
    const open = async (name: string): Promise<OpenTable> => {
      const definition = definitionOf(scope, name)
      const { orm, template } = await ormOf(scope.model)
      const spec = tableName(scope.plugin, name)
      const builder = () => orm.em.createQueryBuilder(spec as never) as unknown as Builder
      return {
        ...{ name, definition },
        statement(kind, ask, build) {
          const { values, mark } = createMarks()
          const marked = ask(mark)
          return template(`${spec} ${kind} ${JSON.stringify(marked)}`, values, () =>
            build(builder(), marked),
          )
        },
      }
    }
    const run = async (table: OpenTable, statements: readonly Statement[]): Promise<Answer> => {
      const results = scope.tx
        ? await scope.tx.run(statements)
        : await db.batch(scope.orgId, statements)
      return {
        rows: results.flatMap(({ rows }) => rows.map((row) => fromRow(table.definition, row))),
        count: results.reduce((sum, { rowCount }) => sum + rowCount, 0),
      }
    }
    const own = (mark: Marker) => ({ org_id: mark(scope.orgId) })

    return {
      async insert(name, rows) {
        if (rows.length === 0) return []
        const table = await open(name)
        return (await run(table, inserting(table, rows, '*'))).rows
      },
      async add(name, rows) {
        if (rows.length === 0) return
        const table = await open(name)
        const statements = inserting(table, rows)
        if (!scope.tx) await run(table, statements)
        else for (const statement of statements) scope.tx.later(statement)
      },
      async select(name, query = {}) {
        const table = await open(name)
        const order = toOrder(table, query.sort)
        const limit = Math.min(query.limit ?? highestLimit, highestLimit)
        const statement = table.statement(
          `select ${JSON.stringify(order)} ${limit}`,
          (mark) => ({ ...own(mark), ...toWhere(table, query.where ?? {}, mark) }),
          (builder, where) => builder.select('*').where(where).orderBy(order).limit(limit),
        )
        return (await run(table, [statement])).rows
      },
      async update(name, where, values) {
        const table = await open(name)
        const statement = table.statement(
          'update',
          (mark) => ({
            set: toColumns(table, values, mark),
            where: { ...own(mark), ...toWhere(table, where, mark) },
          }),
          (builder, parts) => builder.update(parts.set).where(parts.where),
        )
        return (await run(table, [statement])).count
      },
      async delete(name, where) {
        const table = await open(name)
        const statement = table.statement(
          'delete',
          (mark) => ({ ...own(mark), ...toWhere(table, where, mark) }),
          (builder, all) => builder.delete(all),
        )
        return (await run(table, [statement])).count
      },
    }

    function inserting(table: OpenTable, rows: readonly FieldValues[], answer?: '*'): Statement[] {
      return inBunches(rows, rowsAtOnce).map((some) =>
        table.statement(
          `insert ${answer ?? ''}`,
          (mark) => some.map((row) => ({ ...own(mark), ...toNewRow(table, row, mark) })),
          (builder, marked) =>
            answer ? builder.insert(marked).returning(answer) : builder.insert(marked),
        ),
      )
    }
  }
}

type Marker = (value: unknown) => Mark
interface Opened {
  readonly orm: MikroORM
  readonly template: ReturnType<typeof createTemplates>
}
interface Answer {
  readonly rows: Row[]
  readonly count: number
}
interface OpenTable {
  readonly name: string
  readonly definition: OperationalTableDefinition
  /** @param ask the question with marks for its values; with `kind` it decides what the SQL is. */
  statement<Q extends object>(
    kind: string,
    ask: (mark: Marker) => Q,
    build: (builder: Builder, question: Q) => Built,
  ): Statement
}
/** What is used of MikroORM's query builder. */
interface Builder extends Built {
  insert(rows: readonly object[]): Builder
  update(values: object): Builder
  delete(where: object): Builder
  select(columns: string): Builder
  where(where: object): Builder
  orderBy(order: object): Builder
  limit(limit: number): Builder
  returning(columns: string): Builder
}

function definitionOf(scope: TablesScope, name: string): OperationalTableDefinition {
  const found = scope.model.contributions.get('tables')?.get(`${scope.plugin}:${name}`)
  if (!found) throw new Error(`${scope.plugin} has no table "${name}".`)
  return (found as Contribution<OperationalTableDefinition>).definition
}

function toNewRow(table: OpenTable, row: FieldValues, mark: Marker): Record<string, Mark> {
  const { id = uuidv7(), ...values } = row
  if (!isUuid(id)) throw new TypeError(`The id of a row of "${table.name}" is not a uuid.`)
  for (const key of Object.keys(values)) columnOf(table, key)
  const columns: Record<string, Mark> = { id: mark(id) }
  // Every row gets every column, so that many rows are one statement.
  for (const [key, { required }] of Object.entries(table.definition.columns)) {
    const value = values[key] ?? null
    if (required && value === null) throw new TypeError(`"${table.name}" needs a "${key}".`)
    columns[snakeCase(key)] = mark(value)
  }
  return columns
}

function toColumns(table: OpenTable, values: FieldValues, mark: Marker): Record<string, Mark> {
  const columns: Record<string, Mark> = {}
  for (const [key, value] of Object.entries(values)) columns[columnOf(table, key)] = mark(value)
  return columns
}

const operators = new Set(['$lt', '$lte', '$gt', '$gte', '$ne'])

function toWhere(
  table: OpenTable,
  where: FieldValues,
  mark: Marker,
): Record<string, null | Mark | readonly Mark[] | Record<string, Mark | null>> {
  const conditions: ReturnType<typeof toWhere> = {}
  for (const [key, value = null] of Object.entries(where)) {
    const column = key === 'id' ? 'id' : columnOf(table, key)
    if (value === null) conditions[column] = null
    else if (Array.isArray(value)) conditions[column] = padded(value).map(mark)
    else if (typeof value !== 'object' || value instanceof Date) conditions[column] = mark(value)
    else if (Object.keys(value).every((operator) => operators.has(operator))) {
      const entries = Object.entries(value)
      conditions[column] = Object.fromEntries(
        entries.map(([name, one]) => [name, one === null ? null : mark(one)]),
      )
    } else throw new TypeError(`"${table.name}.${key}" cannot be compared with that.`)
  }
  return conditions
}

/** Lists of a few lengths, so that few statements stay prepared: one of three is asked as one of four. */
function padded(list: readonly unknown[]): readonly unknown[] {
  if (list.length < 2) return list
  const length = 2 ** Math.ceil(Math.log2(list.length))
  return [...list, ...Array.from({ length: length - list.length }, () => list.at(-1))]
}

/** `-startedAt,id`; the newest rows first when nothing is said. */
function toOrder(table: OpenTable, sort = '-id'): Record<string, 'asc' | 'desc'> {
  const order: Record<string, 'asc' | 'desc'> = {}
  for (const part of sort.split(',')) {
    const key = part.replace(/^-/, '')
    order[key === 'id' ? 'id' : columnOf(table, key)] = part.startsWith('-') ? 'desc' : 'asc'
  }
  return order
}

function columnOf(table: OpenTable, key: string): string {
  if (!Object.hasOwn(table.definition.columns, key)) {
    throw new TypeError(`"${table.name}" has no column "${key}".`)
  }
  return snakeCase(key)
}

function fromRow(definition: OperationalTableDefinition, raw: Record<string, unknown>): Row {
  const row: Record<string, unknown> = { id: raw['id'] }
  for (const key of Object.keys(definition.columns)) row[key] = raw[snakeCase(key)]
  return row as Row
}
