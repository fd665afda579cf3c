import type { MikroORM } from '@mikro-orm/postgresql'
import type { FieldValues, OperationalTableDefinition, Row, Tables } from '@runwaycrm/sdk'
import type { Contribution, Model } from '../model/model.ts'
import { snakeCase, tableName, tablesOf } from './entity-tables.ts'
import type { Database, Result, Statement, Tx } from './postgres.ts'
import { isUuid, uuidv7 } from './uuid.ts'

/** Whose tables, in which organisation; inside `tx` when there is one. */
export interface TablesScope {
  readonly orgId: string
  readonly plugin: string
  readonly model: Model
  readonly tx: Tx | null
}

const highestLimit = 1_000

/**
 * The operational tables of a plugin as its handlers see them. MikroORM's query builder writes the SQL,
 * which runs under the context of the organisation like everything else. Columns are named by their
 * keys (`startedAt`); a `where` takes a value, null, a list (any of them) or `{ $lt, $lte, $gt, $gte,
 * $ne }`.
 */
export function createTables(db: Database): (scope: TablesScope) => Tables {
  const orms = new WeakMap<object, Promise<MikroORM>>()

  function ormOf(model: Model): Promise<MikroORM> {
    const key = model.contributions.get('tables') ?? model
    let orm = orms.get(key)
    if (!orm) {
      const refs = model.contributions.get('tables')
      const specs = tablesOf(model).filter((spec) => refs?.has(spec.ref))
      // Loaded with the first use: most nodes start faster than they need it.
      orm = import('./orm.ts').then(({ openOrm }) => openOrm(specs))
      orms.set(key, orm)
    }
    return orm
  }

  return (scope) => {
    const open = async (name: string): Promise<OpenTable> => {
      const definition = definitionOf(scope, name)
      const orm = await ormOf(scope.model)
      const spec = tableName(scope.plugin, name)
      return {
        definition,
        name,
        builder: () => orm.em.createQueryBuilder(spec as never) as unknown as Builder,
      }
    }
    const run = async (build: (table: OpenTable) => Built, name: string): Promise<Answer> => {
      const table = await open(name)
      const { definition } = table
      const statement = toStatement(build(table))
      const result: Result = scope.tx
        ? await scope.tx.one(statement)
        : await db.query(scope.orgId, statement)
      return { rows: result.rows.map((row) => fromRow(definition, row)), count: result.rowCount }
    }
    const own = { org_id: scope.orgId }

    return {
      async insert(name, rows) {
        if (rows.length === 0) return []
        const { rows: inserted } = await run((table) => {
          const records = rows.map((row) => toNewRow(table, scope.orgId, row))
          return table.builder().insert(records).returning('*')
        }, name)
        return inserted
      },
      async add(name, rows) {
        if (rows.length === 0) return
        const table = await open(name)
        const records = rows.map((row) => toNewRow(table, scope.orgId, row))
        const statement = toStatement(table.builder().insert(records))
        if (scope.tx) scope.tx.later(statement)
        else await db.query(scope.orgId, statement)
      },
      async select(name, query = {}) {
        const { rows } = await run((table) => {
          const where = { ...own, ...toWhere(table, query.where ?? {}) }
          const limit = Math.min(query.limit ?? highestLimit, highestLimit)
          return table
            .builder()
            .select('*')
            .where(where)
            .orderBy(toOrder(table, query.sort))
            .limit(limit)
        }, name)
        return rows
      },
      async update(name, where, values) {
        const { count } = await run((table) => {
          const changes = toColumns(table, values)
          return table
            .builder()
            .update(changes)
            .where({ ...own, ...toWhere(table, where) })
        }, name)
        return count
      },
      async delete(name, where) {
        const { count } = await run(
          (table) => table.builder().delete({ ...own, ...toWhere(table, where) }),
          name,
        )
        return count
      },
    }
  }
}

interface Answer {
  readonly rows: Row[]
  readonly count: number
}
interface OpenTable {
  readonly name: string
  readonly definition: OperationalTableDefinition
  builder(): Builder
}
interface Built {
  toQuery(): { readonly sql: string; readonly params: readonly unknown[] }
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

/** Texts up to this length come again and are worth preparing; longer ones insert as many rows as there are. */
const preparedLength = 2_000

/** MikroORM's `?` become `$1`, `$2`: no name that it quotes can hold a question mark. */
function toStatement(built: Built): Statement {
  const { sql, params } = built.toQuery()
  let at = 0
  const text = sql.replace(/\?/g, () => `$${++at}`)
  return { text, values: params, ...(text.length <= preparedLength ? { name: text } : {}) }
}

function toNewRow(table: OpenTable, orgId: string, row: FieldValues): Record<string, unknown> {
  const { id = uuidv7(), ...values } = row
  if (!isUuid(id)) throw new TypeError(`The id of a row of "${table.name}" is not a uuid.`)
  const columns: Record<string, unknown> = { org_id: orgId, id }
  // Every row gets every column, so that many rows are one statement.
  for (const [key, { required }] of Object.entries(table.definition.columns)) {
    const value = values[key] ?? null
    if (required && value === null) throw new TypeError(`"${table.name}" needs a "${key}".`)
    columns[snakeCase(key)] = value
  }
  toColumns(table, values)
  return columns
}

function toColumns(table: OpenTable, values: FieldValues): Record<string, unknown> {
  const columns: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(values)) columns[columnOf(table, key)] = value ?? null
  return columns
}

const operators = new Set(['$lt', '$lte', '$gt', '$gte', '$ne'])

function toWhere(table: OpenTable, where: FieldValues): Record<string, unknown> {
  const conditions: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(where)) {
    const isObject =
      typeof value === 'object' &&
      value !== null &&
      !Array.isArray(value) &&
      !(value instanceof Date)
    if (isObject && !Object.keys(value).every((operator) => operators.has(operator))) {
      throw new TypeError(`"${table.name}.${key}" cannot be compared with that.`)
    }
    conditions[key === 'id' ? 'id' : columnOf(table, key)] = value ?? null
  }
  return conditions
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
