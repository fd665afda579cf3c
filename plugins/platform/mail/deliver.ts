import { type HandlerContext, NotFoundError } from '@runwaycrm/sdk'
import { createTransport } from 'nodemailer'
import { toMessage } from './message.ts'

/**
 * Hands a queued mail to the SMTP server. The Message-ID follows from the mail, so that a server that got
 * it twice after a crash can tell.
 *
 * @throws what the server says, so that the job is tried again.
 */
export async function deliver(input: unknown, ctx: HandlerContext): Promise<void> {
  const { id } = input as { readonly id: string }
  const [row] = await ctx.tables.select('message', { where: { id }, limit: 1 })
  if (!row) throw new NotFoundError('The mail is gone.')
  const mail = toMessage(row)
  const url = ctx.environment('SMTP_URL')
  if (mail.status !== 'queued' || url === null) return
  const transport = createTransport(url, {
    connectionTimeout: 10_000,
    greetingTimeout: 10_000,
    socketTimeout: 30_000,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  try {
    await transport.sendMail({
      from: mail.from,
      to: mail.to,
      subject: mail.subject,
      text: mail.text ?? '',
      // Pictures in data addresses go along as parts of the mail: most mail programs show nothing else.
      ...(mail.html === null ? {} : { html: mail.html, attachDataUrls: true }),
      messageId: `<${mail.id}@runwaycrm>`,
      ...(mail.unsubscribeUrl === null ? {} : { headers: listHeaders(mail.unsubscribeUrl) }),
    })
  } catch (error) {
    const problem = error instanceof Error ? error.message.slice(0, 500) : 'unknown'
    await ctx.tables.update('message', { id }, { problem })
    throw error
  } finally {
    transport.close()
  }
  await ctx.tables.update(
    'message',
    { id },
    { status: 'sent', text: null, html: null, problem: null },
  )
}

/** @see RFC 2369 and RFC 8058: the address takes a POST, too. */
function listHeaders(url: string): Readonly<Record<string, string>> {
  return {
    'List-Unsubscribe': `<${url}>`,
    'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
  }
}
