import { referencePoint } from './form-control.ts'
import { isJsonObject, type Json, type Path, pathText } from './leaf.ts'
import { ruleSchema } from './rule-schema.ts'
import { memberSchema, type Schema } from './schema.ts'

/** The schema that a contribution has under a property; null while it is not known. */
export type FindSchema = (point: string, ref: string, property: string) => Schema | null

interface Around {
  readonly references: Readonly<Record<string, string>>
  readonly find: FindSchema
  readonly hasTemplates: boolean
  /** Where the nodes are that `x-node` names. */
  readonly graph: string | null
  readonly rules: Schema['x-rules'] | undefined
}

/**
 * The schema of a point as it is for one definition: with what other contributions bring for parts of it, so
 * that forms, source and checks need not know of `x-schema-of`.
 *
 * @param references where references stand, to the point of what stands there.
 */
export function expandSchema(
  schema: Schema,
  definition: Json | undefined,
  references: Readonly<Record<string, string>>,
  find: FindSchema,
): Schema {
  if (!isLinked(schema)) return schema
  const rules = schema['x-rules']
  const around = { references, find, hasTemplates: false, graph: null, rules }
  return expand(schema, definition, [], around)
}

function expand(schema: Schema, value: Json | undefined, path: Path, outer: Around): Schema {
  if (schema['x-rule'] && outer.rules) return ruleSchema(schema, outer.rules)
  const hasTemplates = outer.hasTemplates || schema['x-templates'] === true
  const graph = schema['x-graph'] ? pathText(path) : outer.graph
  const around: Around = { ...outer, hasTemplates, graph }
  const of = schema['x-node-of'] ?? graph
  const variants = (list: readonly Schema[]) => list.map((one) => expand(one, value, path, around))
  const entries = entriesOf(schema, value, path, around)
  return {
    ...schema,
    ...(hasTemplates && { 'x-templates': true as const }),
    ...(schema['x-node'] && of !== null && { 'x-node-of': of }),
    ...(schema.properties && { properties: membersOf(schema, value, path, around) }),
    ...(entries && { 'x-entries': entries }),
    ...(schema.items && { items: expand(schema.items, undefined, [...path, '0'], around) }),
    ...(schema.anyOf && { anyOf: variants(schema.anyOf) }),
    ...(schema.oneOf && { oneOf: variants(schema.oneOf) }),
  }
}

function membersOf(
  schema: Schema,
  value: Json | undefined,
  path: Path,
  around: Around,
): Readonly<Record<string, Schema>> {
  const members = schema.properties ?? {}
  const starts = new Map(
    Object.entries(members).flatMap(([name, one]) =>
      one['x-graph']?.start ? [[one['x-graph'].start, pathText([...path, name])] as const] : [],
    ),
  )
  return Object.fromEntries(
    Object.entries(members).map(([name, below]) => {
      const graph = starts.get(name)
      const brought = below['x-schema-of'] ? bring(schema, below, value, path, around) : null
      const shape: Schema = {
        ...(brought ?? below),
        ...(graph !== undefined && { 'x-node-of': graph }),
      }
      const inner = isJsonObject(value) ? value[name] : undefined
      return [name, expand(shape, inner, [...path, name], around)]
    }),
  )
}

/** What the part itself says of its name and of overrides holds; the rest is the other's. */
function bring(
  schema: Schema,
  part: Schema,
  value: Json | undefined,
  path: Path,
  { references, find }: Around,
): Schema | null {
  const { reference, at } = part['x-schema-of']!
  const ref = isJsonObject(value) ? value[reference] : undefined
  const point =
    schema.properties?.[reference]?.['x-reference'] ??
    referencePoint([...path, reference], references)
  if (typeof ref !== 'string' || point === null) return null
  const brought = find(point, ref, at)
  if (!brought) return null
  const { title, description } = part
  return {
    ...brought,
    ...(title !== undefined && { title }),
    ...(description !== undefined && { description }),
    ...(part['x-templates'] && { 'x-templates': true }),
    ...(part['x-override'] && { 'x-override': part['x-override'] }),
    'x-schema-of': part['x-schema-of']!,
    'x-brought': true,
  }
}

function entriesOf(
  schema: Schema,
  value: Json | undefined,
  path: Path,
  around: Around,
): Readonly<Record<string, Schema>> | null {
  const member = memberSchema(schema)
  if (!member || !isJsonObject(value)) return null
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => schema.properties?.[key] === undefined)
      .map(([key, inner]) => [key, expand(member, inner, [...path, key], around)]),
  )
}

const linked = new WeakMap<object, boolean>()

/** Whether something in a schema depends on the definition. */
export function isLinked(schema: object): boolean {
  const known = linked.get(schema)
  if (known !== undefined) return known
  const is = Object.entries(schema).some(
    ([key, inner]) =>
      key === 'x-schema-of' ||
      key === 'x-node' ||
      key === 'x-templates' ||
      (typeof inner === 'object' && inner !== null && isLinked(inner)),
  )
  linked.set(schema, is)
  return is
}
