import {
  type HandlerContext,
  InvalidError,
  type IssueCode,
  NotFoundError,
  type RecordData,
} from '@runwaycrm/sdk'

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
  if (!entity) throw invalid('about.entity', 'UNKNOWN_RECORD', 'There are no such records here.')
  try {
    const record = await ctx.records.get(entity.ref, about.id)
    const { email } = record
    return {
      about: { entity: entity.ref, id: record.id },
      email: typeof email === 'string' ? email : null,
    }
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error
    throw invalid('about.id', 'UNKNOWN_RECORD', 'There is no such record, or you may not read it.')
  }
}

export async function messageByHeader(
  ctx: HandlerContext,
  header: string,
): Promise<RecordData | null> {
  const filter = { messageId: header.trim() }
  return (await ctx.records.list(messageEntity, { filter, limit: 1 })).data[0] ?? null
}

export function invalid(name: string, code: IssueCode, message: string) {
  return new InvalidError(message, { errors: [{ path: `input.${name}`, code, message }] })
}
