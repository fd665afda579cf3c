import {
  type Door,
  FieldNotWritableError,
  type FieldValues,
  InvalidError,
  type Issue,
  type Principal,
  type StoredValue,
} from '@runwaycrm/sdk'
import { canReadField, fieldMaskOf } from '../access/field-mask.ts'
import type { RequestContext } from '../context/request-context.ts'
import { pathOfPlace, placeOf } from '../manifest/problem.ts'
import type { Entity, Field } from '../model/model.ts'
import { termOf, type Words } from '../model/words.ts'
import { createValueCheck, type ValueCheck } from './check-value.ts'
import type { Codecs } from './fields.ts'
import { type StoredPart, storageOf } from './storage-columns.ts'

/** Values of one record as they are kept, ready for a statement. */
export interface StorageValues {
  /** Ledger keys of everything that is written; null values clear. */
  readonly given: readonly string[]
  /** Those of them that the model or a hook added: no rights of the actor are asked for them. */
  readonly added?: readonly string[]
  readonly columns: Readonly<Record<string, unknown>>
  /** Values kept in `custom` by storage id. */
  readonly custom: Readonly<Record<string, unknown>>
  /** Storage ids that are cleared. */
  readonly unset: readonly string[]
}

export interface Checked {
  readonly values: StorageValues
  readonly issues: readonly Issue[]
  /** API names of fields that exist for the actor, who may not write them. */
  readonly notWritable: readonly string[]
  /** The fields that the actor named, without defaults. */
  readonly fields: readonly Field[]
}

/** Doors through which people and scripts write; only code writes fields that are read-only. */
const outerDoors: ReadonlySet<Door> = new Set(['api', 'app', 'import', 'cli'])

/**
 * Turns values of the API into what is kept, under what the actor may write. Names every problem at
 * once. Everything that depends on the entity alone is worked out once per entity.
 */
export function createValidator(codecs: Codecs) {
  const compiled = new WeakMap<Entity, Map<string, FieldPlan>>()

  function plansOf(entity: Entity): Map<string, FieldPlan> {
    let plans = compiled.get(entity)
    if (!plans) {
      plans = compilePlans(entity, codecs)
      compiled.set(entity, plans)
    }
    return plans
  }

  /**
   * @param values as the API carries them; not an object is one issue at the path itself.
   * @param path put before the field in issues: `create[3].`.
   * @param trusted values set by hooks: read-only fields and rights are not looked at.
   */
  function check(
    ctx: RequestContext,
    entity: Entity,
    operation: 'create' | 'update',
    values: FieldValues,
    path = '',
    trusted = false,
  ): Checked {
    const plans = plansOf(entity)
    const mask = fieldMaskOf(ctx.ability, entity, operation)
    const out = new Collected(path)
    const inner = trusted || writesReadOnly(ctx.principal, ctx.door)
    if (!isPlainObject(values)) {
      out.issue('', 'WRONG_TYPE', 'Send an object with the fields of the record.')
      return out
    }
    for (const name of Object.keys(values)) {
      if (values[name] === undefined) continue
      const plan = plans.get(name)
      if (!plan || !(trusted || isVisible(ctx, entity, name))) {
        out.issue(name, 'UNKNOWN_FIELD', 'There is no such field.')
        continue
      }
      if (!plan.writable || (plan.field.readOnly && !inner)) {
        out.issue(name, 'READ_ONLY', 'This field cannot be written.')
        continue
      }
      if (!trusted && mask.get(name) === false) {
        out.notWritable.push(name)
        continue
      }
      out.take(plan, values[name], ctx)
    }
    if (operation === 'create' && !trusted) {
      for (const plan of plans.values()) {
        if (!plan.writable || out.has(plan.field)) continue
        if (plan.defaultValue !== undefined) out.take(plan, plan.defaultValue, ctx, true)
        else if (plan.field.required && mask.get(plan.field.apiName) !== false)
          out.required(plan.field.apiName)
      }
    }
    return out
  }

  return { check }
}
export type Validator = ReturnType<typeof createValidator>

/** @throws FieldNotWritableError, InvalidError with every problem of all of them. */
export function assertValid(words: Words, checked: readonly Checked[], entity: Entity): void {
  const issues = checked.flatMap((one) => one.issues)
  const notWritable = [...new Set(checked.flatMap((one) => one.notWritable))]
  if (notWritable.length > 0) throw notWritableError(words, entity, notWritable)
  if (issues.length > 0) throw invalidError(issues)
}

export function invalidError(issues: readonly Issue[]): InstanceType<typeof InvalidError> {
  const message =
    issues.length === 1
      ? `${issues[0]!.path}: ${issues[0]!.message}`
      : `${issues.length} values are not valid.`
  return new InvalidError(message, { errors: issues })
}

