import { type HandlerContext, invalidInput, type RecordData, recordOfInput } from '@runwaycrm/sdk'

export const messageEntity = 'crm.messages:message'

export interface About {
  readonly entity: string
  readonly id: string
}

/**
 * The record that a message is about, and its address when it has one.
 *
 * @throws InvalidError UNKNOWN_RECORD when it is missing or hidden from the caller.
 */
export async function recordAbout(
  about: About,
  ctx: HandlerContext,
): Promise<{ readonly about: About; readonly email: string | null }> {
  const entity = ctx.model.entity(about.entity)
  if (!entity)
    throw invalidInput('about.entity', 'UNKNOWN_RECORD', 'There are no such records here.')
  const { id, email } = await recordOfInput(ctx.records, entity.ref, about.id, 'about.id')
  return { about: { entity: entity.ref, id }, email: typeof email === 'string' ? email : null }
}

export async function messageByHeader(
  ctx: HandlerContext,
  header: string,
): Promise<RecordData | null> {
  const filter = { messageId: header.trim() }
  return (await ctx.records.list(messageEntity, { filter, limit: 1 })).data[0] ?? null
}
