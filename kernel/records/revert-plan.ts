import type { RequestContext } from '../context/request-context.ts'
import type { Database, Statement } from '../database/postgres.ts'

/** What a change set did to a record, turned round. `fields` sets values back and no more. */
export type RevertStepKind = 'restore' | 'fields' | 'delete'

export interface RevertItem {
  readonly id: string
  /** The record's version as the change set left it. */
  readonly lastVersion: number
  /** Its values go back before it goes: the change set brought it back and changed it. */
  readonly isSetBack: boolean
}

export interface RevertStep {
  /** Reference. */
  readonly entity: string
  readonly step: RevertStepKind
  readonly item: RevertItem
  /** The record comes back with it. */
  readonly isRestored: boolean
}

interface PlanRow {
  readonly id: string
  readonly entity: string
  readonly record_id: string
  readonly first_op: string
  readonly last_op: string
  readonly last_version: number
  readonly is_updated: boolean
}

/** A change set turned round, in pieces: of a million records a thousand are in memory. */
export interface RevertPlan {
  /** The pieces, each read when it is asked for, in the transaction of the context when it has one. */
  batches(ctx: RequestContext): AsyncIterable<readonly RevertStep[]>
}

const batchRecords = 1000

/**
 * The records of change sets that are taken back as one and what takes each back, in an order that holds: values go back before a
 * record that had them returns, so that unique ones are free, and what was made last goes first.
 */
export async function loadPlan(
  ctx: RequestContext,
  db: Pick<Database, 'query'>,
  changeSetIds: readonly string[],
): Promise<RevertPlan> {
  async function run<R>({ tx, org }: RequestContext, statement: Statement): Promise<R[]> {
    return (await (tx ? tx.one<R>(statement) : db.query<R>(org.id, statement))).rows
  }
  const page = (inner: RequestContext, before: string | null) =>
    run<PlanRow>(inner, planStatement(inner.org.id, changeSetIds, before))
  const first = await page(ctx, null)
  if (first.length < batchRecords) {
    const steps = first.flatMap(stepsOf).sort((a, b) => phaseOf(a) - phaseOf(b))
    return {
      batches: async function* one() {
        yield steps
      },
    }
  }
  const ops = await run<{ op: string }>(ctx, opsStatement(ctx.org.id, changeSetIds))
  const phases = phasesOf(new Set(ops.map(({ op }) => op)))
  return {
    async *batches(inner) {
      for (const phase of phases) {
        let before: string | null = null
        do {
          const rows: PlanRow[] = await page(inner, before)
          const steps = rows.flatMap(stepsOf).filter((step) => phaseOf(step) === phase)
          if (steps.length > 0) yield steps
          before = rows.length < batchRecords ? null : (rows.at(-1)?.id ?? null)
        } while (before !== null)
      }
    },
  }
}

/** Records by the last row that the change set has of them, the newest first. */
function planStatement(
  orgId: string,
  changeSetIds: readonly string[],
  before: string | null,
): Statement {
  return {
    name: 'revert_plan',
    text: `select l.id, l.entity, l.record_id, r.first_op, l.op as last_op, l.version as last_version, r.is_updated
 from tenant.ledger l
 cross join lateral (select (array_agg(o.op order by o.version))[1] as first_op,
   bool_or(o.op = 'update') as is_updated, max(o.version) as last_version
   from tenant.ledger o where o.org_id = $1 and o.record_id = l.record_id and o.change_set_id = any($2::uuid[])) r
 where l.org_id = $1 and l.change_set_id = any($2::uuid[]) and ($3::uuid is null or l.id < $3) and l.version = r.last_version
 order by l.id desc limit ${batchRecords}`,
    values: [orgId, changeSetIds, before],
  }
}

function opsStatement(orgId: string, changeSetIds: readonly string[]): Statement {
  return {
    name: 'revert_ops',
    text: 'select op from tenant.ledger where org_id = $1 and change_set_id = any($2::uuid[]) group by op',
    values: [orgId, changeSetIds],
  }
}

/** Values of records that stay, records that return, their values, and what goes. */
function phaseOf({ step, isRestored }: RevertStep): number {
  if (step === 'fields') return isRestored ? 2 : 0
  return step === 'restore' ? 1 : 3
}

/** The phases that have something to do in a change set with these operations. */
function phasesOf(ops: ReadonlySet<string>): number[] {
  const isThere = [
    ops.has('update'),
    ops.has('delete'),
    ops.has('update') && ops.has('delete'),
    ops.has('create') || ops.has('restore'),
  ]
  return isThere.flatMap((there, phase) => (there ? [phase] : []))
}

function stepsOf(row: PlanRow): RevertStep[] {
  const kinds = kindsOf(row)
  const isRestored = kinds.includes('restore')
  const isSetBack = kinds.includes('fields') && kinds.includes('delete')
  const item = { id: row.record_id, lastVersion: row.last_version, isSetBack }
  return kinds.map((step) => ({ entity: row.entity, step, item, isRestored }))
}

function kindsOf({
  first_op: first,
  last_op: last,
  is_updated: isUpdated,
}: PlanRow): RevertStepKind[] {
  const wasThere = first === 'update' || first === 'delete'
  const isThere = last !== 'delete'
  // Made or restored and deleted in one go: nothing is left of it.
  if (!wasThere && !isThere) return []
  const fields: RevertStepKind[] = isUpdated && first !== 'create' ? ['fields'] : []
  if (!isThere) return ['restore', ...fields]
  return wasThere ? fields : [...fields, 'delete']
}
