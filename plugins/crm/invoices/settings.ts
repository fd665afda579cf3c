import type { HandlerContext, LinesOf } from '@runwaycrm/sdk'

/** The settings of this plugin; plugin.json has their defaults and words. */
export interface InvoicingSettings {
  readonly paymentDays: number
}

export const invoiceEntity = 'crm.invoices:invoice'
export const lineEntity = 'crm.invoices:invoice_line'

export const invoiceLines: LinesOf = {
  document: invoiceEntity,
  line: lineEntity,
  relation: 'invoiceId',
  open: ['draft'],
}

export function invoicingSettings(ctx: HandlerContext): Promise<InvoicingSettings> {
  return ctx.settings<InvoicingSettings>('invoicing')
}
