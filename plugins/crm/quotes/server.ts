import {
  type AfterChange,
  defineHandlers,
  followLines,
  type HandlerContext,
  priceLine,
} from '@runwaycrm/sdk'
import { addLines } from './add-lines.ts'
import { createQuote } from './create-quote.ts'
import { acceptQuote, declineQuote, reviseQuote } from './decide-quote.ts'
import { expireQuotes } from './expire-quotes.ts'
import { fillQuote, guardQuote } from './guard-quote.ts'
import { approveQuote, rejectQuote, submitQuote } from './review-quote.ts'
import { seedSample } from './sample.ts'
import { sendQuote } from './send-quote.ts'
import { quoteLines } from './settings.ts'

export const handlers = defineHandlers({
  fillQuote,
  guardQuote,
  priceLine,
  followLines: (change: AfterChange, ctx: HandlerContext) => followLines(change, ctx, quoteLines),
  createQuote,
  addLines,
  submitQuote,
  approveQuote,
  rejectQuote,
  sendQuote,
  acceptQuote,
  declineQuote,
  reviseQuote,
  expireQuotes,
  seedSample,
})
