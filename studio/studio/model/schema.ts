import type { Json, Path } from './leaf.ts'
import { isJsonObject } from './leaf.ts'

/** The part of JSON Schema that points are written in, with their own marks. */
export interface Schema {
  readonly type?: string | readonly string[]
  readonly title?: string
  readonly description?: string
  readonly format?: string
  readonly pattern?: string
  readonly enum?: readonly Json[]
  readonly const?: Json
  readonly default?: Json
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly uniqueItems?: boolean
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly patternProperties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: boolean | Schema
  readonly required?: readonly string[]
  readonly items?: Schema
  /** What other layers may do with what stands there. */
  readonly 'x-override'?: 'free' | 'narrow'
  readonly 'x-narrow'?: 'min-up' | 'max-down' | 'true-only' | 'subset'
  /** Names of fields of the definition's entity, or conditions over them. */
  readonly 'x-rule'?: boolean
  /** What the rules of a point ask about, and with which operators besides those of filters. */
  readonly 'x-rules'?: {
    readonly facts?: object
    readonly operators?: Readonly<Record<string, object>>
  }
  readonly 'x-formula'?: object
  readonly 'x-names'?: string
  /** A text that names a contribution of this point. */
  readonly 'x-reference'?: string
  /** The field whose value it is: how it is called, and what its choices are. */
  readonly 'x-field'?: string
  /** What its choices are called. */
  readonly 'x-words'?: Readonly<Record<string, string>>
  /** The entity of which a text is the id of a record. */
  readonly 'x-record'?: string
  /** An object whose members are the nodes of a graph; the sibling that names the first of them. */
  readonly 'x-graph'?: { readonly start?: string }
  /** A text that names a node. */
  readonly 'x-node'?: true
  /** An object whose schema is that of the contribution which the sibling names. */
  readonly 'x-schema-of'?: { readonly reference: string; readonly at: string }
  /** A text with `{{ … }}` stands for a value of any type. */
  readonly 'x-templates'?: true
  /** What a kind of node brings: nothing comes after it. */
  readonly 'x-last'?: true
  /** Where the nodes are that an `x-node` names. Not written: worked out by `expandSchema`. */
  readonly 'x-node-of'?: string
  /** What the members of a map are, each for itself. Not written: worked out by `expandSchema`. */
  readonly 'x-entries'?: Readonly<Record<string, Schema>>
  /** Brought by another contribution. Not written: worked out by `expandSchema`. */
  readonly 'x-brought'?: true
}

/** A text that is filled at run time. */
export const isTemplate = (value: unknown): value is string =>
  typeof value === 'string' && /\{\{[\s\S]*?\}\}/.test(value)

export const typeOf = (schema: Schema): string | undefined =>
  typeof schema.type === 'string' ? schema.type : schema.type?.find((one) => one !== 'null')

export const variantsOf = (schema: Schema): readonly Schema[] => schema.anyOf ?? schema.oneOf ?? []

/** The values to choose from, for an `enum` and for alternatives that are constants. */
export function choicesOf(schema: Schema): readonly Json[] {
  if (schema.enum) return schema.enum
  if (schema.const !== undefined) return [schema.const]
  const variants = variantsOf(schema)
  const constants = variants.flatMap((one) => (one.const === undefined ? [] : [one.const]))
  return variants.length > 0 && constants.length === variants.length ? constants : []
}

/** What the members of a map look like; null for an object whose members have names of their own. */
export function memberSchema(schema: Schema): Schema | null {
  const [pattern] = Object.values(schema.patternProperties ?? {})
  if (pattern) return pattern
  return isJsonObject(schema.additionalProperties) ? (schema.additionalProperties as Schema) : null
}

/** The pattern that keys of a map follow, if there is one. */
export const keyPatternOf = (schema: Schema): string | undefined =>
  Object.keys(schema.patternProperties ?? {})[0]

/** One step down; null when the schema knows nothing there. */
export function schemaBelow(schema: Schema, key: string, value?: Json): Schema | null {
  const named = schema.properties?.[key] ?? schema['x-entries']?.[key]
  if (named) return named
  if (schema.items && /^\d+$/.test(key)) return schema.items
  const variant = variantOf(schema, value)
  if (variant) return schemaBelow(variant, key)
  return memberSchema(schema)
}

/** The alternative that a value is of: the first that has its members and can take them. */
export function variantOf(schema: Schema, value: Json | undefined): Schema | null {
  const variants = variantsOf(schema)
  if (variants.length === 0) return null
  const fits = variants.filter((one) => isOfType(one, value))
  if (!isJsonObject(value)) return fits[0] ?? null
  const keys = Object.keys(value)
  return (
    fits.find(
      (one) =>
        keys.every((key) => schemaBelow(one, key) !== null) &&
        (one.required ?? []).every((key) => key in value),
    ) ??
    fits[0] ??
    null
  )
}

export function isOfType(schema: Schema, value: Json | undefined): boolean {
  const types = schema.type === undefined ? [] : [schema.type].flat()
  if (types.length === 0) return true
  return types.some((type) => {
    if (type === 'null') return value === null
    if (type === 'array') return Array.isArray(value)
    if (type === 'object') return isJsonObject(value)
    if (type === 'integer') return Number.isInteger(value)
    return typeof value === type
  })
}

/** The schema at a path of a definition. */
export function schemaAt(schema: Schema, path: Path): Schema | null {
  let node: Schema | null = schema
  for (const key of path) node = node && schemaBelow(node, key)
  return node
}

export type OverrideRule = 'free' | 'narrow' | 'locked'

/** What the organisation may do with a leaf that another layer brought; a mark holds for all below it. */
export function overrideRule(schema: Schema, path: Path): OverrideRule {
  let node: Schema | null = schema
  let rule: OverrideRule = node['x-override'] ?? 'locked'
  for (const key of path) {
    node = node && schemaBelow(node, key)
    if (node === null) return rule === 'free' ? 'free' : 'locked'
    rule = node['x-override'] ?? (rule === 'free' ? 'free' : 'locked')
  }
  return rule
}

/** Whether something below may be overridden, so that a locked group is still worth opening. */
export function hasFreePart(schema: Schema, depth = 4): boolean {
  if (schema['x-override']) return true
  if (depth === 0) return false
  const below = [
    ...Object.values(schema.properties ?? {}),
    ...Object.values(schema.patternProperties ?? {}),
  ]
  return below.some((one) => hasFreePart(one, depth - 1))
}
