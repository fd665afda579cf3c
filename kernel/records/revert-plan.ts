import type { RequestContext } from '../context/request-context.ts'
import type { Database } from '../database/postgres.ts'

/** What a change set did to a record, turned round. `fields` sets values back and no more. */
export type RevertStepKind = 'restore' | 'fields' | 'delete'

export interface RevertItem {
  readonly id: string
  /** The record's version as the change set left it. */
  readonly lastVersion: number
}

export interface RevertStep {
  /** Reference. */
  readonly entity: string
  readonly step: RevertStepKind
  readonly item: RevertItem
}

interface PlanRow {
  readonly entity: string
  readonly record_id: string
  readonly first_op: string
  readonly last_op: string
  readonly last_version: number
  readonly is_updated: boolean
}

/**
 * The records of a change set and what takes each back, in an order that holds: values go back before a
 * record that had them returns, so that unique ones are free, and what was made last goes first.
 */
export async function loadPlan(
  ctx: RequestContext,
  db: Database,
  changeSetId: string,
): Promise<RevertStep[]> {
  const statement = {
    name: 'revert_plan',
    text: `select entity, record_id, (array_agg(op order by version))[1] as first_op,
 (array_agg(op order by version desc))[1] as last_op, max(version) as last_version,
 bool_or(op = 'update') as is_updated
 from tenant.ledger where org_id = $1 and change_set_id = $2
 group by entity, record_id order by max(id::text) desc`,
    values: [ctx.org.id, changeSetId],
  }
  const { rows } = await (ctx.tx
    ? ctx.tx.one<PlanRow>(statement)
    : db.query<PlanRow>(ctx.org.id, statement))
  const steps = rows.flatMap((row) =>
    stepsOf(row).map((step): RevertStep => {
      const item = { id: row.record_id, lastVersion: row.last_version }
      return { entity: row.entity, step, item }
    }),
  )
  const restored = new Set(steps.flatMap(({ step, item }) => (step === 'restore' ? [item.id] : [])))
  const order = { restore: 1, fields: 2, delete: 3 }
  const place = ({ step, item }: RevertStep) =>
    step === 'fields' && !restored.has(item.id) ? 0 : order[step]
  return steps.sort((a, b) => place(a) - place(b))
}

function stepsOf({
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
