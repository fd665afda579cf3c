import {
  createInBatches,
  createSample,
  type FieldValues,
  type HandlerContext,
} from '@runwaycrm/sdk'

/** A year and a half of marketing: most of it over, some running, some planned. */
export async function seedSample(_options: { size: 'small' | 'full' }, ctx: HandlerContext) {
  const sample = createSample(303, ctx.now)
  const { data: owners } = await ctx.records.list('kernel:user', {
    filter: { title: { $contains: 'marketing' } },
    limit: 5,
  })
  const rows = list.map(([name, type, start, length, budget, status]): FieldValues => {
    return {
      name,
      type,
      status,
      startDate: sample.day(start, start),
      endDate: sample.day(start + length, start + length),
      budget,
      ...(owners[0] ? { ownerId: owners[0].id } : {}),
    }
  })
  await createInBatches(ctx.records, 'crm.campaigns:campaign', rows)
}

/** Start in days from today, length in days, budget. */
const list: readonly (readonly [string, string, number, number, number, string])[] = [
  ['Warehouse days, autumn', 'event', -430, 3, 24_000, 'completed'],
  ['Cold room guide', 'content', -380, 90, 6_000, 'completed'],
  ['Spring mailing to retail', 'email', -300, 14, 2_500, 'completed'],
  ['Webinar: counting without stopping', 'webinar', -240, 1, 3_200, 'completed'],
  ['Search ads, gates', 'advertising', -210, 120, 18_000, 'completed'],
  ['Partner day with installers', 'partner', -150, 2, 9_500, 'completed'],
  ['Trade fair in Hanover', 'event', -95, 4, 38_000, 'completed'],
  ['Short films from the dock', 'social', -70, 100, 12_000, 'active'],
  ['Webinar series on stock accuracy', 'webinar', -40, 75, 5_400, 'active'],
  ['Search ads, consoles', 'advertising', -30, 90, 15_000, 'paused'],
  ['Mailing to food companies', 'email', -12, 30, 2_800, 'active'],
  ['Roadshow in the north', 'event', 35, 10, 27_000, 'planned'],
  ['Case book', 'content', 50, 60, 7_500, 'planned'],
  ['Fair in Chicago', 'event', 110, 3, 41_000, 'planned'],
]
