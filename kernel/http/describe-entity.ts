import type { EntityInfo, FieldInfo } from '@runwaycrm/sdk'
import { canReadField, fieldMaskOf } from '../access/field-mask.ts'
import type { RequestContext } from '../context/request-context.ts'
import type { Entity, Field, Model } from '../model/model.ts'
import { namesIn } from '../model/uses.ts'
import { labelOfField, localeOf, placeOfWords, wordsOf } from '../model/words.ts'
import { sourceOf } from './describe-source.ts'

/**
 * By the words, then by entity: organisations share entities and, until one of them changes a word, the words.
 */
const cache = new WeakMap<Model['messages'], WeakMap<Entity, Map<string, EntityInfo>>>()
const mostShapes = 200

/**
 * An entity as whoever asks may know it: fields that are hidden from them are not there. Worked out once
 * per entity, kind of rights and language.
 */
export function describeEntity(ctx: RequestContext, entity: Entity): EntityInfo {
  const { messages } = ctx.model
  const ofWords = cache.get(messages) ?? new WeakMap<Entity, Map<string, EntityInfo>>()
  cache.set(messages, ofWords)
  const known = ofWords.get(entity) ?? new Map<string, EntityInfo>()
  ofWords.set(entity, known)
  const key = `${ctx.ability.shape} ${localeOf(ctx)}`
  const found = known.get(key)
  if (found) return found
  if (known.size >= mostShapes) known.clear()
  const info = describe(ctx, entity)
  known.set(key, info)
  return info
}

function describe(ctx: RequestContext, entity: Entity): EntityInfo {
  const { definition } = entity
  const can = (operation: 'create' | 'read' | 'update' | 'delete') =>
    ctx.ability.can(operation, entity.ref)
  const isCreatable = definition.creatable !== false
  const own = `entities.${entity.key}`
  const words = (name: string, text: string) => wordsOf(ctx, entity.plugin, `${own}.${name}`, text)
  return Object.freeze({
    ref: entity.ref,
    plugin: entity.plugin,
    key: entity.key,
    plural: entity.plural,
    label: words('label', definition.label),
    labelPlural: words('labelPlural', definition.labelPlural),
    ...optional(
      'description',
      definition.description && words('description', definition.description),
    ),
    ...optional('icon', definition.icon),
    ...optional('color', definition.color),
    order: definition.order ?? 1000,
    titleField: entity.titleField,
    ...optional('subtitleField', definition.subtitleField),
    hidden: definition.hidden ?? false,
    isPrivate: definition.private !== undefined,
    fields: [...entity.byApiName.values()]
      .filter((field) => canReadField(ctx.ability, entity, field.apiName))
      .sort((a, b) => Number(a.system) - Number(b.system) || a.order - b.order)
      .map((field) => describeField(ctx, entity, field)),
    can: {
      create: isCreatable && can('create'),
      read: can('read'),
      update: can('update'),
      delete: can('delete'),
    },
  })
}

function describeField(ctx: RequestContext, entity: Entity, field: Field): FieldInfo {
  const { definition, typeDefinition } = field
  const may = (operation: 'create' | 'read' | 'update') =>
    fieldMaskOf(ctx.ability, entity, operation).get(field.apiName) !== false
  const isFixed = field.readOnly || field.storage.in === 'computed'
  const words = (name: string, text: string) =>
    wordsOf(ctx, field.from, `${placeOfWords(entity, field)}.${name}`, text)
  return Object.freeze({
    key: field.key,
    apiName: field.apiName,
    type: field.type,
    kind: typeDefinition.kind ?? 'text',
    editor: typeDefinition.editor,
    display: typeDefinition.display,
    label: labelOfField(ctx, entity, field),
    ...optional('help', definition.help && words('help', definition.help)),
    order: field.order,
    required: field.required,
    unique: field.unique,
    readOnly: isFixed,
    computed: field.storage.in === 'computed' || typeDefinition.generated !== undefined,
    hidden: definition.hidden ?? false,
    ...optional('default', definition.default),
    ...optional('to', field.target ?? undefined),
    ...(definition.options ? { options: optionsOf(definition.options, words) } : {}),
    params: definition.params ?? {},
    ...rulesOf(ctx, entity, field),
    ...optional('source', sourceOf(ctx, entity, field)),
    ...optional('min', definition.min),
    ...optional('max', definition.max),
    ...optional('maxLength', definition.maxLength),
    operators: typeDefinition.operators,
    sortable: typeDefinition.sortable ?? false,
    groupable: typeDefinition.groupable ?? false,
    measures: typeDefinition.measures ?? [],
    from: field.from,
    can: {
      read: true,
      create: !isFixed && may('create'),
      update: !isFixed && may('update'),
    },
  })
}

/** A condition about what is hidden cannot be followed; the server still holds it. */
function rulesOf({ ability }: RequestContext, entity: Entity, { definition }: Field) {
  const seen = Object.values(definition.rules ?? {}).filter(({ when }) =>
    namesIn(when).every((name) => {
      const known = entity.byApiName.get(name.split('.')[0]!)
      return known && canReadField(ability, entity, known.apiName)
    }),
  )
  const rules = seen.map(({ effect, when }) => ({ effect, when })) as FieldInfo['rules'] & object
  return rules.length > 0 ? { rules } : {}
}

type Options = NonNullable<Field['definition']['options']>

function optionsOf(
  options: Options,
  words: (name: string, text: string) => string,
): FieldInfo['options'] & object {
  return Object.entries(options)
    .map(([key, option], index) => ({ key, option, order: option.order ?? index }))
    .sort((a, b) => a.order - b.order)
    .map(({ key, option }) => ({
      key,
      label: words(`options.${key}.label`, option.label ?? asWords(key)),
      ...optional('color', option.color),
      ...optional('category', option.category),
      ...optional('hidden', option.hidden),
    }))
}

/** `not_yet` → `Not yet`. */
function asWords(key: string): string {
  const words = key.replace(/[_-]+/g, ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}

function optional<K extends string, V>(key: K, value: V | undefined) {
  return (value === undefined ? {} : { [key]: value }) as { readonly [name in K]?: V }
}
