import {
  createInBatches,
  createSample,
  type FieldValues,
  type HandlerContext,
  type RecordData,
} from '@runwaycrm/sdk'
import { campaignEntity, memberEntity } from './add-to-campaign.ts'

/** Leads and contacts in campaigns that have begun, a third of whom answered. */
export async function seedMembers(options: { size: 'small' | 'full' }, ctx: HandlerContext) {
  const sample = createSample(313, ctx.now)
  const { data: campaigns } = await ctx.records.list(campaignEntity, {
    filter: { status: { $ne: 'planned' } },
    sort: 'name',
    limit: 50,
  })
  const people: { readonly entity: string; readonly record: RecordData }[] = []
  for (const entity of ['crm.leads:lead', 'crm.contacts:contact']) {
    if (!ctx.model.entity(entity)) continue
    const query = { fields: ['name', 'email'], sort: 'createdAt,id', limit: 120 }
    const { data } = await ctx.records.list(entity, query)
    people.push(...data.map((record) => ({ entity, record })))
  }
  if (people.length === 0) return
  const each = options.size === 'full' ? 15 : 4
  const rows = campaigns.flatMap((campaign) => {
    const first = sample.whole(0, people.length - 1)
    return Array.from({ length: Math.min(each, people.length) }, (_, index): FieldValues => {
      const { entity, record } = people[(first + index * 7) % people.length]!
      const status = sample.weighted({
        added: 2,
        contacted: 6,
        responded: 3,
        converted: 1,
        declined: 1,
      })
      return {
        name: record['name'],
        email: record['email'] ?? null,
        campaignId: campaign.id,
        person: { entity, id: record.id },
        status,
        ...(['responded', 'converted', 'declined'].includes(status)
          ? { respondedAt: sample.moment(-60, -1) }
          : {}),
        ownerId: campaign['ownerId'] ?? null,
      }
    })
  })
  const keys = new Set<string>()
  const fresh = rows.filter((row) => {
    const key = `${row['campaignId']} ${(row['person'] as { id: string }).id}`
    return !keys.has(key) && keys.add(key)
  })
  await createInBatches(ctx.records, memberEntity, fresh)
}
