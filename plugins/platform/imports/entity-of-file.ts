import type { EntityInfo, FieldInfo, HandlerContext } from '@runwaycrm/sdk'
import type { ImportSpec } from './spec.ts'

type Asked = Pick<ImportSpec, 'entity' | 'language'>
type Reader = Pick<HandlerContext, 'model'>

/**
 * The entity that a file is about. Its options have the labels of the organisation's language and those of the file's,
 * since an export is in the language of whoever asked for it.
 */
export function entityOfFile({ entity, language }: Asked, ctx: Reader): EntityInfo | null {
  const own = ctx.model.entity(entity)
  const read = language === undefined ? own : ctx.model.entity(entity, language)
  if (!own || !read || own === read) return own
  const others = new Map(read.fields.map(({ apiName, options }) => [apiName, options ?? []]))
  return { ...own, fields: own.fields.map((field) => withOptions(field, others)) }
}

function withOptions(
  field: FieldInfo,
  others: ReadonlyMap<string, NonNullable<FieldInfo['options']>>,
): FieldInfo {
  const more = others.get(field.apiName) ?? []
  return field.options && more.length > 0
    ? { ...field, options: [...field.options, ...more] }
    : field
}

/** What fields are called in the file's language, by their names in the API. */
export function otherLabels({ entity, language }: Asked, ctx: Reader): ReadonlyMap<string, string> {
  const read = language === undefined ? null : ctx.model.entity(entity, language)
  return new Map(read?.fields.map(({ apiName, label }) => [apiName, label]))
}
