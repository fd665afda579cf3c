import {
  addDays,
  createInBatches,
  createSample,
  dayIn,
  type FieldValues,
  type HandlerContext,
  type RecordData,
  type Sample,
} from '@runwaycrm/sdk'
import { opportunityEntity } from './settings.ts'

/** Deals of 18 months: three quarters closed, the rest on their way, a few of them forgotten. */
export async function seedSample(options: { size: 'small' | 'full' }, ctx: HandlerContext) {
  const sample = createSample(707, ctx.now)
  const all = { limit: 200, sort: 'name' } as const
  const known: Known = {
    accounts: (await ctx.records.list('crm.accounts:account', all)).data,
    contacts: (await ctx.records.list('crm.contacts:contact', { limit: 200, sort: 'lastName' }))
      .data,
    products: (await ctx.records.list('crm.products:product', all)).data,
    reps: (
      await ctx.records.list('kernel:user', {
        ...all,
        filter: { roles: { $contains: 'platform.people:rep' } },
      })
    ).data,
  }
  if (known.accounts.length === 0) return
  const count = options.size === 'full' ? 400 : 80
  const today = dayIn(ctx.now, 'UTC')
  const rows = Array.from({ length: count }, (_, index) => makeDeal(sample, known, index, today))
  await createInBatches(ctx.records, opportunityEntity, rows)
}

interface Known {
  readonly accounts: readonly RecordData[]
  readonly contacts: readonly RecordData[]
  readonly products: readonly RecordData[]
  readonly reps: readonly RecordData[]
}

function makeDeal(sample: Sample, known: Known, index: number, today: string): FieldValues {
  const account = sample.pick(known.accounts)
  const contacts = known.contacts.filter((contact) => contact['accountId'] === account.id)
  const product = known.products.length > 0 ? sample.pick(known.products) : null
  // Whoever looks after the account has its deals.
  const ownerId = account['ownerId'] ?? (known.reps.length > 0 ? sample.pick(known.reps).id : null)
  const stage = sample.weighted(stageMix)
  const price = Number((product?.['price'] as { amount?: string } | null)?.amount ?? 2400)
  const value = Math.round((price * sample.whole(1, 24) * sample.whole(80, 104)) / 100)
  const productName = product ? String(product['name']) : 'Service'
  return Object.fromEntries(
    Object.entries({
      name: `${String(account['name'])}: ${productName}${sample.pick(kinds)}`,
      externalId: `S-${String(1001 + index)}`,
      accountId: account.id,
      contactId: contacts.length > 0 ? sample.pick(contacts).id : null,
      productId: product?.id ?? null,
      value: stage === 'prospecting' && sample.chance(0.3) ? null : value,
      stage,
      ...datesOf(sample, stage, today),
      lostReason: stage === 'lost' ? sample.weighted(lostReasons) : null,
      ownerId,
    }).filter(([, given]) => given !== null),
  )
}

/** Closed deals took one to five months; open ones began lately and mostly have a day to come. */
function datesOf(sample: Sample, stage: string, today: string) {
  if (stage === 'won' || stage === 'lost') {
    const closeDate = sample.day(-540, -1)
    return { closeDate, engageDate: addDays(closeDate, -sample.whole(20, 150)) }
  }
  if (stage === 'prospecting')
    return { engageDate: null, closeDate: sample.chance(0.5) ? sample.day(30, 180) : null }
  const late = sample.chance(0.12)
  return {
    engageDate: sample.day(-120, -5),
    closeDate: late ? sample.day(-25, -1) : addDays(today, sample.whole(3, 130)),
  }
}

const stageMix = {
  prospecting: 8,
  engaging: 7,
  proposal: 6,
  negotiation: 4,
  won: 45,
  lost: 30,
} as const
const kinds = ['', '', '', ', first order', ', renewal', ', extension', ', second site']
const lostReasons = {
  Price: 30,
  'Chose a competitor': 25,
  'No decision': 20,
  'Budget was cut': 12,
  'Missing feature': 8,
  'Bad timing': 5,
} as const
