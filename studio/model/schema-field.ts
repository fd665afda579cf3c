import type { EntityInfo, FieldInfo } from '@runwaycrm/sdk'
import type { JsonSchema } from '../api/model.ts'
import { wordsOf } from '../format/words-of.ts'
import { fieldKind } from './field-kinds.ts'
import { traitsOf } from './kind-traits.ts'

/** What of the model a form asks for: objects that can be named, and the fields whose words and editors it borrows. */
export interface FormModel {
  readonly model: { readonly entities: readonly EntityInfo[] }
  readonly people: EntityInfo | null
  entity(name: string): EntityInfo | null
}

interface Asked {
  readonly name: string
  /** Unlike that of any other control of the form. */
  readonly id: string
  readonly schema: JsonSchema
  readonly isRequired: boolean
}

/**
 * A member of an input as a field that no entity has, so that it is filled in as the fields of records are.
 *
 * @returns null for what has parts of its own, or is a structure that no field is like.
 */
export function schemaField(asked: Asked, model: FormModel): FieldInfo | null {
  const schema = plainSchema(asked.schema)
  const like = likeField(schema, model)
  const shape = shapeOf(schema, like, model)
  if (!shape) return null
  // How an object is named in writing says nothing to whoever chooses one.
  const isNamed = (schema['x-reference'] ?? schema.items?.['x-reference']) !== undefined
  const help = isNamed ? undefined : (schema.description ?? like?.help)
  return {
    ...blank,
    key: asked.id,
    apiName: asked.id,
    label: labelOf(asked, like),
    required: asked.isRequired,
    ...limitsOf(schema),
    ...shape,
    ...(help === undefined ? {} : { help }),
  }
}

/** What a member of an input is called: what its schema says, else the field that it is like, else its name. */
export function schemaLabel({ name, schema }: Asked, model: FormModel): string {
  return labelOf({ name, schema }, likeField(plainSchema(schema), model))
}

/** @param chosen what the member of that name holds. @returns the schema with the entity that is chosen beside it. */
export function withEntity(schema: JsonSchema, chosen: (name: string) => unknown): JsonSchema {
  const { items, 'x-record': record } = schema
  if (items) return { ...schema, items: withEntity(items, chosen) }
  if (!record || record === '*' || record.includes(':')) return schema
  return { ...schema, 'x-record': String(chosen(record) ?? '') }
}

/** Its one form where it may also be null. */
export function plainSchema(schema: JsonSchema): JsonSchema {
  const rest = (schema.anyOf ?? []).filter(({ type }) => type !== 'null')
  const [only, ...more] = rest
  if (!only || more.length > 0) return schema
  const { anyOf: _anyOf, ...own } = schema
  return { ...only, ...own }
}

type Shape = Partial<FieldInfo> & Pick<FieldInfo, 'type' | 'kind' | 'editor' | 'display'>

const blank = {
  order: 0,
  unique: false,
  readOnly: false,
  computed: false,
  hidden: false,
  params: {},
  operators: [],
  sortable: false,
  groupable: false,
  measures: [],
  from: '',
  can: { read: true, create: true, update: true },
} as const

/** A kind of field by its own name, as the studio tells kinds apart. */
const of = (kind: string, more: Partial<FieldInfo> = {}): Shape => ({
  ...{ type: kind, kind, editor: kind, display: kind },
  ...more,
})

function shapeOf(schema: JsonSchema, like: FieldInfo | null, model: FormModel): Shape | null {
  const type = typeOf(schema)
  const choices = choicesOf(schema)
  if (choices.length > 0) return of('select', { options: optionsOf(schema, choices, like) })
  const record = schema['x-record']
  if (record === '*' || isAnyRecord(schema)) {
    const only = schema.properties?.['entity']?.enum
    return of('reference', only ? { params: { only } } : {})
  }
  if (record !== undefined && type !== 'array') return pickOf(record, false, model)
  if (schema['x-reference'] === 'entities' && type === 'string')
    return of('select', { options: entityOptions(model) })
  if (type === 'array') return severalOf(schema.items ?? {}, like, model)
  if (type === 'object') return schema.properties || schema['x-filter'] ? null : of('json')
  const own = ownShape(schema, type)
  return like && holdsSame(like, own) ? editorOf(like) : own
}

