import {
  ForbiddenError,
  type HandlerContext,
  invalidInput,
  type RecordData,
  StateConflictError,
} from '@runwaycrm/sdk'
import { type About, messageEntity, recordAbout } from './messages.ts'

export interface DraftInput {
  readonly about?: About
  readonly to?: string
  readonly subject: string
  readonly body: string
  readonly purpose?: string
}

export async function draftMessage(input: DraftInput, ctx: HandlerContext) {
  const found = input.about ? await recordAbout(input.about, ctx) : null
  const to = input.to ?? found?.email
  if (!to) throw invalidInput('to', 'REQUIRED', 'Give an address, or a record that has one.')
  const message = await ctx.records.create(messageEntity, {
    subject: input.subject.trim(),
    body: input.body.trim(),
    to,
    about: found?.about ?? null,
    ...(input.purpose ? { purpose: input.purpose } : {}),
  })
  return { messageId: message.id, to: String(message['to']) }
}

/**
 * The message is marked as sent under the version that was looked at and the mail leaves last: two who send
 * at once send one, and a mail that is not taken leaves a draft.
 *
 * @throws ForbiddenError saying why, when consent is missing; also when it cannot be checked.
 */
export async function sendMessage(
  { messageId }: { readonly messageId: string },
  ctx: HandlerContext,
) {
  const message = await ctx.records.get(messageEntity, messageId)
  if (message['state'] !== 'draft')
    throw new StateConflictError(`This {message} is ${message['state']}; only a draft is sent.`)
  return deliver(ctx, message)
}

export async function replyToMessage(
  { messageId, body }: { readonly messageId: string; readonly body: string },
  ctx: HandlerContext,
) {
  const first = await ctx.records.get(messageEntity, messageId)
  if (first['state'] === 'draft')
    throw new StateConflictError('This {message} is a draft; send it, then follow up.')
  const to = first['direction'] === 'incoming' ? first['from'] : first['to']
  if (typeof to !== 'string')
    throw new StateConflictError('This {message} has no address to answer to.')
  // Checked before there is a draft, so that a refusal leaves nothing behind.
  await assertAllowed(ctx, to, String(first['purpose'] ?? 'sales'))
  const subject = String(first['subject'])
  const draft = await ctx.records.create(messageEntity, {
    subject: /^re:/i.test(subject) ? subject : `Re: ${subject}`.slice(0, 300),
    body: body.trim(),
    to,
    about: first['about'] ?? null,
    purpose: first['purpose'],
    thread: first['thread'] ?? first.id,
    inReplyTo: first['messageId'] ?? null,
  })
  return deliver(ctx, draft)
}

export async function markUndelivered(
  input: { readonly messageId: string; readonly state: string; readonly reason: string },
  ctx: HandlerContext,
) {
  const { messageId, state } = input
  const message = await ctx.records.get(messageEntity, messageId)
  if (message['state'] !== 'sent' && message['state'] !== 'failed')
    throw new StateConflictError(`This {message} is ${message['state']}; it was not sent.`)
  const values = { state, problem: input.reason.trim() }
  await ctx.records.update(messageEntity, messageId, values, message.version)
  return { messageId, state }
}

async function deliver(ctx: HandlerContext, message: RecordData) {
  const { to, body } = message
  if (typeof to !== 'string')
    throw invalidInput('messageId', 'REQUIRED', 'Give the {message} an address.')
  if (typeof body !== 'string')
    throw invalidInput('messageId', 'REQUIRED', 'Give the {message} a text.')
  const { purpose, state } = await assertAllowed(ctx, to, String(message['purpose'] ?? 'sales'))
  const thread = String(message['thread'] ?? message.id)
  const host = new URL(ctx.environment('RUNWAY_PUBLIC_URL') ?? 'http://localhost').hostname
  // What somebody agreed to is marketing; who did not have to agree is not asked to leave.
  const footer = state === 'given' ? await footerFor(ctx, to, purpose) : ''
  await ctx.batch(async (records) => {
    await records.update(
      messageEntity,
      message.id,
      {
        state: 'sent',
        sentAt: ctx.now.toISOString(),
        thread,
        messageId: `<${message.id}@${host}>`,
        problem: null,
      },
      message.version,
    )
    await ctx.services.get('mail', 1)['send']!({
      to,
      subject: String(message['subject']),
      text: `${body}${footer}`,
      template: 'message',
    })
  })
  return { messageId: message.id, state: 'sent', to, thread }
}

async function footerFor(ctx: HandlerContext, email: string, purpose: string): Promise<string> {
  const link = await ctx.services.get('consent', 1)['link']!({ email, purpose })
  const word = ctx.org.locale.startsWith('de') ? 'Abmelden' : 'Unsubscribe'
  return `\n\n-- \n${word}: ${(link as { readonly url: string }).url}`
}

async function assertAllowed(ctx: HandlerContext, email: string, purpose: string) {
  const answer = await ctx.services.get('consent', 1)['check']!({ email, purpose })
  const { allowed, reason, state } = answer as {
    readonly allowed: boolean
    readonly reason: string
    readonly state: string
  }
  if (!allowed) throw new ForbiddenError(`Not sent: ${reason}`)
  return { purpose, state }
}
