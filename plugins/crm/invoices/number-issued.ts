import { type AfterChange, type HandlerContext, StateConflictError } from '@runwaycrm/sdk'
import { invoiceEntity } from './settings.ts'

/**
 * Gives an invoice that was just issued the number after the greatest that there is. Issued ones are never
 * deleted, so there is no gap; two that are issued at once meet at the unique number, and one begins again.
 *
 * @throws StateConflictError when an issued invoice would become a draft: its number would be missing.
 */
export async function numberIssued(change: AfterChange, ctx: HandlerContext): Promise<void> {
  for (const { id, before } of change.records) {
    const { data } = await ctx.records.list(invoiceEntity, {
      filter: { id },
      fields: ['status', 'number'],
      limit: 1,
    })
    const now = data[0]
    if (!now) continue
    if (before?.['status'] !== 'draft' && now['status'] === 'draft')
      throw new StateConflictError('An issued {invoice} stays issued. Void it instead.')
    if (now['status'] === 'draft' || now['number'] !== null) continue
    const { data: greatest } = await ctx.records.aggregate(invoiceEntity, {
      measures: { number: { max: 'number' } },
    })
    await ctx.records.update(invoiceEntity, id, {
      number: Number(greatest[0]?.['number'] ?? 0) + 1,
    })
  }
}
