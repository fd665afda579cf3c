import {
  createInBatches,
  createSample,
  type FieldValues,
  type Filter,
  type HandlerContext,
} from '@runwaycrm/sdk'
import { countOf, segmentEntity } from './audience.ts'

/** Audiences that marketing would keep, each of an entity that is here. */
export async function seedSample(_options: { size: 'small' | 'full' }, ctx: HandlerContext) {
  const sample = createSample(838, ctx.now)
  const { data: owners } = await ctx.records.list('kernel:user', { sort: 'name', limit: 12 })
  const rows: FieldValues[] = []
  for (const [name, ref, condition, status] of list) {
    const entity = ctx.model.entity(ref)
    if (!entity) continue
    rows.push({
      name,
      target: ref,
      condition,
      status,
      lastCount: await countOf(ctx, { entity, condition }),
      countedAt: sample.moment(-9, -1),
      ownerId: owners.length > 0 ? sample.pick(owners).id : null,
    })
  }
  await createInBatches(ctx.records, segmentEntity, rows)
}

const list: readonly (readonly [string, string, Filter, 'active' | 'retired'])[] = [
  ['Qualified leads', 'crm.leads:lead', { status: 'qualified' }, 'active'],
  ['Hot and untouched', 'crm.leads:lead', { status: 'new', score: { $gte: 60 } }, 'active'],
  ['Leads of this quarter', 'crm.leads:lead', { createdAt: { $gte: '@thisQuarter' } }, 'active'],
  ['Leads from referrals', 'crm.leads:lead', { source: 'referral' }, 'active'],
  ['Contacts with a phone', 'crm.contacts:contact', { phone: { $exists: true } }, 'active'],
  ['Contacts without a mail address', 'crm.contacts:contact', { email: null }, 'active'],
  ['Large accounts', 'crm.accounts:account', { employees: { $gte: 500 } }, 'active'],
  ['Leads of last year’s fair', 'crm.leads:lead', { source: 'event' }, 'retired'],
]
