import { canReadField } from '../access/field-mask.ts'
import type { RequestContext } from '../context/request-context.ts'
import type { Entity, Field } from '../model/model.ts'

/**
 * What a computed field is worked out from, as its definition says it. Nothing for whoever may not read
 * a part of it: the name of a hidden field is hidden too.
 */
export function sourceOf(ctx: RequestContext, entity: Entity, field: Field): string | undefined {
  if (field.storage.in !== 'computed') return undefined
  const { storage, definition } = field
  switch (storage.computation.by) {
    case 'template':
      return known(ctx, entity, storage.computation.template)
    case 'formula':
      return definition.formula && known(ctx, entity, definition.formula)
    case 'lookup':
      return (
        definition.lookup &&
        known(ctx, entity, `${definition.lookup.through}.${definition.lookup.field}`)
      )
    case 'rollup': {
      const { from, through, measure, field: summed } = storage.computation
      const target = ctx.model.entities.get(from)
      if (!target || !ctx.ability.can('read', from)) return undefined
      const names = known(ctx, target, [through, summed ?? ''].join(' '))
      return names && `${measure}(${target.plural}${summed === null ? '' : `.${summed}`})`
    }
    default:
      return undefined
  }
}

/** The text, if every field that one of its words could mean may be read. */
function known(ctx: RequestContext, entity: Entity, text: string): string | undefined {
  const paths = text.match(/[A-Za-z_]\w*(?:\.\w+)*/g) ?? []
  return paths.every((path) => mayKnow(ctx, entity, path.split('.'))) ? text : undefined
}

function mayKnow(ctx: RequestContext, entity: Entity, path: readonly string[]): boolean {
  const [name = '', ...rest] = path
  const field = entity.fields.get(name) ?? entity.byApiName.get(name)
  if (!field) return true
  if (!canReadField(ctx.ability, entity, field.apiName)) return false
  const target = field.target === null ? undefined : ctx.model.entities.get(field.target)
  return !target || rest.length === 0 || mayKnow(ctx, target, rest)
}
