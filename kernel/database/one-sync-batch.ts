import type { ClientBase } from 'pg'
import type { Result, Statement } from './postgres.ts'
import { type Parser, parserOf } from './values.ts'
import { createWire } from './wire.ts'

/** Named statements that one connection keeps; past this the one unused for longest is closed. */
const keptStatements = 200

interface Prepared {
  /** Its name on the connection. Never used again for another text, so nothing stale can answer. */
  readonly wireName: string
  readonly text: string
  /** Known after the first run; from then on PostgreSQL need not describe it again. */
  columns: Columns | null
}

interface Columns {
  readonly names: readonly string[]
  readonly parsers: readonly (Parser | undefined)[]
}

interface ConnectionStatements {
  readonly byName: Map<string, Prepared>
  /** Wire names to be closed with the next batch. */
  readonly toClose: string[]
  count: number
}

/** What `pg` hands to a query object; only what is used here. */
interface Connection {
  readonly stream: { readonly writable: boolean; write(bytes: Buffer): boolean }
  sendCopyFail(reason: string): void
}
interface Field {
  readonly name: string
  readonly dataTypeID: number
}

const statementsOf = new WeakMap<Connection, ConnectionStatements>()
const wire = createWire()
const noColumns: Columns = { names: [], parsers: [] }

/**
 * Sends statements ended by one Sync: PostgreSQL runs them as one implicit transaction (or as a part of
 * the open one), and the answer is one round trip away. The first that fails stops the rest.
 *
 * @param before Statements whose answer nobody needs: BEGIN, the context. They must return no rows.
 * @returns one result per statement, without those of `before`.
 */
export function sendBatch(
  client: ClientBase,
  before: readonly Statement[],
  statements: readonly Statement[],
): Promise<BatchAnswer> {
  return new Promise((resolve, reject) => {
    const batch = new OneSyncBatch(before, statements, resolve, reject)
    client.query(batch as unknown as string)
  })
}

export interface BatchAnswer {
  readonly results: Result[]
  /** Command tag of the last statement: `COMMIT` answers `ROLLBACK` when the transaction had failed. */
  readonly tag: string
}

/** A query object as `pg.Client` runs it. */
class OneSyncBatch {
  private readonly before: readonly Statement[]
  private readonly statements: readonly Statement[]
  private readonly resolve: (answer: BatchAnswer) => void
  private readonly reject: (error: Error) => void
  private readonly results: Result[] = []
  private readonly columns: Columns[] = []
  private readonly used: (Prepared | null)[] = []
  private kept: ConnectionStatements | null = null
  /** Index of the statement that runs; those of `before` are negative. */
  private at: number
  private parsedFrom = Number.POSITIVE_INFINITY
  private tag = ''
  /** `pg` looks for it. */
  callback = undefined

  constructor(
    before: readonly Statement[],
    statements: readonly Statement[],
    resolve: (answer: BatchAnswer) => void,
    reject: (error: Error) => void,
  ) {
    this.before = before
    this.statements = statements
    this.resolve = resolve
    this.reject = reject
    this.at = -before.length
  }

  submit(connection: Connection): Error | null {
    let kept = statementsOf.get(connection)
    if (!kept) {
      kept = { byName: new Map(), toClose: [], count: 0 }
      statementsOf.set(connection, kept)
    }
    this.kept = kept
    wire.begin()
    const closing = kept.toClose.splice(0)
    try {
      for (const name of closing) wire.close(name)
      const { before, statements } = this
      for (let i = 0; i < before.length; i++) this.write(kept, before[i] as Statement, false)
      for (let i = 0; i < statements.length; i++) {
        this.results.push({ rows: [], rowCount: 0 })
        this.write(kept, statements[i] as Statement, true)
      }
      wire.sync()
    } catch (error) {
      // A value that cannot be encoded: nothing was sent, so nothing was parsed.
      this.forgetParsed()
      kept.toClose.push(...closing)
      return error as Error
    }
    if (connection.stream.writable) connection.stream.write(wire.take())
    return null
  }

  private write(kept: ConnectionStatements, statement: Statement, wanted: boolean): void {
    const { name, text, values } = statement
    let prepared: Prepared | null = null
    let columns: Columns | null = wanted ? null : noColumns
    if (name === undefined) {
      wire.parse('', text)
    } else {
      prepared = this.prepare(kept, name, text)
      if (prepared.columns) columns = prepared.columns
    }
    wire.bind(prepared ? prepared.wireName : '', values)
    if (!columns) wire.describe()
    wire.execute()
    this.used.push(prepared)
    this.columns.push(columns ?? noColumns)
  }

