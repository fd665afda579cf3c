import { type HandlerContext, invalidInput, UniqueTakenError } from '@runwaycrm/sdk'
import { type About, messageByHeader, messageEntity, recordAbout } from './messages.ts'

export interface ReceivedInput {
  readonly from: string
  readonly subject: string
  readonly body?: string
  readonly externalId?: string
  readonly inReplyTo?: string
  readonly about?: About
  readonly receivedAt?: string
}

/** An answer belongs to the thread and the record of what it answers. */
export async function logReceived(input: ReceivedInput, ctx: HandlerContext) {
  const header = input.externalId?.trim() || null
  const known = header ? await messageByHeader(ctx, header) : null
  if (known) return { messageId: known.id, thread: String(known['thread']), isNew: false }
  const at = input.receivedAt ? new Date(input.receivedAt) : ctx.now
  if (at > ctx.now) throw invalidInput('receivedAt', 'OUT_OF_RANGE', 'It came now or earlier.')
  const answered = input.inReplyTo ? await messageByHeader(ctx, input.inReplyTo) : null
  const about = input.about ? (await recordAbout(input.about, ctx)).about : answered?.['about']
  try {
    const message = await ctx.records.create(messageEntity, {
      subject: input.subject.trim(),
      body: input.body?.trim() || null,
      from: input.from,
      direction: 'incoming',
      state: 'received',
      about: about ?? null,
      purpose: answered?.['purpose'] ?? 'sales',
      thread: answered?.['thread'] ?? header,
      messageId: header,
      inReplyTo: input.inReplyTo?.trim() || null,
      sentAt: at.toISOString(),
      ...(answered?.['ownerId'] ? { ownerId: answered['ownerId'] } : {}),
    })
    if (message['thread'])
      return { messageId: message.id, thread: String(message['thread']), isNew: true }
    await ctx.records.update(messageEntity, message.id, { thread: message.id })
    return { messageId: message.id, thread: message.id, isNew: true }
  } catch (error) {
    if (!(error instanceof UniqueTakenError) || !header) throw error
    const other = await messageByHeader(ctx, header)
    if (!other) throw error
    return { messageId: other.id, thread: String(other['thread']), isNew: false }
  }
}
