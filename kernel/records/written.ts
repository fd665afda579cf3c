import type { WrittenRecord } from '@runwaycrm/sdk'
import type { RequestContext } from '../context/request-context.ts'
import type { Codecs } from './fields.ts'
import { alwaysVisible, type LedgerFields, showChanges } from './ledger-values.ts'

interface LedgerRow {
  readonly entity: string
  readonly record_id: string
  readonly op: WrittenRecord['op']
  readonly fields: LedgerFields | null
}

const most = 500

/** What the change set of a transaction holds until now, as far as the actor may read it. */
export async function writtenIn(
  ctx: RequestContext,
  codecs: Codecs,
): Promise<readonly WrittenRecord[]> {
  if (!ctx.tx || !ctx.changeSet) return []
  const { rows } = await ctx.tx.one<LedgerRow>({
    text: `select l.entity, l.record_id, l.op, l.fields from tenant.ledger l
      where l.org_id = $1 and l.change_set_id = $2 order by l.id limit $3`,
    values: [ctx.org.id, ctx.changeSet.id, most],
  })
  return rows.flatMap(({ entity: ref, record_id: id, op, fields }) => {
    const entity = ctx.model.entities.get(ref)
    if (!entity || !ctx.ability.can('read', ref)) return []
    const visible = alwaysVisible(ctx, entity)
    return [{ entity: ref, id, op, fields: showChanges(entity, fields ?? {}, visible, codecs) }]
  })
}
