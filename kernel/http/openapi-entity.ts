import type { EntityInfo, FieldInfo } from '@runwaycrm/sdk'
import type { RequestContext } from '../context/request-context.ts'
import type { Entity } from '../model/model.ts'
import { describeEntity } from './describe-entity.ts'
import type { RecordOperation } from './record-routes.ts'
import type { JsonSchema } from './route.ts'

export interface EntityDocument {
  /** Components: the record as it is read, and what may be sent to create and to change it. */
  readonly schemas: Readonly<Record<string, JsonSchema>>
  readonly bodies: Readonly<Partial<Record<RecordOperation, JsonSchema>>>
  readonly answers: Readonly<Partial<Record<RecordOperation, JsonSchema>>>
  readonly info: EntityInfo
}

/** What this principal may read and write of one entity, as JSON Schemas; custom fields are among them. */
export function documentEntity(ctx: RequestContext, entity: Entity): EntityDocument {
  const info = describeEntity(ctx, entity)
  const name = componentName(entity)
  const record = { $ref: `#/components/schemas/${name}` }
  const create = { $ref: `#/components/schemas/${name}.create` }
  const update = { $ref: `#/components/schemas/${name}.update` }
  const nullable = (field: FieldInfo) => {
    const schema = valueSchema(entity, field)
    return field.required ? schema : { anyOf: [schema, { type: 'null' }] }
  }
  const properties = (may: (field: FieldInfo) => boolean) =>
    Object.fromEntries(info.fields.filter(may).map((field) => [field.apiName, nullable(field)]))
  const required = info.fields
    .filter((field) => field.can.create && field.required && field.default === undefined)
    .map((field) => field.apiName)
  const page = {
    type: 'object',
    properties: {
      nextCursor: { anyOf: [{ type: 'string' }, { type: 'null' }] },
      count: { type: 'integer' },
    },
  }
  const list = {
    type: 'object',
    properties: { data: { type: 'array', items: record }, page },
    required: ['data', 'page'],
  }
  const pageOfAnything = {
    type: 'object',
    properties: { data: { type: 'array', items: { type: 'object' } }, page },
  }

  return {
    info,
    schemas: {
      [name]: {
        type: 'object',
        title: info.label,
        ...(info.description ? { description: info.description } : {}),
        properties: properties((field) => field.can.read),
        required: ['id', 'version'],
      },
      [`${name}.create`]: {
        type: 'object',
        properties: properties((field) => field.can.create),
        ...(required.length > 0 ? { required } : {}),
        additionalProperties: false,
      },
      [`${name}.update`]: {
        type: 'object',
        properties: properties((field) => field.can.update),
        additionalProperties: false,
      },
    },
    bodies: {
      create,
      update,
      bulk: bulkSchema(create, update),
      aggregate: aggregateSchema,
    },
    answers: {
      list,
      create: record,
      get: record,
      update: record,
      restore: record,
      aggregate: { type: 'object', properties: { data: { type: 'array' } } },
      history: pageOfAnything,
      timeline: pageOfAnything,
    },
  }
}

function componentName(entity: Entity): string {
  return entity.ref.replace(':', '.')
}

function valueSchema(entity: Entity, field: FieldInfo): JsonSchema {
  const value = entity.byApiName.get(field.apiName)?.typeDefinition.value as JsonSchema
  const keys = field.options?.filter((option) => !option.hidden).map((option) => option.key)
  const narrowed =
    keys === undefined
      ? value
      : value['type'] === 'array'
        ? { ...value, items: { type: 'string', enum: keys } }
        : { ...value, enum: keys }
  return {
    ...narrowed,
    title: field.label,
    ...(field.help ? { description: field.help } : {}),
    ...(field.min === undefined ? {} : { minimum: field.min }),
    ...(field.max === undefined ? {} : { maximum: field.max }),
    ...(field.maxLength === undefined ? {} : { maxLength: field.maxLength }),
    ...(field.default === undefined ? {} : { default: field.default }),
    ...(field.readOnly ? { readOnly: true } : {}),
  }
}

/** Items, or whatever matches a filter. */
function bulkSchema(create: JsonSchema, update: JsonSchema): JsonSchema {
  const named = { id: { type: 'string', format: 'uuid' }, version: { type: 'integer' } }
  const target = { type: 'object', properties: named, required: ['id'] }
  const targets = { type: 'array', items: target, maxItems: 1000 }
  const items = object({
    create: { type: 'array', items: create, maxItems: 1000 },
    update: targets,
    upsert: {
      ...object({
        by: { type: 'string' },
        records: { type: 'array', items: create },
        onDuplicate: { enum: ['update', 'skip', 'create'], default: 'update' },
      }),
      required: ['by', 'records'],
    },
    delete: targets,
    restore: targets,
    atomic: { type: 'boolean', default: true },
  })
  const byFilter = (wish: Readonly<Record<string, JsonSchema>>) => ({
    ...object({ filter: { type: 'object' }, ...wish }),
    required: ['filter', ...Object.keys(wish)],
  })
  return {
    oneOf: [
      items,
      byFilter({ update }),
      byFilter({ delete: { const: true } }),
      byFilter({ restore: { const: true } }),
    ],
  }
}

function object(properties: Readonly<Record<string, JsonSchema>>): JsonSchema {
  return { type: 'object', additionalProperties: false, properties }
}

const aggregateSchema: JsonSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['measures'],
  properties: {
    filter: { type: 'object' },
    groupBy: {
      type: 'array',
      items: {
        type: 'object',
        required: ['field'],
        properties: {
          field: { type: 'string' },
          bucket: { enum: ['day', 'week', 'month', 'quarter', 'year'] },
        },
      },
    },
    measures: { type: 'object', additionalProperties: { type: 'object' } },
    sort: { type: 'string' },
    limit: { type: 'integer', minimum: 1, maximum: 1000 },
  },
}
