import type {
  EntityDefinition,
  FieldDefinition,
  FieldOnDefinition,
  FieldTypeDefinition,
} from '@runwaycrm/sdk'
import { type Problem, placeOf } from '../manifest/problem.ts'
import { buildField, type FieldPlace, targetOf } from './build-field.ts'
import { checkField } from './check-field.ts'
import { checkFieldRules } from './check-field-rules.ts'
import { isDeclared, undeclared } from './check-references.ts'
import { type Layer, ownLayer } from './layer.ts'
import type { Contribution, Entity, Field } from './model.ts'
import {
  derivedStorageId,
  formerPaths,
  isColumnName,
  sharedTable,
  snakeCase,
  tableOf,
} from './storage-names.ts'
import { reservedFieldKeys, systemFields } from './system-fields.ts'

/** What building an entity needs to know of the rest of the model. */
export interface Surroundings {
  layer(id: string): Layer
  /** A reference, or a bare key that the first plugin in order brings. */
  fieldType(name: string): Contribution<FieldTypeDefinition> | undefined
  hasEntity(ref: string): boolean
  /** The same entity before the last layers were added: what did not change is taken from it. */
  previous(ref: string): Entity | undefined
  /** Where the fields of that one are defined. */
  previousPlaces(ref: string): ReadonlyMap<string, string> | undefined
}

export interface BuiltEntity {
  readonly entity: Entity
  readonly problems: readonly Problem[]
  /** Where each field is defined, by its key. */
  readonly places: ReadonlyMap<string, string>
}

/** Most fields of one entity, those of all layers together. */
const maxFields = 200

/**
 * Makes an entity of its definition and of the fields that layers add to it. A field that cannot be
 * built is left out and told; the entity always stands.
 *
 * @param plural under which it is reached, or its reference when another entity has its plural.
 */
export function buildEntity(
  contribution: Contribution<EntityDefinition>,
  added: readonly Contribution<FieldOnDefinition>[],
  plural: string,
  around: Surroundings,
): BuiltEntity {
  const { ref, plugin, key, definition } = contribution
  const shared = around.layer(plugin).manifest.tier !== 'trusted'
  const problems: Problem[] = []
  const fields: Field[] = []
  const apiNames = new Set<string>()
  const places = new Map<string, string>()
  const take = (field: Field | null, at: string): void => {
    if (!field) return
    fields.push(field)
    apiNames.add(field.key).add(field.apiName)
    places.set(field.key, at)
  }
  const settled = settledFields(ref, around)
  for (const source of sourcesOf(contribution, added, around)) {
    const known = settled(source)
    const isFree = known && fields.length < maxFields && isAvailable(known.field, apiNames)
    if (isFree) {
      problems.push(...known.problems)
      take(known.field, known.at)
    } else {
      const whole = placed(source, key, shared, plugin)
      take(tryField(whole, apiNames, fields.length, around, problems), whole.at)
    }
  }
  const isBefore = (a: Field, b: Field) => a.order - b.order || (a.key < b.key ? -1 : 1)
  if (fields.some((field, i) => i > 0 && isBefore(fields[i - 1]!, field) > 0)) fields.sort(isBefore)
  const at = placeOf(plugin, 'entities', key)
  const entity: Entity = {
    ref,
    plugin,
    key,
    plural,
    definition,
    table: shared ? sharedTable : tableOf(plugin, key),
    shared,
    titleField: titleOf(definition, fields, at, problems),
    fields: new Map(fields.map((field) => [field.key, field])),
    byApiName: new Map(),
  }
  const byApiName = entity.byApiName as Map<string, Field>
  for (const field of fields) byApiName.set(field.apiName, field)
  for (const field of systemFields) byApiName.set(field.apiName, field)
  problems.push(...checkNames(entity, at), ...checkFieldRules(entity, places))
  return { entity: Object.freeze(entity), problems, places }
}

/** A field as a layer says it. */
interface FieldSource {
  readonly key: string
  readonly definition: FieldDefinition
  readonly layer: Layer
  /** The key under the point `fields`; null for a field that the entity itself has. */
  readonly onKey: string | null
  readonly previous: Field | undefined
}

/** The same with where it is defined and kept. */
interface PlacedField extends FieldSource {
  readonly at: string
  readonly place: FieldPlace
}

