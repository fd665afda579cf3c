import { type Door, NotFoundError, StateConflictError } from '@runwaycrm/sdk'
import { actorOf, type ChangeSetRow, type RequestContext } from '../context/request-context.ts'
import type { Database, Statement, Tx } from '../database/postgres.ts'
import { isUuid, uuidv7 } from '../database/uuid.ts'
import { asConcurrentChange, withRetry } from './concurrent-change.ts'
import type { CommittedBatch } from './write-rows.ts'

export type TransactionContext = RequestContext & { readonly tx: Tx }

export interface ChangeSetOptions {
  readonly label?: string | undefined
  readonly door?: Door | undefined
  readonly workflows?: 'run' | 'skip' | undefined
  readonly parentId?: string | null | undefined
  /** Where its values come from, when that does not follow from actor and door. */
  readonly origin?: 'external' | undefined
  /** Where they were found, e.g. an address. */
  readonly source?: string | undefined
  /** Of one that a job fills. */
  readonly job?: ChangeJob | undefined
}

/** How far the job is that fills a change set; what was written, its counts say. */
export interface ChangeJob {
  /** Records that there were to be written when it began. */
  readonly matched: number
  readonly refused: number
  /** The first of those that were refused, and why. */
  readonly refusals: readonly Refusal[]
  /** Why it ended before all was done; what it wrote until then stays, revertible. */
  readonly problem?: { readonly code: string; readonly detail: string }
}

export interface Refusal {
  /** The plural. */
  readonly entity: string
  readonly id: string
  readonly code: string
  readonly detail: string
  /** Whose value another record has. */
  readonly field?: string
}

export interface TransactionOptions extends ChangeSetOptions {
  /** Keep the change set when nothing was written: its id was promised. */
  readonly keepEmpty?: boolean
  /** `work` writes with one statement, which makes its change set itself. */
  readonly isOneWrite?: boolean
  /** Begin again after a deadlock: `work` touches nothing but the database. */
  readonly retry?: boolean
}

export interface TransactionsDeps {
  readonly db: Database
  readonly onCommitted: (batch: CommittedBatch) => void
}

/** Change sets of more than one statement: of one transaction, or of many batches. */
export function createTransactions({ db, onCommitted }: TransactionsDeps) {
  /**
   * Runs `work` in one transaction and one change set, those of the context when it has them. All of it
   * or none. A change set in which nothing was written is not kept.
   */
  async function transaction<T>(
    ctx: RequestContext,
    work: (ctx: TransactionContext) => Promise<T>,
    options: TransactionOptions = {},
  ): Promise<T> {
    assertNotDraft(ctx)
    if (ctx.tx) {
      const { tx } = ctx
      return tx.savepoint(() => inChangeSet({ ...ctx, tx }, work, options))
    }
    let changeSetId = ''
    const once = () =>
      db
        .transaction(ctx.org.id, (tx) =>
          inChangeSet(
            { ...ctx, tx },
            (inner) => {
              changeSetId = inner.changeSet?.id ?? ''
              return work(inner)
            },
            options,
          ),
        )
        .catch(asConcurrentChange)
    const result = await (options.retry ? withRetry(once) : once())
    onCommitted({ orgId: ctx.org.id, changeSetId })
    return result
  }

  async function inChangeSet<T>(
    ctx: TransactionContext,
    work: (ctx: TransactionContext) => Promise<T>,
    options: TransactionOptions,
  ): Promise<T> {
    if (ctx.changeSet || options.isOneWrite) return work(ctx)
    const inner = withChangeSet(ctx, uuidv7(), options)
    if (!options.keepEmpty) {
      const changeSet = { ...inner.changeSet, row: rowOf(inner, options) }
      return work(Object.freeze({ ...inner, changeSet }))
    }
    ctx.tx.later(openStatement(inner, options))
    const result = await work(inner)
    ctx.tx.later(closeStatement(ctx, inner.changeSet.id))
    return result
  }

  /** Opens a change set that takes batches until it is closed: an import, a long job. */
  async function openChangeSet<T extends RequestContext>(
    ctx: T,
    options: ChangeSetOptions = {},
  ): Promise<T & { readonly changeSet: { readonly id: string } }> {
    assertNotDraft(ctx)
    const inner = withChangeSet(ctx, uuidv7(), options)
    await run(ctx, openStatement(inner, options))
    return inner
  }

  /** Goes on with an open change set, e.g. in the next job of an import. @throws NotFoundError, StateConflictError */
  async function resumeChangeSet<T extends RequestContext>(ctx: T, id: string) {
    assertNotDraft(ctx)
    const found = isUuid(id) ? await run<OpenRow>(ctx, findStatement(ctx.org.id, id)) : []
    const row = found[0]
    if (!row) throw new NotFoundError()
    if (row.state !== 'open') throw new StateConflictError('The change set is closed.')
    const changeSet = { id, parentId: row.parent_id, workflows: row.workflows }
    return Object.freeze({ ...ctx, door: row.door, changeSet })
  }

  /** No batch after this; still revertible. Closing twice changes nothing. */
  async function closeChangeSet(ctx: RequestContext): Promise<void> {
    if (ctx.changeSet) await run(ctx, closeStatement(ctx, ctx.changeSet.id))
  }

  /** The same, but one in which nothing was written is not kept. @returns whether it is there. */
  async function endChangeSet(ctx: RequestContext): Promise<boolean> {
    if (!ctx.changeSet) return false
    const { id } = ctx.changeSet
    const statements = [dropEmptyStatement(ctx.org.id, id), closeStatement(ctx, id)]
    const [dropped] = await (ctx.tx ? ctx.tx.run(statements) : db.batch(ctx.org.id, statements))
    return dropped?.rows.length === 0
  }

  /** Tells how far the job is; nothing when the context has no change set. */
  async function noteJob(ctx: RequestContext, job: ChangeJob): Promise<void> {
    if (ctx.changeSet) await run(ctx, jobStatement(ctx.org.id, ctx.changeSet.id, job))
  }

  /** Ends the change set of a job that will not come again. @returns false when it had ended before. */
  async function abandonChangeSet(
    orgId: string,
    id: string,
    problem: NonNullable<ChangeJob['problem']>,
  ): Promise<boolean> {
    return (await db.query(orgId, abandonStatement(orgId, id, problem))).rowCount > 0
  }

  async function run<R>(ctx: RequestContext, statement: Statement): Promise<R[]> {
    const result = await (ctx.tx ? ctx.tx.one<R>(statement) : db.query<R>(ctx.org.id, statement))
    return result.rows
  }

  return {
    transaction,
    openChangeSet,
    resumeChangeSet,
    closeChangeSet,
    endChangeSet,
    noteJob,
    abandonChangeSet,
  }
}
export type Transactions = ReturnType<typeof createTransactions>

