import { type FieldInfo, type HandlerContext, optionLabel } from '@runwaycrm/sdk'
import type { RequestRow } from './request.ts'
import { canonical } from './request.ts'

/** What is shown, in words, one record a paragraph. */
export function sayShown(ctx: HandlerContext, { shown }: Pick<RequestRow, 'shown'>): string[] {
  return shown.map(({ entity, title, fields }) => {
    const info = ctx.model.entity(entity)
    const lines = Object.entries(fields).flatMap(([name, value]) => {
      const field = info?.fields.find(({ apiName }) => apiName === name)
      // An id says nothing to people; who or what it is, the page shows.
      if (!field || value === null || field.kind === 'relation' || field.kind === 'user') return []
      return [`${field.label}: ${sayValue(ctx, field, value)}`]
    })
    return [title, ...lines].join('\n')
  })
}

export function sayValue({ org }: HandlerContext, field: FieldInfo, value: unknown): string {
  if (typeof value === 'string') return optionLabel(field.options, value)
  if (typeof value === 'number') return value.toLocaleString(org.locale)
  const { amount, currency } = value as { amount?: unknown; currency?: unknown }
  if (typeof amount === 'string' && typeof currency === 'string') {
    return Number(amount).toLocaleString(org.locale, { style: 'currency', currency })
  }
  return canonical(value)
}
