import {
  addressWord,
  createInBatches,
  createSample,
  type FieldValues,
  type HandlerContext,
  type RecordData,
  type Sample,
} from '@runwaycrm/sdk'

/** People at the sample accounts: every account has one, larger ones have several. */
export async function seedSample(options: { size: 'small' | 'full' }, ctx: HandlerContext) {
  const sample = createSample(505, ctx.now)
  const { data: accounts } = await ctx.records.list('crm.accounts:account', {
    sort: 'name',
    limit: 200,
  })
  if (accounts.length === 0) return
  const count = options.size === 'full' ? 140 : 28
  const rows = Array.from({ length: count }, (_, index) =>
    makeContact(sample, accounts[index] ?? sample.pick(accounts)),
  )
  await createInBatches(ctx.records, 'crm.contacts:contact', rows)
}

function makeContact(sample: Sample, account: RecordData): FieldValues {
  const { firstName, lastName } = sample.person()
  const domain = `${addressWord(String(account['name']))}.example`
  return {
    firstName,
    lastName,
    title: sample.pick(titles),
    accountId: account.id,
    ...(sample.chance(0.94)
      ? { email: `${addressWord(firstName)}.${addressWord(lastName)}@${domain}` }
      : {}),
    ...(sample.chance(0.7) ? { phone: sample.phone() } : {}),
    ...(typeof account['ownerId'] === 'string' ? { ownerId: account['ownerId'] } : {}),
  }
}

const titles = [
  'Chief Executive Officer',
  'Chief Financial Officer',
  'Head of Purchasing',
  'Head of Logistics',
  'Operations Manager',
  'IT Manager',
  'Warehouse Manager',
  'Buyer',
  'Project Manager',
  'Site Manager',
  'Assistant to the board',
]
