import type { FieldTypeDefinition } from '@runwaycrm/sdk'
import type { Operation } from './resolve-rules.ts'

/** What a condition must know of a field; the model's `Field` fits. */
export interface ConditionField {
  readonly key: string
  readonly apiName: string
  readonly target: string | null
  readonly typeDefinition: FieldTypeDefinition
}

/** What a condition must know of an entity; the model's `Entity` fits. */
export interface ConditionEntity<F extends ConditionField = ConditionField> {
  readonly ref: string
  readonly plural: string
  readonly byApiName: ReadonlyMap<string, F>
  readonly definition?: {
    readonly private?: readonly Operation[] | undefined
    readonly shownTo?: ShownTo | undefined
    readonly audience?: Audience | undefined
  }
}

/** How the owner of a record shares it: the keys of the fields that say with whom. */
export interface Audience {
  /** A boolean: with others at all. */
  readonly shared: string
  /** A list of references of roles; null is everybody. */
  readonly roles?: string | undefined
}

/** Who reads records that are private, besides their owner. */
export interface ShownTo {
  /** Fields that name a member each. */
  readonly members?: readonly string[]
  /** A field that holds the reference of a role. */
  readonly role?: string
  readonly admins?: boolean
}

/**
 * How two values of a field compare. `instant` is a moment, `id` a UUID, `list` an array of texts,
 * `opaque` anything of which only presence can be asked.
 */
export type Domain = 'text' | 'number' | 'boolean' | 'date' | 'instant' | 'id' | 'list' | 'opaque'

/** A value in storage terms: dates `YYYY-MM-DD`, moments ISO with milliseconds and Z, currency in 1/10,000. */
export type Comparable = string | number | boolean

/** The right side of a leaf; what is not a value is known only when the condition is used. */
export type Operand =
  | { readonly is: 'value'; readonly value: Comparable }
  /** The user who asks, or nobody. */
  | { readonly is: 'me' }
  /** All who share a team with the user, the user included; only inside lists. */
  | { readonly is: 'team' }
  /** An edge of a period such as `@thisMonth`. */
  | { readonly is: 'edge'; readonly token: string; readonly edge: 'from' | 'to' }
  | { readonly is: 'list'; readonly items: readonly Exclude<Operand, { is: 'list' }>[] }

/** The operators that are left when negations, nulls and periods have been resolved. */
export type LeafOperator =
  | '$exists'
  | '$eq'
  | '$gt'
  | '$gte'
  | '$lt'
  | '$lte'
  | '$in'
  | '$contains'
  | '$startsWith'

/** A question about one value. On null it is false, whatever the operator. */
export interface Leaf<F extends ConditionField = ConditionField> {
  readonly kind: 'leaf'
  /** The relations on the way, from the entity that the condition is about. */
  readonly steps: readonly F[]
  readonly field: F
  /** `currency` of a currency, `type` of an actor; null is the main value. */
  readonly part: string | null
  readonly domain: Domain
  readonly operator: LeafOperator
  readonly operand: Operand
}

/** A checked condition. Leaves are two-valued, so `not` is plain negation. */
export type Condition<F extends ConditionField = ConditionField> =
  | { readonly kind: 'all'; readonly of: readonly Condition<F>[] }
  | { readonly kind: 'any'; readonly of: readonly Condition<F>[] }
  | { readonly kind: 'not'; readonly of: Condition<F> }
  | Leaf<F>

/** What a condition is evaluated for. */
export interface ConditionRun {
  readonly userId: string | null
  readonly teammates: readonly string[]
  readonly now: Date
  readonly timeZone: string
}

const domains: Readonly<Record<FieldTypeDefinition['storage'], Domain>> = {
  text: 'text',
  computed: 'text',
  float8: 'number',
  bigint: 'number',
  boolean: 'boolean',
  date: 'date',
  timestamptz: 'instant',
  uuid: 'id',
  jsonb: 'opaque',
}

/** A relation to several records, which conditions ask whether any of them fits. */
export function isMany(field: ConditionField): boolean {
  return field.typeDefinition.kind === 'relations'
}

export function domainOf(field: ConditionField, part: string | null): Domain {
  const type = field.typeDefinition
  if (type.kind === 'actor') return 'text'
  if (part !== null) {
    if (isMainPart(field, part)) return 'id'
    return domains[type.parts?.[part] ?? 'jsonb']
  }
  if (type.kind === 'composite' && type.join === undefined) return 'opaque'
  return type.kind === 'options' || isMany(field) ? 'list' : domains[type.storage]
}

/** The names that may follow a field after a dot. */
export function partsOf(field: ConditionField): readonly string[] {
  const type = field.typeDefinition
  if (type.kind === 'actor') return ['id', 'type', 'name']
  const own = Object.keys(type.parts ?? {})
  return type.kind === 'reference' ? ['id', ...own] : own
}

/** `about.id` is the main value of a reference under a name of its own. */
export function isMainPart(field: ConditionField, part: string | null): boolean {
  return field.typeDefinition.kind === 'reference' && part === 'id'
}