/** @throws StateConflictError: the draft of a model is for looking. */
export function assertNotDraft(ctx: RequestContext): void {
  if (ctx.draft)
    throw new StateConflictError('The draft can only be read. Publish it before you write records.')
}

function withChangeSet<T extends RequestContext>(ctx: T, id: string, options: ChangeSetOptions) {
  const parentId = options.parentId ?? ctx.changeSet?.id ?? null
  const workflows = options.workflows ?? ctx.changeSet?.workflows ?? 'run'
  const changeSet = { id, parentId, workflows } as const
  return Object.freeze({ ...ctx, door: options.door ?? ctx.door, changeSet })
}

function rowOf(ctx: RequestContext, { label, origin, source }: ChangeSetOptions): ChangeSetRow {
  return {
    ...{ actor: JSON.stringify(actorOf(ctx.principal)), door: ctx.door, at: ctx.now },
    ...{ label: label ?? null, origin: origin ?? null, source: source?.slice(0, 2_000) ?? null },
  }
}

interface OpenRow {
  readonly state: string
  readonly parent_id: string | null
  readonly workflows: 'run' | 'skip'
  readonly door: Door
}

function findStatement(orgId: string, id: string): Statement {
  return {
    text: 'select state, parent_id, workflows, door from tenant.change_set where org_id = $1 and id = $2',
    values: [orgId, id],
  }
}

function openStatement(
  ctx: RequestContext & { readonly changeSet: NonNullable<RequestContext['changeSet']> },
  options: ChangeSetOptions,
): Statement {
  const { id, parentId, workflows } = ctx.changeSet
  const { actor, door, label, origin, source, at } = rowOf(ctx, options)
  return {
    name: 'change_set_open',
    text: `insert into tenant.change_set (org_id, id, parent_id, actor, door, label, workflows, state, created_at, origin, source, job)
values ($1, $2, $3, $4, $5, $6, $7, 'open', $8, $9, $10, $11)`,
    values: [
      ...[ctx.org.id, id, parentId, actor, door, label, workflows, at, origin, source],
      options.job ? JSON.stringify(options.job) : null,
    ],
  }
}

function jobStatement(orgId: string, id: string, job: ChangeJob): Statement {
  return {
    name: 'change_set_job',
    text: 'update tenant.change_set set job = $3 where org_id = $1 and id = $2',
    values: [orgId, id, JSON.stringify(job)],
  }
}

function abandonStatement(orgId: string, id: string, problem: object): Statement {
  return {
    text: `update tenant.change_set set state = 'done', closed_at = now(),
 job = coalesce(job, '{}') || jsonb_build_object('problem', $3::jsonb)
 where org_id = $1 and id = $2 and state = 'open'`,
    values: [orgId, id, JSON.stringify(problem)],
  }
}

function closeStatement(ctx: RequestContext, id: string): Statement {
  return {
    name: 'change_set_close',
    text: `update tenant.change_set set state = 'done', closed_at = $3 where org_id = $1 and id = $2 and state = 'open'`,
    values: [ctx.org.id, id, ctx.now],
  }
}

function dropEmptyStatement(orgId: string, id: string): Statement {
  return {
    name: 'change_set_drop',
    text: `delete from tenant.change_set c where c.org_id = $1 and c.id = $2 and c.counts = '{}'
 and not exists (select from tenant.change_set part where part.org_id = $1 and part.parent_id = $2) returning c.id`,
    values: [orgId, id],
  }
}
