import type { EntityInfo, FieldInfo, HandlerContext } from '@runwaycrm/sdk'
import { InvalidError } from '@runwaycrm/sdk'
import type { Comparison } from './compare.ts'

/** A contribution to the point `duplicateRules`. */
export interface DuplicateRule {
  readonly entity: string
  readonly threshold?: number
  readonly fields: Readonly<
    Record<
      string,
      { readonly compare: Comparison; readonly weight: number; readonly least?: number }
    >
  >
}

/** A field that is compared, as the reader may see it. */
export interface RuleField {
  readonly field: FieldInfo
  readonly compare: Comparison
  readonly weight: number
  /** How alike two texts have to be to count, 0 to 1. */
  readonly least: number
}

export interface EntityRules {
  readonly threshold: number
  readonly fields: readonly RuleField[]
}

const defaults = { threshold: 60, least: 0.6 } as const

/**
 * What is known of an entity's duplicates. Rules of several plugins add up, field by field; fields that are
 * hidden from the reader are none.
 *
 * @throws InvalidError when there is nothing to compare by.
 */
export function rulesOf(ctx: HandlerContext, entity: EntityInfo): EntityRules {
  const rules = [...ctx.model.contributions<DuplicateRule>('duplicateRules').values()].filter(
    (rule) => rule.entity === entity.ref,
  )
  const fields = new Map<string, RuleField>()
  for (const rule of rules)
    for (const [name, { compare, weight, least = defaults.least }] of Object.entries(rule.fields)) {
      const field = entity.fields.find((one) => one.apiName === name)
      if (field?.can.read) fields.set(name, { field, compare, weight, least })
    }
  if (fields.size === 0) {
    const message = `Nothing says how ${entity.labelPlural} are compared. Add a rule for duplicates.`
    throw new InvalidError(message, {
      errors: [{ path: 'input.entity', code: 'OUT_OF_RANGE', message }],
    })
  }
  const threshold = Math.min(...rules.map((rule) => rule.threshold ?? defaults.threshold))
  return { threshold, fields: [...fields.values()] }
}

/** @throws InvalidError for an entity that is not there, or whose records are not for merging. */
export function entityFor(ctx: HandlerContext, name: string): EntityInfo {
  const entity = ctx.model.entity(name, ctx.language)
  const message = !entity?.can.read
    ? `There is no entity "${name}", or you may not read it.`
    : entity.plugin === 'kernel'
      ? `${entity.labelPlural} are not merged: they sign in and own records.`
      : null
  if (entity && message === null) return entity
  throw new InvalidError(message ?? '', {
    errors: [{ path: 'input.entity', code: 'OUT_OF_RANGE', message: message ?? '' }],
  })
}
