import { placeOf } from '../manifest/problem.ts'
import { sameValue } from './leaf.ts'
import type { Entity, Field } from './model.ts'
import type { CountWhere } from './plan-change.ts'
import { type PlanItem, planned, type Severity } from './plan-item.ts'
import type { Sentence } from './sentence.ts'
import { storageIdOf } from './storage-names.ts'
import { isTypeChange } from './type-change.ts'

/** What happens to one entity and its fields; nothing when both are the same. */
export async function planEntity(
  before: Entity | undefined,
  after: Entity | undefined,
  countWhere: CountWhere,
): Promise<PlanItem[]> {
  if (before === after) return []
  if (!before) return after ? [entityAdded(after)] : []
  if (!after) return [await entityRemoved(before, countWhere)]
  const keys = new Set([...before.fields.keys(), ...after.fields.keys()])
  const renamed = renamedFields(before, after)
  for (const was of renamed.values()) keys.delete(was.key)
  const fields = await Promise.all(
    [...keys].map((key) => {
      const was = before.fields.get(key) ?? renamed.get(key)
      return planField(before, after, was, after.fields.get(key), countWhere)
    }),
  )
  return [...entityChanged(before, after), ...fields.flat()]
}

function entityAdded(entity: Entity): PlanItem {
  const n = entity.fields.size
  const fields: Sentence = { key: 'plan.fields', count: n, values: { n } }
  const says = { key: 'plan.objectAdded', values: { object: { object: entity }, fields } }
  return planned('safe', placeOf('entities', entity.ref), says)
}

async function entityRemoved(entity: Entity, countWhere: CountWhere): Promise<PlanItem> {
  const n = await countWhere(entity, {})
  return planned(
    n > 0 ? 'destructive' : 'breaking',
    placeOf('entities', entity.ref),
    {
      key: n > 0 ? 'plan.objectRemovedRecords' : 'plan.objectRemoved',
      values: { object: { object: entity }, records: { records: entity, n } },
    },
    [{ entity: entity.ref, records: n }],
  )
}

function entityChanged(before: Entity, after: Entity): PlanItem[] {
  const { fields: _before, ...was } = before.definition
  const { fields: _after, ...is } = after.definition
  const keys = new Set([...Object.keys(was), ...Object.keys(is)])
  const changed = [...keys].filter((key) => !sameValue(Reflect.get(was, key), Reflect.get(is, key)))
  if (changed.length === 0) return []
  const path = placeOf('entities', after.ref)
  const says: Sentence =
    was.label === is.label
      ? { key: 'plan.objectChanged', values: { parts: changed, object: { object: after } } }
      : { key: 'plan.objectCalled', values: { was: { object: before }, is: { object: after } } }
  return [planned('safe', path, says)]
}

/** Fields whose values stand under another key now, by that key. */
function renamedFields(before: Entity, after: Entity): Map<string, Field> {
  const gone = [...before.fields.values()].filter(({ key }) => !after.fields.has(key))
  return new Map(
    [...after.fields.values()].flatMap((is) => {
      const was =
        before.fields.has(is.key) || storageIdOf(is) === null
          ? null
          : gone.find((one) => storageIdOf(one) === storageIdOf(is))
      return was ? [[is.key, was] as const] : []
    }),
  )
}

