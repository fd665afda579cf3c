import type { Conditions, Filter } from '@runwaycrm/sdk'
import { NotFoundError } from '@runwaycrm/sdk'
import { compareJson } from '../access/compare-json.ts'
import type { Condition } from '../access/condition-tree.ts'
import { matchCondition } from '../access/match-condition.ts'
import type { RequestContext } from '../context/request-context.ts'
import type { Field, Model } from '../model/model.ts'
import type { Codecs } from '../records/fields.ts'
import { checkFilter } from '../records/filter.ts'
import { requestRun } from '../records/params.ts'

/** Filters that stand in definitions are the same objects each time. */
const checked = new WeakMap<Filter, { model: Model; key: string; tree: Condition<Field> }>()

/** The operators of filters in memory, for whoever acts. */
export function brokerConditions(ctx: RequestContext, codecs: Codecs): Conditions {
  function treeOf(ref: string, filter: Filter): Condition<Field> {
    const entity = ctx.model.entities.get(ref) ?? ctx.model.entityByPlural.get(ref)
    if (!entity) throw new NotFoundError(`There is no entity "${ref}".`)
    const key = `${entity.ref} ${ctx.ability.key}`
    const known = checked.get(filter)
    if (known?.model === ctx.model && known.key === key) return known.tree
    const tree = checkFilter(ctx, entity, filter, codecs)
    checked.set(filter, { model: ctx.model, key, tree })
    return tree
  }
  return {
    match: (entity, filter, record) =>
      matchCondition(treeOf(entity, filter), record, requestRun(ctx)) ?? null,
    compare: (operator, value, operand) => compareJson(operator, value, operand, requestRun(ctx)),
  }
}