function* sourcesOf(
  { ref, plugin, definition }: Contribution<EntityDefinition>,
  added: readonly Contribution<FieldOnDefinition>[],
  around: Surroundings,
): Generator<FieldSource> {
  const previous = around.previous(ref)
  const owner = around.layer(plugin)
  for (const [key, field] of Object.entries(definition.fields)) {
    const former = previous?.fields.get(key)
    yield { key, definition: field, layer: owner, onKey: null, previous: former }
  }
  for (const on of added) {
    const key = on.definition.key ?? on.key
    const layer = around.layer(on.plugin)
    const former = previous?.fields.get(key)
    yield { key, definition: on.definition.field, layer, onKey: on.key, previous: former }
  }
}

interface SettledField {
  readonly field: Field
  readonly at: string
  readonly problems: readonly Problem[]
}

/**
 * Fields of layers of the base that are as they were: they stand where they stood, are kept where they
 * were kept, and what was told of them holds.
 */
function settledFields(ref: string, around: Surroundings) {
  const places = around.previousPlaces(ref)
  return ({ key, definition, layer, previous }: FieldSource): SettledField | null => {
    if (previous?.definition !== definition || layer.id === ownLayer) return null
    const at = places?.get(key)
    const problems = told.get(previous)
    if (at === undefined || problems === undefined || previous.from !== layer.id) return null
    // Which slots are ready may have changed.
    if (definition.stored) return null
    if (previous.typeDefinition !== around.fieldType(definition.type)?.definition) return null
    return { field: previous, at, problems }
  }
}

const isAvailable = (field: Field, taken: ReadonlySet<string>): boolean =>
  !taken.has(field.key) && !taken.has(field.apiName)

function placed(source: FieldSource, entity: string, shared: boolean, plugin: string): PlacedField {
  const { key, definition, layer, onKey, previous } = source
  const isOwn = onKey === null
  const path = isOwn ? placeOf('entities', entity, 'fields', key) : placeOf('fields', onKey)
  const place: FieldPlace =
    isOwn && !shared ? { in: 'column' } : inCustom(layer, path, definition, previous)
  return { ...source, at: placeOf(isOwn ? plugin : layer.id, path), place }
}

function inCustom(
  layer: Layer,
  path: string,
  field: FieldDefinition,
  former: Field | undefined,
): FieldPlace {
  // The layers of the base stay as they are, and so do the places of their fields.
  if (former?.definition === field && former.from === layer.id && layer.id !== ownLayer) {
    const { storage } = former
    if (storage.in === 'custom')
      return { in: 'custom', storageId: storage.id, slot: storage.slot, slots: undefined }
  }
  const first = formerPaths(layer.manifest.formerKeys, path).at(-1) ?? path
  const storageId = layer.storageIds[path] ?? derivedStorageId(layer.id, first, field.type)
  const slots = layer.id === ownLayer ? layer.slots : undefined
  return { in: 'custom', storageId, slot: layer.slots[storageId], slots }
}

