import {
  addressWord,
  createInBatches,
  createSample,
  type FieldValues,
  type HandlerContext,
  type RecordData,
  type Sample,
} from '@runwaycrm/sdk'
import { leadEntity } from './settings.ts'

/** Leads of a small company: most are new, some are far, a few became opportunities. */
export async function seedSample(options: { size: 'small' | 'full' }, ctx: HandlerContext) {
  const sample = createSample(606, ctx.now)
  const all = { limit: 200, sort: 'name' } as const
  const campaigns = (await ctx.records.list('crm.campaigns:campaign', all)).data
  const deals = (
    await ctx.records.list('crm.opportunities:opportunity', { ...all, expand: ['account'] })
  ).data
  const reps = (
    await ctx.records.list('kernel:user', {
      ...all,
      filter: { roles: { $contains: 'platform.people:rep' } },
    })
  ).data
  const count = options.size === 'full' ? 120 : 24
  const rows = Array.from({ length: count }, () => makeLead(sample, { campaigns, deals, reps }))
  await createInBatches(ctx.records, leadEntity, rows)
}

interface Known {
  readonly campaigns: readonly RecordData[]
  readonly deals: readonly RecordData[]
  readonly reps: readonly RecordData[]
}

function makeLead(sample: Sample, known: Known): FieldValues {
  const person = sample.person()
  const status = sample.weighted({
    new: 34,
    contacted: 26,
    qualified: 16,
    unqualified: 14,
    converted: 10,
  })
  const deal = status === 'converted' && known.deals.length > 0 ? sample.pick(known.deals) : null
  const account = deal?.['account'] as { name?: string } | null | undefined
  const word = sample.companyWord()
  const company = account?.name ?? (sample.chance(0.9) ? `${word} ${sample.pick(trades)}` : null)
  const domain = company ? `${addressWord(company)}.example` : 'mail.example'
  const title = sample.chance(0.85) ? sample.pick(titles) : null
  const source = sample.weighted(sources)
  const campaign = campaignSources.includes(source) && known.campaigns.length > 0
  const assigned = status !== 'new' || sample.chance(0.4)
  const owner = assigned && known.reps.length > 0 ? sample.pick(known.reps).id : null
  return withoutNulls({
    name: person.name,
    email: sample.chance(0.9)
      ? `${addressWord(person.firstName)}.${addressWord(person.lastName)}@${domain}`
      : null,
    phone: sample.chance(0.6) ? sample.phone() : null,
    company,
    title,
    website: company && sample.chance(0.5) ? `https://www.${domain}` : null,
    source,
    status,
    score: sample.chance(0.85) ? scoreFor(status, title, sample) : null,
    notes: sample.chance(0.55) ? sample.pick(notes) : null,
    campaignId: campaign ? sample.pick(known.campaigns).id : null,
    ownerId: owner,
    assignedAt: owner ? sample.moment(-60, -1) : null,
    opportunityId: deal?.id ?? null,
  })
}

function scoreFor(status: string, title: string | null, sample: Sample): number {
  const start = { new: 30, contacted: 40, qualified: 60, unqualified: 10, converted: 65 }[status]
  const bonus = title && /chief|head|director|founder/i.test(title) ? 20 : 0
  return Math.min(100, (start ?? 30) + bonus + sample.whole(-10, 15))
}

function withoutNulls(values: FieldValues): FieldValues {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null))
}

const sources = {
  web: 26,
  referral: 16,
  event: 12,
  webinar: 10,
  email: 8,
  social: 8,
  advertising: 8,
  partner: 6,
  outbound: 6,
} as const
const campaignSources: readonly string[] = ['event', 'webinar', 'email', 'social', 'advertising']
const trades = ['Foods', 'Freight', 'Labs', 'Medical', 'Energy', 'Retail', 'Media', 'Tools', 'Care']
const titles = [
  'Chief Operating Officer',
  'Head of Purchasing',
  'Operations Manager',
  'IT Director',
  'Founder',
  'Office Manager',
  'Warehouse Lead',
  'Buyer',
  'Project Manager',
  'Head of Facilities',
]
const notes = [
  'Needs to replace the scanners in two warehouses before the third quarter.',
  'Asked for a quote on 40 units. Budget is approved, decides with the CFO.',
  'Met at the fair. Looking for a supplier who also does the installation.',
  'Wants a call next month, the present contract ends in autumn.',
  'Compares three vendors; price matters less than delivery time.',
  'Downloaded the guide twice and asked about service in the north.',
  'Has a problem with battery life of the present devices.',
  'Student project, no budget.',
]
