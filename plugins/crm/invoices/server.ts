import {
  type AfterChange,
  defineHandlers,
  followLines,
  type HandlerContext,
  priceLine,
} from '@runwaycrm/sdk'
import { createInvoice } from './create-invoice.ts'
import { fillInvoice, guardInvoice } from './guard-invoice.ts'
import { issueInvoice } from './issue-invoice.ts'
import { markOverdue } from './mark-overdue.ts'
import { numberIssued } from './number-issued.ts'
import { recordPayment, voidInvoice } from './record-payment.ts'
import { seedSample } from './sample.ts'
import { invoiceLines } from './settings.ts'

export const handlers = defineHandlers({
  fillInvoice,
  guardInvoice,
  numberIssued,
  priceLine,
  followLines: (change: AfterChange, ctx: HandlerContext) => followLines(change, ctx, invoiceLines),
  createInvoice,
  issueInvoice,
  recordPayment,
  voidInvoice,
  markOverdue,
  seedSample,
})
