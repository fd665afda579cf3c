import type { HandlerContext } from '@runwaycrm/sdk'
import { drawMail } from './draw-mail.ts'
import { isAddress, readMail } from './message.ts'

const keptDays = 30

/**
 * Takes a mail. With an SMTP server it leaves by a job, so that a server that is away delays it and
 * loses nothing; without one it stays here to be read.
 *
 * @throws InvalidError
 */
export async function send(input: unknown, ctx: HandlerContext): Promise<{ readonly id: string }> {
  const { layout, action, language, ...mail } = readMail(input)
  const leaves = ctx.environment('SMTP_URL') !== null
  await ctx.tables.delete('message', { at: { $lt: daysBefore(ctx.now, keptDays) } })
  const [twin] = mail.id
    ? await ctx.tables.select('message', { where: { id: mail.id }, limit: 1 })
    : []
  // Asked for again by whoever did not hear that it was taken: what a crash left undone is done.
  if (twin) {
    if (leaves && twin['status'] === 'queued') await enqueue(ctx, twin.id)
    return { id: twin.id }
  }
  const [row] = await ctx.tables.insert('message', [
    {
      ...mail,
      ...(layout === 'brand' && mail.html === undefined
        ? {
            html: drawMail(
              { ...mail, ...(action && { action }), language: language ?? ctx.org.locale },
              ctx.brand,
            ),
          }
        : {}),
      at: ctx.now.toISOString(),
      from: await senderOf(ctx),
      status: leaves ? 'queued' : 'kept',
    },
  ])
  if (leaves) await enqueue(ctx, row!.id)
  return { id: row!.id }
}

async function enqueue(ctx: HandlerContext, id: string): Promise<void> {
  await ctx.jobs.enqueue('deliver', { id }, { dedupeKey: id })
}

/** `Acme <no-reply@crm.example.com>`. */
async function senderOf(ctx: HandlerContext): Promise<string> {
  const { name, address } = await ctx.settings<{ name: string; address: string }>('sender')
  const host = new URL(ctx.environment('RUNWAY_PUBLIC_URL') ?? 'http://localhost').hostname
  const from = isAddress(address) ? address : `no-reply@${host}`
  const shown = (name || ctx.brand.name).replace(/["\\<>\r\n]/g, ' ').trim()
  return `"${shown}" <${from}>`
}

function daysBefore(now: Date, days: number): string {
  return new Date(now.getTime() - days * 86_400_000).toISOString()
}