async function planField(
  before: Entity,
  after: Entity,
  was: Field | undefined,
  is: Field | undefined,
  countWhere: CountWhere,
): Promise<PlanItem[]> {
  const isLost = is && isBlank(is) && was && !isBlank(was)
  const isRenamed = was !== undefined && is !== undefined && was.key !== is.key
  const isSame = was && is && isSameField(was, is) && sameValue(was.definition, is.definition)
  if (!isLost && isSame && !isRenamed) return []
  const objects = { records: after }
  const tell = (
    severity: Severity,
    field: Field,
    says: Sentence,
    records?: number,
    formerly?: string,
  ): PlanItem => ({
    ...planned(
      severity,
      placeOf('entities', after.ref, 'fields', field.key),
      { ...says, values: { field: { field, of: after }, objects, ...says.values } },
      records === undefined ? [] : [{ entity: after.ref, records }],
    ),
    ...(formerly !== undefined && { formerly }),
  })
  if (!was) {
    if (!is) return []
    if (!is.required || is.definition.default !== undefined) {
      return [tell('safe', is, { key: 'plan.fieldAdded' })]
    }
    const n = await countWhere(before, {})
    const records = { records: after, n }
    const says = { key: 'plan.fieldAddedRequired', count: n, values: { records } }
    return [tell(n > 0 ? 'breaking' : 'safe', is, says, n)]
  }
  const filled = () =>
    was.storage.in === 'computed'
      ? Promise.resolve(0)
      : countWhere(before, { [was.apiName]: { $exists: true } })
  if (!is) {
    const n = await filled()
    const says = { key: 'plan.fieldRemoved', values: { values: holding(n, after) } }
    return [tell(n > 0 ? 'destructive' : 'breaking', was, says, n)]
  }
  if (isLost) return [tell('breaking', is, { key: 'plan.fieldBlank' })]
  // Said by whoever has looked at the values.
  if (isTypeChange(was, is)) return []
  if (!isSameField(was, is)) {
    const n = await filled()
    const says = { key: 'plan.fieldAnew', values: { values: holding(n, after) } }
    return [tell(n > 0 ? 'destructive' : 'breaking', is, says, n)]
  }
  const items = await Promise.all(
    stricterRules(was, is).map(async ({ filter, key, values, worst }) => {
      const n = await countWhere(before, filter)
      const severity = n > 0 ? (worst ?? 'breaking') : 'safe'
      const records = { records: after, n }
      return tell(severity, is, { key, count: n, values: { records, ...values } }, n)
    }),
  )
  if (isRenamed) {
    const values = { field: { field: was, of: before }, was: was.apiName, is: is.apiName }
    const formerly = placeOf('entities', before.ref, 'fields', was.key)
    items.push(tell('breaking', is, { key: 'plan.fieldRenamed', values }, undefined, formerly))
  }
  if (items.length > 0) return items
  if (was.label === is.label) return [tell('safe', is, { key: 'plan.fieldChanged' })]
  const called = { was: { field: was, of: before }, is: { field: is, of: after } }
  return [tell('safe', is, { key: 'plan.fieldCalled', values: called })]
}

interface StricterRule {
  readonly filter: Parameters<CountWhere>[1]
  readonly key: string
  readonly values?: NonNullable<Sentence['values']>
  /** Of records that fall short; breaking unless said. */
  readonly worst?: Severity
}

/** What records can fall short of after the change, as filters in the terms of the published model. */
function stricterRules(was: Field, is: Field): StricterRule[] {
  const rules: StricterRule[] = []
  const { apiName } = was
  if (is.required && !was.required) {
    rules.push({
      filter: { [apiName]: { $exists: false } },
      key: 'plan.becomesRequired',
    })
  }
  for (const key of goneOptions(was, is)) {
    const operator = was.typeDefinition.kind === 'options' ? '$contains' : '$eq'
    rules.push({
      filter: { [apiName]: { [operator]: key } },
      key: 'plan.optionGone',
      values: { option: key },
      worst: 'destructive',
    })
  }
  const { min, max } = is.definition
  const { operators } = was.typeDefinition
  if (
    min !== undefined &&
    operators.includes('$lt') &&
    (was.definition.min ?? Number.NEGATIVE_INFINITY) < min
  ) {
    rules.push({
      filter: { [apiName]: { $lt: min } },
      key: 'plan.belowMin',
      values: { value: min },
    })
  }
  if (
    max !== undefined &&
    operators.includes('$gt') &&
    (was.definition.max ?? Number.POSITIVE_INFINITY) > max
  ) {
    rules.push({
      filter: { [apiName]: { $gt: max } },
      key: 'plan.aboveMax',
      values: { value: max },
    })
  }
  return rules
}

function goneOptions(was: Field, is: Field): string[] {
  const now = is.definition.options ?? {}
  return Object.keys(was.definition.options ?? {}).filter((key) => !Object.hasOwn(now, key))
}

/** Of one type, and with values in the same place: under the same storage id, where there is one. */
function isSameField(was: Field, is: Field): boolean {
  return (
    was.type === is.type && was.storage.in === is.storage.in && storageIdOf(was) === storageIdOf(is)
  )
}

/** Computed, and with a mistake in it. */
function isBlank({ storage }: Field): boolean {
  return storage.in === 'computed' && storage.computation.by === 'nothing'
}

function holding(n: number, entity: Entity): Sentence {
  if (n === 0) return { key: 'plan.noValues' }
  return { key: 'plan.valuesLost', count: n, values: { records: { records: entity, n } } }
}