export function notWritableError(
  words: Words,
  entity: Entity,
  fields: readonly string[],
): InstanceType<typeof FieldNotWritableError> {
  const names = fields.map((field) => `"${field}"`).join(', ')
  return new FieldNotWritableError(`You may not change ${names} of ${termOf(words, entity).one}.`, {
    details: { entity: entity.ref, fields },
    extra: { fields },
  })
}

function writesReadOnly(principal: Principal, door: Door): boolean {
  return principal.type === 'system' || !outerDoors.has(door)
}

function isPlainObject(value: unknown): value is FieldValues {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

interface FieldPlan {
  readonly field: Field
  readonly writable: boolean
  readonly check: ValueCheck
  readonly parts: readonly StoredPart[]
  readonly defaultValue: unknown
}

function compilePlans(entity: Entity, codecs: Codecs): Map<string, FieldPlan> {
  const storage = storageOf(entity)
  const plans = new Map<string, FieldPlan>()
  for (const [name, field] of entity.byApiName) {
    const parts = storage.partsOf.get(field) ?? []
    plans.set(name, {
      field,
      writable: parts.length > 0 && field.typeDefinition.generated === undefined,
      check: createValueCheck(field, codecs.of(field)),
      parts,
      defaultValue: field.definition.default ?? undefined,
    })
  }
  return plans
}

/** Who may create and not read at all names fields blindly; for everybody else hidden is unknown. */
function isVisible(ctx: RequestContext, entity: Entity, name: string): boolean {
  return !ctx.ability.can('read', entity.ref) || canReadField(ctx.ability, entity, name)
}

/** What the check of one record gathers on its way. */
class Collected implements Checked {
  readonly issues: Issue[] = []
  readonly notWritable: string[] = []
  readonly fields: Field[] = []
  readonly #path: string
  readonly #taken = new Set<Field>()
  readonly #given: string[] = []
  readonly #added: string[] = []
  readonly #columns: Record<string, unknown> = {}
  readonly #custom: Record<string, unknown> = {}
  readonly #unset: string[] = []

  constructor(path: string) {
    this.#path = path
  }

  get values(): StorageValues {
    return {
      given: this.#given,
      ...(this.#added.length > 0 ? { added: this.#added } : {}),
      columns: this.#columns,
      custom: this.#custom,
      unset: this.#unset,
    }
  }

  has(field: Field): boolean {
    return this.#taken.has(field)
  }

  take(plan: FieldPlan, input: unknown, ctx: RequestContext, isDefault = false): void {
    const { field } = plan
    this.#taken.add(field)
    if (!isDefault) this.fields.push(field)
    const checked = plan.check(input, ctx.org)
    if (!checked.ok) {
      const { code, message, path } = checked.problem
      this.issue(path ? `${field.apiName}.${path}` : field.apiName, code, message)
      return
    }
    if (checked.value === null && field.required) {
      this.required(field.apiName)
      return
    }
    const stored =
      field.typeDefinition.kind === 'reference'
        ? canonicalReference(checked.value, ctx)
        : checked.value
    if (!this.#isDefinition(field, stored, ctx)) return
    for (const part of plan.parts) {
      const value = partValue(stored, part)
      this.#given.push(part.ledgerKey)
      if (isDefault) this.#added.push(part.ledgerKey)
      if (part.column !== null) this.#columns[part.column] = value
      else if (value === null) this.#unset.push(part.ledgerKey)
      else this.#custom[part.ledgerKey] = value
    }
  }

  /** Whether a value is what the point that its field names takes; a point that nobody brings takes anything. */
  #isDefinition(field: Field, value: StoredValue | null, ctx: RequestContext): boolean {
    const { of, without = [] } = field.definition.point ?? {}
    const point = of && ctx.model.points.get(of)
    if (!point || value === null) return true
    const said = new Set(without.map((member) => placeOf(field.apiName, member)))
    const problems = point
      .check(value.main, field.apiName)
      .filter(({ at, code }) => code !== 'REQUIRED' || !said.has(at))
    for (const { at, code, message, hint } of problems)
      this.issue(pathOfPlace(at), code, `${message} ${hint}`)
    return problems.length === 0
  }

  required(name: string): void {
    this.issue(name, 'REQUIRED', 'This field needs a value.')
  }

  issue(name: string, code: Issue['code'], message: string): void {
    const path = this.#path && name ? `${this.#path}.${name}` : this.#path || name
    this.issues.push({ path, code, message })
  }
}

/** A reference may name its entity in two ways; it is kept by its reference. */
function canonicalReference(value: StoredValue | null, ctx: RequestContext): StoredValue | null {
  const name = value?.parts?.entity
  const entity = typeof name === 'string' ? ctx.model.entityByPlural.get(name) : undefined
  return value && entity ? { ...value, parts: { ...value.parts, entity: entity.ref } } : value
}

function partValue(value: StoredValue | null, part: StoredPart): unknown {
  if (value === null) return null
  return (part.part === null ? value.main : value.parts?.[part.part]) ?? null
}
