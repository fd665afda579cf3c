import type { FieldValues, Filter, Issue, RecordData } from '@runwaycrm/sdk'
import type { Condition } from '../access/condition-tree.ts'
import { matchCondition } from '../access/match-condition.ts'
import type { RequestContext } from '../context/request-context.ts'
import { checkRuleCondition } from '../model/check-field-rules.ts'
import { sameValue } from '../model/leaf.ts'
import type { Entity, Field } from '../model/model.ts'
import type { Codecs } from './fields.ts'
import { storageOf } from './storage-columns.ts'
import { invalidError, type StorageValues } from './validate.ts'

/** `require` and `lock` of one field. What it shows is the face's to follow. */
interface FieldRule {
  readonly field: Field
  readonly effect: 'require' | 'lock'
  readonly condition: Condition<Field>
  /** API names of the field and of those that the condition looks at. */
  readonly concerns: ReadonlySet<string>
}

const known = new WeakMap<Entity, readonly FieldRule[]>()

/** One whose condition cannot be read was told when the model was composed; it is left out. */
function rulesOf(entity: Entity): readonly FieldRule[] {
  const cached = known.get(entity)
  if (cached) return cached
  const rules = [...entity.fields.values()].flatMap((field) =>
    Object.values(field.definition.rules ?? {}).flatMap(({ effect, when }): FieldRule[] => {
      if (effect === 'show' || field.storage.in === 'computed') return []
      try {
        const condition = checkRuleCondition(entity, when as Filter)
        const concerns = new Set([field.apiName, ...fieldsIn(condition)])
        return [{ field, effect: effect as FieldRule['effect'], condition, concerns }]
      } catch {
        return []
      }
    }),
  )
  known.set(entity, rules)
  return rules
}

function fieldsIn(condition: Condition<Field>): string[] {
  switch (condition.kind) {
    case 'leaf':
      return [condition.field.apiName]
    case 'not':
      return fieldsIn(condition.of)
    default:
      return condition.of.flatMap(fieldsIn)
  }
}

/** A write of one record. What comes from the ledger, `stored`, is set as it was. */
interface Ruled {
  readonly draft: { readonly stored?: StorageValues | undefined }
  readonly values?: StorageValues
}

/** Whether a write has to be looked at beside the record as it is. */
export const isRuled =
  (entity: Entity) =>
  ({ draft, values }: Ruled): boolean => {
    if (!values || draft.stored || rulesOf(entity).length === 0) return false
    const { byLedgerKey } = storageOf(entity)
    const given = values.given.flatMap((key) => byLedgerKey.get(key)?.field.apiName ?? [])
    return rulesOf(entity).some(({ concerns }) => given.some((name) => concerns.has(name)))
  }

/**
 * Refuses what the rules of fields have against a write, named at the fields. A rule that a write does not touch, by
 * its field or by what its condition looks at, says nothing: records from before it stay as they are.
 *
 * @param before the whole record; null for one that is made, which has no field locked yet.
 * @throws InvalidError
 */
export function holdFieldRules(
  ctx: RequestContext,
  entity: Entity,
  { draft, values }: Ruled,
  before: RecordData | null,
  codecs: Codecs,
): void {
  const rules = rulesOf(entity)
  if (rules.length === 0 || draft.stored || !values) return
  const given = shown(entity, values, codecs)
  const after = { ...before, ...given }
  const run = {
    userId: ctx.principal.userId,
    teammates: ctx.principal.teammates,
    now: ctx.now,
    timeZone: ctx.org.timeZone,
  }
  const issues = rules.flatMap(({ field, effect, condition, concerns }): Issue[] => {
    const { apiName: path } = field
    if (before !== null && !Object.keys(given).some((name) => concerns.has(name))) return []
    if (effect === 'lock') {
      const isChanged = path in given && !sameValue(before?.[path], given[path])
      if (before === null || !isChanged || !matchCondition(condition, before, run)) return []
      const message = `"${field.label}" is locked while the record is as it is.`
      return [{ path, code: 'READ_ONLY', message }]
    }
    if (!isBlank(after[path]) || !matchCondition(condition, after, run)) return []
    return [{ path, code: 'REQUIRED', message: `"${field.label}" needs a value now.` }]
  })
  if (issues.length > 0) throw invalidError(issues)
}

function isBlank(value: unknown): boolean {
  return (value ?? null) === null || (Array.isArray(value) && value.length === 0)
}

/** What is written as the API shows it, by API name. */
function shown(entity: Entity, values: StorageValues, codecs: Codecs): FieldValues {
  const { byLedgerKey, partsOf } = storageOf(entity)
  const fields = new Set(values.given.flatMap((key) => byLedgerKey.get(key)?.field ?? []))
  return Object.fromEntries(
    [...fields].map((field) => {
      let main: unknown = null
      const parts: Record<string, unknown> = {}
      for (const { part, column, ledgerKey } of partsOf.get(field) ?? []) {
        const value = (column === null ? values.custom[ledgerKey] : values.columns[column]) ?? null
        if (part === null) main = value
        else parts[part] = value
      }
      return [field.apiName, main === null ? null : codecs.of(field).format({ main, parts })]
    }),
  )
}
