import { type HandlerContext, InvalidError, NotFoundError } from '@runwaycrm/sdk'

/** A record as an input names it; `entity` is a reference or a plural. */
export interface AboutInput {
  readonly entity: string
  readonly id: string
}

/**
 * The record that an activity or a task is about, with its entity as a reference.
 *
 * @throws InvalidError UNKNOWN_RECORD when it is missing or hidden from the caller; the answer does not
 *   say which.
 */
export async function recordAbout(
  about: AboutInput,
  ctx: HandlerContext,
): Promise<{ readonly entity: string; readonly id: string; readonly title: string }> {
  const entity = ctx.model.entity(about.entity)
  if (!entity) throw unknown('input.about.entity', `There is no entity "${about.entity}".`)
  const title = entity.fields.find((field) => field.key === entity.titleField)?.apiName
  try {
    const record = await ctx.records.get(entity.ref, about.id, title ? { fields: [title] } : {})
    return { entity: entity.ref, id: record.id, title: title ? String(record[title] ?? '') : '' }
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error
    throw unknown('input.about.id', `There is no such ${entity.label.toLowerCase()}.`)
  }
}

function unknown(path: string, message: string) {
  return new InvalidError(message, { errors: [{ path, code: 'UNKNOWN_RECORD', message }] })
}
