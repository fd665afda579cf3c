import { placeOf } from '../manifest/problem.ts'
import { sameValue } from './leaf.ts'
import type { Entity, Field } from './model.ts'
import type { CountWhere, PlanItem, Severity } from './plan-change.ts'
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
  const fields = quantity(entity.fields.size, 'field', 'fields')
  const text = `Adds the object "${entity.definition.label}" with ${fields}.`
  return { severity: 'safe', path: placeOf('entities', entity.ref), text, affects: [] }
}

async function entityRemoved(entity: Entity, countWhere: CountWhere): Promise<PlanItem> {
  const records = await countWhere(entity, {})
  const kept = records > 0 ? ` ${recordsOf(entity, records)} can no longer be reached.` : ''
  return {
    severity: records > 0 ? 'destructive' : 'breaking',
    path: placeOf('entities', entity.ref),
    text: `Removes the object "${entity.definition.label}".${kept}`,
    affects: [{ entity: entity.ref, records }],
  }
}

function entityChanged(before: Entity, after: Entity): PlanItem[] {
  const { fields: _before, ...was } = before.definition
  const { fields: _after, ...is } = after.definition
  const keys = new Set([...Object.keys(was), ...Object.keys(is)])
  const changed = [...keys].filter((key) => !sameValue(Reflect.get(was, key), Reflect.get(is, key)))
  if (changed.length === 0) return []
  const path = placeOf('entities', after.ref)
  const text =
    was.label === is.label
      ? `Changes ${changed.join(', ')} of "${is.label}".`
      : `Calls "${was.label}" from now on "${is.label}".`
  return [{ severity: 'safe', path, text, affects: [] }]
}

/** Fields whose values stand under another key now, by that key. */
function renamedFields(before: Entity, after: Entity): Map<string, Field> {
  const gone = [...before.fields.values()].filter(({ key }) => !after.fields.has(key))
  return new Map(
    [...after.fields.values()].flatMap((is) => {
      const was =
        before.fields.has(is.key) || idOf(is) === null
          ? null
          : gone.find((one) => idOf(one) === idOf(is))
      return was ? [[is.key, was] as const] : []
    }),
  )
}

const idOf = ({ storage }: Field) => (storage.in === 'custom' ? storage.id : null)

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
  const many = after.definition.labelPlural.toLowerCase()
  const tell = (severity: Severity, field: Field, text: string, records?: number): PlanItem => ({
    severity,
    path: placeOf('entities', after.ref, 'fields', field.key),
    text,
    affects: records === undefined ? [] : [{ entity: after.ref, records }],
  })
  if (!was) {
    if (!is) return []
    const added = `Adds the field "${is.label}" to ${many}.`
    if (!is.required || is.definition.default !== undefined) return [tell('safe', is, added)]
    const records = await countWhere(before, {})
    const without = `${recordsOf(after, records)} ${have(records)} no ${is.label}.`
    return [tell(records > 0 ? 'breaking' : 'safe', is, `${added} ${without}`, records)]
  }
  const filled = () =>
    was.storage.in === 'computed'
      ? Promise.resolve(0)
      : countWhere(before, { [was.apiName]: { $exists: true } })
  if (!is) {
    const records = await filled()
    const text = `Removes the field "${was.label}" from ${many}. ${holding(records, after)}`
    return [tell(records > 0 ? 'destructive' : 'breaking', was, text, records)]
  }
  if (isLost) {
    const text = `The field "${is.label}" of ${many} stays blank: what it builds on goes away.`
    return [tell('breaking', is, text)]
  }
  // Said by whoever has looked at the values.
  if (isTypeChange(was, is)) return []
  if (!isSameField(was, is)) {
    const records = await filled()
    const text = `Starts the field "${is.label}" of ${many} anew. ${holding(records, after)}`
    return [tell(records > 0 ? 'destructive' : 'breaking', is, text, records)]
  }
  const items = await Promise.all(
    stricterRules(was, is).map(async ({ filter, text, worst }) => {
      const records = await countWhere(before, filter)
      const severity = records > 0 ? (worst ?? 'breaking') : 'safe'
      const subject = `${recordsOf(after, records)} ${text(records)}`
      return tell(severity, is, `${subject}.`, records)
    }),
  )
  if (isRenamed) {
    const names = `${was.apiName} is called ${is.apiName} in filters, imports and the API`
    items.push(
      tell('breaking', is, `The field "${was.label}" of ${many} keeps its values; ${names}.`),
    )
  }
  if (items.length > 0) return items
  const text =
    was.label === is.label
      ? `Changes the field "${is.label}" of ${many}.`
      : `Calls the field "${was.label}" of ${many} from now on "${is.label}".`
  return [tell('safe', is, text)]
}

interface StricterRule {
  readonly filter: Parameters<CountWhere>[1]
  readonly text: (records: number) => string
  /** Of records that fall short; breaking unless said. */
  readonly worst?: Severity
}

/** What records can fall short of after the change, as filters in the terms of the published model. */
function stricterRules(was: Field, is: Field): StricterRule[] {
  const rules: StricterRule[] = []
  const { apiName } = was
  const label = is.label
  if (is.required && !was.required) {
    rules.push({
      filter: { [apiName]: { $exists: false } },
      text: (n) => `${have(n)} no ${label}, which becomes required`,
    })
  }
  for (const key of goneOptions(was, is)) {
    const operator = was.typeDefinition.kind === 'options' ? '$contains' : '$eq'
    rules.push({
      filter: { [apiName]: { [operator]: key } },
      text: (n) =>
        `${have(n)} the option "${key}" of ${label}, which goes away: the value stays and is shown as "${key}", but nobody can choose it again`,
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
      text: (n) => `${have(n)} a ${label} below the new least value ${min}`,
    })
  }
  if (
    max !== undefined &&
    operators.includes('$gt') &&
    (was.definition.max ?? Number.POSITIVE_INFINITY) > max
  ) {
    rules.push({
      filter: { [apiName]: { $gt: max } },
      text: (n) => `${have(n)} a ${label} above the new greatest value ${max}`,
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
  return was.type === is.type && was.storage.in === is.storage.in && idOf(was) === idOf(is)
}

/** Computed, and with a mistake in it. */
function isBlank({ storage }: Field): boolean {
  return storage.in === 'computed' && storage.computation.by === 'nothing'
}

function holding(records: number, entity: Entity): string {
  if (records === 0) return 'No record has a value in it.'
  return `${recordsOf(entity, records)} ${have(records)} a value in it, which can no longer be reached.`
}

/** `214 leads`, `1 lead`. */
function recordsOf({ definition }: Entity, records: number): string {
  return quantity(records, definition.label.toLowerCase(), definition.labelPlural.toLowerCase())
}

function quantity(n: number, one: string, many: string): string {
  return `${n.toLocaleString('en')} ${n === 1 ? one : many}`
}

function have(records: number): string {
  return records === 1 ? 'has' : 'have'
}
