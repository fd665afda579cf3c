import {
  dayIn,
  type HandlerContext,
  InvalidError,
  NotFoundError,
  type RecordData,
  StateConflictError,
} from '@runwaycrm/sdk'
import { assertState, isCleared } from './quote-state.ts'
import { quoteText } from './quote-text.ts'
import { lineEntity, quoteEntity, quotingSettings } from './settings.ts'

export interface SendInput {
  readonly quoteId: string
  readonly to?: string
  readonly message?: string
}

/**
 * Mails a quote. The state changes first, under the version that was looked at, so that two who send at
 * once send one; when the mail is not taken, it goes back.
 *
 * @throws StateConflictError when it lacks an approval, has run out or is no draft.
 */
export async function sendQuote(input: SendInput, ctx: HandlerContext) {
  const quote = await ctx.records.get(quoteEntity, input.quoteId)
  assertState(quote, ['draft', 'in_review'], 'Revise it to send it again.')
  await assertReady(quote, ctx)
  const to = input.to?.trim() || (await addressOf(quote, ctx))
  const { data: lines } = await ctx.records.list(lineEntity, {
    filter: { quoteId: quote.id },
    sort: 'createdAt',
    limit: 200,
  })
  const sent = await ctx.records.update(
    quoteEntity,
    quote.id,
    { status: 'sent', sentAt: ctx.now.toISOString(), sentTo: to },
    quote.version,
  )
  const term = ctx.label(quoteEntity).one
  try {
    await ctx.services.get('mail', 1)['send']!({
      to,
      subject: `${term} ${quote['number']}: ${quote['name']}`,
      text: quoteText(quote, lines, {
        orgName: ctx.org.name,
        term,
        locale: ctx.org.locale,
        message: input.message?.trim() || undefined,
      }),
      template: 'quote',
      layout: 'brand',
    })
  } catch (error) {
    const before = { status: quote['status'], sentAt: quote['sentAt'], sentTo: quote['sentTo'] }
    await ctx.records.update(quoteEntity, quote.id, before, sent.version)
    throw error
  }
  return { quoteId: quote.id, status: 'sent', to }
}

async function assertReady(quote: RecordData, ctx: HandlerContext): Promise<void> {
  if (Number(quote['lineCount'] ?? 0) === 0)
    throw new StateConflictError('This {quote} has no lines; add some first.')
  if (String(quote['validUntil'] ?? '9999') < dayIn(ctx.now, ctx.org.timeZone))
    throw new StateConflictError('This {quote} is valid until a day in the past; revise it first.')
  const { discountLimit } = await quotingSettings(ctx)
  if (!isCleared(quote, discountLimit))
    throw new StateConflictError(
      `A discount of ${quote['maxDiscount']} % is over the limit of ${discountLimit} %: submit the {quote} and let somebody else approve it.`,
    )
}

async function addressOf(quote: RecordData, ctx: HandlerContext): Promise<string> {
  const contactId = quote['contactId']
  try {
    if (typeof contactId === 'string') {
      const contact = await ctx.records.get('crm.contacts:contact', contactId)
      if (typeof contact['email'] === 'string') return contact['email']
    }
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error
  }
  const message =
    'The {quote} has no {crm.contacts:contact} with an email address; say where it goes.'
  throw new InvalidError(message, { errors: [{ path: 'input.to', code: 'REQUIRED', message }] })
}