function tryField(
  source: PlacedField,
  taken: ReadonlySet<string>,
  count: number,
  around: Surroundings,
  problems: Problem[],
): Field | null {
  const { key, definition, layer, at, place, previous } = source
  const known = previous && unchanged(source, around) ? told.get(previous) : undefined
  if (known && count < maxFields && isAvailable(previous!, taken)) {
    problems.push(...known)
    return previous!
  }
  const before = problems.length
  const leftOut = (code: Problem['code'], message: string, hint: string, notice?: true) => {
    problems.push({ at, code, message, hint, ...(notice && { notice }) })
    return null
  }
  if (reservedFieldKeys.has(key)) {
    return leftOut('AMBIGUOUS', `Every record has "${key}" already.`, 'Choose another key.')
  }
  if (!/^[a-z][A-Za-z0-9]{0,62}$/.test(key)) {
    return leftOut('BAD_FORMAT', `"${key}" cannot be the key of a field.`, 'Give it a "key".')
  }
  if (count >= maxFields) {
    const hint = 'Move some fields to an entity of their own.'
    return leftOut('OUT_OF_RANGE', `An entity has at most ${maxFields} fields.`, hint)
  }
  const type = around.fieldType(definition.type)
  if (!type) {
    const hint = 'Use a type that a plugin brings, e.g. "text".'
    return leftOut('UNKNOWN_OPTION', `There is no field type "${definition.type}".`, hint)
  }
  const target = targetOf(definition, type.definition)
  if (/^relations?$/.test(type.definition.kind ?? '') && target === null) {
    return leftOut('REQUIRED', 'A relation needs an entity.', 'Say which under "to".')
  }
  if (target !== null && !around.hasEntity(target)) {
    if (isOptional(layer, target)) return null
    const hint = 'Correct "to", or install the plugin that brings it.'
    return leftOut('UNKNOWN_RECORD', `There is no entity ${target}.`, hint)
  }
  if (place.in === 'column' && !isColumnName(snakeCase(key))) {
    return leftOut('TOO_LONG', `"${key}" cannot be the name of a column.`, 'Choose a shorter key.')
  }
  for (const ref of [definition.type, target]) {
    const used = ref?.includes(':') ? ref.slice(0, ref.indexOf(':')) : null
    if (used !== null && !isDeclared(layer, used)) problems.push(undeclared(at, layer.id, used))
  }
  const field =
    previous && unchanged(source, around)
      ? previous
      : buildField(key, definition, type, layer.id, place)
  if (taken.has(field.key) || taken.has(field.apiName)) {
    const hint = 'The earlier one keeps it. Choose another key.'
    return leftOut('AMBIGUOUS', `The entity has a field "${key}" already.`, hint, true)
  }
  problems.push(...checkField(field, at))
  told.set(field, problems.slice(before))
  return field
}

/** What was told of a field when it was built: it holds as long as the field stays the same. */
const told = new WeakMap<Field, readonly Problem[]>()

function unchanged({ definition, layer, place, previous }: PlacedField, around: Surroundings) {
  return (
    previous?.definition === definition &&
    // Which slots are ready may have changed.
    !definition.stored &&
    previous.typeDefinition === around.fieldType(definition.type)?.definition &&
    previous.from === layer.id &&
    slotOf(previous) === (place.in === 'custom' ? place.slot : undefined)
  )
}

const slotOf = ({ storage }: Field) => (storage.in === 'custom' ? storage.slot : undefined)

/** A plugin that only enhances another does without it: its fields wait in silence. */
function isOptional(layer: Layer, ref: string): boolean {
  return Object.hasOwn(layer.manifest.enhances ?? {}, ref.slice(0, ref.indexOf(':')))
}

function titleOf(
  { titleField, subtitleField }: EntityDefinition,
  fields: readonly Field[],
  at: string,
  problems: Problem[],
): string {
  const has = (key: string) => fields.some((field) => field.key === key)
  for (const [property, key] of Object.entries({ titleField, subtitleField })) {
    if (key === undefined || has(key)) continue
    problems.push({
      at: placeOf(at, property),
      code: 'UNKNOWN_FIELD',
      message: `The entity has no field "${key}".`,
      hint: `Use one of ${fields.map((field) => field.key).join(', ')}.`,
    })
  }
  return has(titleField) ? titleField : (fields[0]?.key ?? 'id')
}

/** Parts of a field are columns too: `value_currency` may not stand beside a field `valueCurrency`. */
function checkNames(entity: Entity, at: string): Problem[] {
  if (entity.shared) return []
  const problems: Problem[] = []
  if (!isColumnName(entity.table.slice('tenant.'.length))) {
    problems.push({
      at,
      code: 'TOO_LONG',
      message: `The table name ${entity.table} is longer than 63 letters.`,
      hint: 'Choose a shorter key.',
    })
  }
  const columns = new Set<string>()
  const take = (field: Field, column: string): void => {
    if (columns.has(column)) {
      problems.push({
        at: placeOf(at, 'fields', field.key),
        code: 'AMBIGUOUS',
        message: `The column ${column} belongs to another field.`,
        hint: 'Choose another key.',
      })
    }
    columns.add(column)
  }
  for (const field of entity.fields.values()) {
    if (field.storage.in !== 'column') continue
    take(field, field.storage.column)
    for (const { column } of Object.values(field.storage.parts)) take(field, column)
  }
  return problems
}
