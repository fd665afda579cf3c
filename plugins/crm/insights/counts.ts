import { type DayRange, type Filter, type HandlerContext, momentsOf } from '@runwaycrm/sdk'

/** How many records there are; null when the reader may not see any of them or the plugin is not here. */
export async function countOf(
  ctx: HandlerContext,
  entity: string,
  filter: Filter,
): Promise<number | null> {
  if (!ctx.model.entity(entity)?.can.read) return null
  const { data } = await ctx.records.aggregate(entity, { filter, measures: { n: { count: '*' } } })
  return Number(data[0]?.['n'] ?? 0)
}

/** What happens besides deals within some days, by the organisation's clocks. */
export async function workIn(ctx: HandlerContext, range: DayRange) {
  const within = momentsOf(range, ctx.org.timeZone)
  return {
    newLeads: await countOf(ctx, 'crm.leads:lead', { createdAt: within }),
    newAccounts: await countOf(ctx, 'crm.accounts:account', { createdAt: within }),
    activities: await countOf(ctx, 'crm.activities:activity', { doneAt: within }),
  }
}

/** Titles by id, as far as the reader may see the records. */
export async function titlesOf(
  ctx: HandlerContext,
  entity: string,
  ids: readonly (string | null)[],
  field = 'name',
): Promise<ReadonlyMap<string, string>> {
  const known = [...new Set(ids.filter((id) => id !== null))]
  const titles = new Map<string, string>()
  for (let start = 0; start < known.length; start += 100) {
    const { data } = await ctx.records.list(entity, {
      filter: { id: { $in: known.slice(start, start + 100) } },
      fields: [field],
      limit: 100,
    })
    for (const record of data) titles.set(record.id, String(record[field] ?? ''))
  }
  return titles
}