function ownShape(schema: JsonSchema, type: string | undefined): Shape {
  if (type === 'boolean') return of('boolean')
  if (type === 'number') return of('number')
  if (type === 'integer') return of('integer')
  const named = formats[schema.format ?? '']
  if (named) return of(named)
  return of((schema.maxLength ?? 0) > 300 ? 'longText' : 'text')
}
const formats: Readonly<Record<string, string>> = {
  date: 'date',
  'date-time': 'dateTime',
  email: 'email',
  uri: 'url',
}

function severalOf(items: JsonSchema, like: FieldInfo | null, model: FormModel): Shape | null {
  const record = items['x-record']
  if (record !== undefined && record !== '*') return pickOf(record, true, model)
  const choices = choicesOf(items)
  if (choices.length > 0) return of('multiSelect', { options: optionsOf(items, choices, like) })
  if (items['x-reference'] === 'entities')
    return of('multiSelect', { options: entityOptions(model) })
  return items.properties ? null : typeOf(items) === 'string' ? of('lines') : of('json')
}

/** What no reader may see is written by its id. */
function pickOf(ref: string, isMultiple: boolean, model: FormModel): Shape {
  const entity = model.entity(ref)
  if (!entity) return of(isMultiple ? 'lines' : 'text')
  if (entity === model.people && !isMultiple) return of('user')
  return of(isMultiple ? 'relations' : 'relation', { to: entity.ref })
}

/** The field whose value a member is; null when it names none, or one that this reader does not see. */
export function likeField(
  { 'x-field': name }: Pick<JsonSchema, 'x-field'>,
  model: FormModel,
): FieldInfo | null {
  if (name === undefined) return null
  const at = name.lastIndexOf('.')
  const key = name.slice(at + 1)
  return model.entity(name.slice(0, at))?.fields.find((field) => field.key === key) ?? null
}

const editorOf = ({ type, kind, editor, display, params, options }: FieldInfo): Shape => ({
  ...{ type, kind, editor, display, params },
  ...(options ? { options } : {}),
})

/** An amount of money is a number and a currency in a record, and may be a number alone in an input. */
function holdsSame(like: FieldInfo, own: Shape): boolean {
  const kind = fieldKind(like)
  const { holds, edit } = traitsOf(kind)
  if (edit === 'none' || holds === 'structure') return false
  const isNumber = ['number', 'integer'].includes(own.type)
  return isNumber
    ? isNumberKind(kind)
    : !isNumberKind(kind) && (own.type === 'boolean') === (kind === 'boolean')
}
const isNumberKind = (kind: ReturnType<typeof fieldKind>): boolean =>
  traitsOf(kind).isNumeric === true || kind === 'slider'

function typeOf({ type }: JsonSchema): string | undefined {
  return typeof type === 'string' ? type : type?.find((one) => one !== 'null')
}

/** `{entity, id}`: a record of whatever object. */
function isAnyRecord(schema: JsonSchema): boolean {
  const names = Object.keys(schema.properties ?? {})
  return names.length === 2 && names.includes('entity') && names.includes('id')
}

const choicesOf = (schema: JsonSchema): readonly unknown[] =>
  (schema.enum ?? schema.anyOf?.map((one) => one.const) ?? []).filter(
    (one) => one !== undefined && one !== null,
  )

function optionsOf(schema: JsonSchema, choices: readonly unknown[], like: FieldInfo | null) {
  return choices.map((choice) => {
    const key = String(choice)
    const known = like?.options?.find((option) => option.key === key)
    return known ?? { key, label: schema['x-words']?.[key] ?? wordsOf(key) }
  })
}

const entityOptions = (model: FormModel) =>
  model.model.entities
    .map((entity) => ({ key: entity.plural, label: entity.labelPlural }))
    .sort((a, b) => a.label.localeCompare(b.label))

const limitsOf = ({ minimum, maximum, maxLength }: JsonSchema): Partial<FieldInfo> => ({
  ...(minimum === undefined ? {} : { min: minimum }),
  ...(maximum === undefined ? {} : { max: maximum }),
  ...(maxLength === undefined ? {} : { maxLength }),
})

const labelOf = ({ name, schema }: Pick<Asked, 'name' | 'schema'>, like: FieldInfo | null) =>
  schema.title ?? like?.label ?? wordsOf(name)
