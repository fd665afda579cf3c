import type { Path } from './leaf.ts'
import { choicesOf, memberSchema, type Schema, typeOf, variantsOf } from './schema.ts'

/** How a value is edited; all of it follows from the schema and from what the point says of references. */
export type Look =
  | 'text'
  | 'area'
  | 'formula'
  | 'number'
  | 'switch'
  | 'choice'
  | 'choices'
  | 'words'
  | 'reference'
  | 'record'
  | 'node'
  | 'references'
  | 'field'
  | 'fields'
  | 'filter'
  | 'rule'
  | 'icon'
  | 'color'
  | 'group'
  | 'map'
  | 'list'
  | 'value'
  | 'union'
  | 'json'

/** Texts longer than this have an area and not a line. */
const lineLength = 300

/** @param references where references stand, to the point of what stands there. */
export function lookOf(
  schema: Schema,
  path: Path,
  references: Readonly<Record<string, string>>,
): Look {
  const name = path.at(-1) ?? ''
  const type = typeOf(schema)
  if (schema['x-node']) return 'node'
  if (schema['x-reference'] || referencePoint(path, references) !== null) return 'reference'
  // Of a record of any object, or of one that is chosen beside it, the id is written.
  if (schema['x-record']?.includes(':')) return 'record'
  // A rule of json-rules-engine, not a filter, whatever it is called.
  if (schema['x-rule']) return 'rule'
  if (schema['x-names'] === 'filter' || isCondition(name, schema)) return 'filter'
  // A value as records have it, whose editor is that of the field around it.
  if (name === 'default' && type === undefined && path.at(-3) === 'fields') return 'value'
  if (schema['x-names'] === 'field') return 'field'
  if (schema['x-names'] === 'fields') return 'fields'
  if (choicesOf(schema).length > 0) return 'choice'
  if (type === 'boolean') return 'switch'
  if (type === 'number' || type === 'integer')
    return name === 'color' && schema.maximum === 10 ? 'color' : 'number'
  if (type === 'string') return textLook(name, schema)
  if (type === 'array') return listLook(schema, path, references)
  if (schema.properties) return 'group'
  if (memberSchema(schema)) return 'map'
  return variantsOf(schema).length > 0 ? 'union' : 'json'
}

function textLook(name: string, schema: Schema): Look {
  if (name === 'icon') return 'icon'
  // One over a run has no records to be tried on.
  if (name === 'formula' && !schema['x-formula']) return 'formula'
  return (schema.maxLength ?? 0) > lineLength ? 'area' : 'text'
}

function listLook(
  { items }: Schema,
  path: Path,
  references: Readonly<Record<string, string>>,
): Look {
  if (!items) return 'json'
  if (referencePoint([...path, '0'], references) !== null) return 'references'
  if (choicesOf(items).length > 0) return 'choices'
  return typeOf(items) === 'string' ? 'words' : 'list'
}

const conditionNames: ReadonlySet<string> = new Set(['condition', 'filter', 'when'])

/** An object without members of its own that is named as conditions are. */
const isCondition = (name: string, schema: Schema): boolean =>
  conditionNames.has(name) &&
  typeOf(schema) === 'object' &&
  Object.keys(schema.properties ?? {}).length === 0 &&
  memberSchema(schema) === null

/** The point that a reference at this path is found under; `*` in a pattern stands for any step. */
export function referencePoint(
  path: Path,
  references: Readonly<Record<string, string>>,
): string | null {
  for (const [pattern, point] of Object.entries(references)) {
    const steps = pattern.split('/')
    if (steps.length !== path.length) continue
    if (steps.every((step, at) => step === '*' || step === path[at])) return point
  }
  return null
}

export interface Control {
  readonly name: string
  readonly path: Path
  readonly schema: Schema
  readonly look: Look
  readonly isRequired: boolean
}

/** The controls of an object, as its schema lists them. */
export function controlsOf(
  schema: Schema,
  path: Path,
  references: Readonly<Record<string, string>>,
): readonly Control[] {
  return Object.entries(schema.properties ?? {})
    .filter(([, below]) => !(below['x-brought'] && isNothing(below)))
    .map(([name, below]) => ({
      name,
      path: [...path, name],
      schema: below,
      look: lookOf(below, [...path, name], references),
      isRequired: schema.required?.includes(name) ?? false,
    }))
}

/** An object that takes no member. */
const isNothing = (schema: Schema): boolean =>
  Object.keys(schema.properties ?? {}).length === 0 && schema.additionalProperties === false