  private prepare(kept: ConnectionStatements, name: string, text: string): Prepared {
    const { byName } = kept
    const found = byName.get(name)
    if (found && found.text === text) {
      // Recency matters only when somebody may have to go.
      if (byName.size > keptStatements / 2) {
        byName.delete(name)
        byName.set(name, found)
      }
      return found
    }
    if (found) drop(kept, name, found)
    else if (byName.size >= keptStatements) {
      // It is closed with the next batch, so this one may still be using it.
      for (const [oldest, prepared] of byName) {
        drop(kept, oldest, prepared)
        break
      }
    }
    const prepared: Prepared = { wireName: `s${kept.count++}`, text, columns: null }
    byName.set(name, prepared)
    if (this.parsedFrom === Number.POSITIVE_INFINITY) this.parsedFrom = kept.count - 1
    wire.parse(prepared.wireName, text)
    return prepared
  }

  handleRowDescription(message: { fields: readonly Field[] }): void {
    const { fields } = message
    const columns: Columns = {
      names: fields.map((field) => field.name),
      parsers: fields.map((field) => parserOf(field.dataTypeID)),
    }
    const index = this.at + this.before.length
    this.columns[index] = columns
    const prepared = this.used[index]
    if (prepared) prepared.columns = columns
  }

  handleDataRow(message: { fields: readonly (string | null)[] }): void {
    const { names, parsers } = this.columns[this.at + this.before.length] as Columns
    const raw = message.fields
    if (this.statements[this.at]?.rowMode === 'array') {
      const row = new Array<unknown>(raw.length)
      for (let i = 0; i < raw.length; i++) {
        const text = raw[i] as string | null
        const parse = parsers[i]
        row[i] = text === null || parse === undefined ? text : parse(text)
      }
      this.results[this.at]?.rows.push(row as unknown as Record<string, unknown>)
      return
    }
    const row: Record<string, unknown> = {}
    for (let i = 0; i < names.length; i++) {
      const text = raw[i] as string | null
      const parse = parsers[i]
      row[names[i] as string] = text === null || parse === undefined ? text : parse(text)
    }
    this.results[this.at]?.rows.push(row)
  }

  handleCommandComplete(message: { text: string }): void {
    const { text } = message
    this.tag = text
    if (this.at >= 0) {
      const result = this.results[this.at] as { rowCount: number }
      result.rowCount = Number(text.slice(text.lastIndexOf(' ') + 1)) || 0
      const prepared = this.used[this.at + this.before.length]
      // Described as returning nothing.
      if (prepared && prepared.columns === null) prepared.columns = noColumns
    }
    this.at++
  }

  handleEmptyQuery(): void {
    this.at++
  }

  handlePortalSuspended(): void {}

  handleCopyInResponse(connection: Connection): void {
    connection.sendCopyFail('COPY FROM is not used: it does not work under row level security')
  }

  handleCopyData(): void {}

  handleError(error: Error): void {
    const code = (error as { code?: string }).code
    this.forgetParsed()
    // The statement's table changed, or the statement is gone: parse it anew next time.
    if (code === '0A000' || code === '26000') this.forgetFailed()
    this.reject(error)
  }

  handleReadyForQuery(): void {
    this.resolve({ results: this.results, tag: this.tag })
  }

  /**
   * Which of the statements parsed here PostgreSQL kept is not known for the one that failed and those
   * after it; closing one that is not there is no error, so all of them are closed and parsed anew. Those
   * before it stay parsed: preparing is not undone by the rollback.
   */
  private forgetParsed(): void {
    const { kept } = this
    if (!kept || this.parsedFrom === Number.POSITIVE_INFINITY) return
    const survivors = new Set(this.used.slice(0, Math.max(0, this.at + this.before.length)))
    for (const [name, prepared] of kept.byName) {
      if (Number(prepared.wireName.slice(1)) < this.parsedFrom || survivors.has(prepared)) continue
      drop(kept, name, prepared)
    }
  }

  private forgetFailed(): void {
    const { kept } = this
    const failed = this.used[this.at + this.before.length]
    if (!kept || !failed) return
    for (const [name, prepared] of kept.byName) {
      if (prepared === failed) drop(kept, name, prepared)
    }
  }
}

function drop(kept: ConnectionStatements, name: string, prepared: Prepared): void {
  kept.byName.delete(name)
  kept.toClose.push(prepared.wireName)
}
