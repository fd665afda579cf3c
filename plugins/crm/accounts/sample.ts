import {
  addressWord,
  createInBatches,
  createSample,
  type FieldValues,
  type HandlerContext,
  type RecordData,
  type Sample,
} from '@runwaycrm/sdk'

/** Invented companies, a few of them owned by others. */
export async function seedSample(options: { size: 'small' | 'full' }, ctx: HandlerContext) {
  const sample = createSample(404, ctx.now)
  const { data: reps } = await ctx.records.list('kernel:user', {
    filter: { roles: { $contains: 'platform.people:rep' } },
    sort: 'name',
    limit: 200,
  })
  const count = options.size === 'full' ? 60 : 12
  const rows = Array.from({ length: count }, () => makeAccount(sample, reps))
  const ids = await createInBatches(ctx.records, 'crm.accounts:account', rows)
  const children = ids.slice(Math.ceil(count * 0.85))
  await ctx.records.bulk('crm.accounts:account', {
    update: children.map((id, index) => ({ id, parentId: ids[index % 4]! })),
  })
}

function makeAccount(sample: Sample, reps: readonly RecordData[]): FieldValues {
  const [trade, industry] = sample.pick(trades)
  const name = `${sample.companyWord()} ${trade}`
  const employees = sample.pick([8, 14, 25, 40, 65, 90, 140, 220, 380, 600, 1100, 2400])
  return {
    name,
    industry,
    website: `https://www.${addressWord(name)}.example`,
    employees,
    annualRevenue: employees * sample.whole(60, 240) * 1000,
    country: sample.weighted(countries),
    yearEstablished: sample.whole(1921, 2021),
    ...(reps.length > 0 && sample.chance(0.9) ? { ownerId: sample.pick(reps).id } : {}),
  }
}

const trades: readonly (readonly [string, string])[] = [
  ['Foods', 'food'],
  ['Bakeries', 'food'],
  ['Freight', 'logistics'],
  ['Shipping', 'logistics'],
  ['Logistics', 'logistics'],
  ['Retail', 'retail'],
  ['Markets', 'retail'],
  ['Pharma', 'pharma'],
  ['Medical', 'medical'],
  ['Works', 'manufacturing'],
  ['Tools', 'manufacturing'],
  ['Textiles', 'manufacturing'],
  ['Energy', 'energy'],
  ['Farms', 'agriculture'],
  ['Build', 'construction'],
  ['Systems', 'technology'],
  ['Software', 'software'],
  ['Media', 'media'],
  ['Hotels', 'hospitality'],
  ['Capital', 'finance'],
]
const countries = {
  'United States': 34,
  Norway: 18,
  Germany: 18,
  Denmark: 8,
  Sweden: 8,
  Netherlands: 6,
  Canada: 5,
  Poland: 3,
} as const
