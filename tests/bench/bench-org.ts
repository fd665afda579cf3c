import type { House } from '../../kernel/boot.ts'

/** The 19 fields that an organisation adds to the 11 of a lead, so that there are 30. */
const ownFields: Record<string, { type: string }> = Object.fromEntries(
  Array.from({ length: 19 }, (_, i) => [
    `own${i}`,
    { type: ['text', 'number', 'boolean', 'date', 'text'][i % 5]! },
  ]),
)

/** Five rules, as a team might have them. */
const role = {
  label: 'Bench',
  rules: {
    leads: { operations: ['create', 'read', 'update'], entity: 'crm.leads:lead' },
    converted: {
      effect: 'deny',
      operations: ['update'],
      entity: 'crm.leads:lead',
      condition: { status: 'converted' },
    },
    campaigns: { operations: ['read'], entity: 'crm.campaigns:campaign' },
    accounts: { operations: ['read'], entity: 'crm.accounts:account' },
    activities: { operations: ['read', 'update'], entity: 'crm.activities:activity', scope: 'own' },
  },
}

export interface LeadColumn {
  readonly name: string
  readonly column: string
  readonly type: string
}

/** The columns of the yardstick: typed, one per field. */
export const leadColumns: readonly LeadColumn[] = [
  ...['name', 'email', 'phone', 'company', 'title', 'website', 'source', 'status', 'notes'].map(
    (name) => ({ name, column: name, type: 'text' }),
  ),
  { name: 'score', column: 'score', type: 'bigint' },
  { name: 'campaignId', column: 'campaign_id', type: 'uuid' },
  ...Object.entries(ownFields).map(([name, { type }]) => ({
    name,
    column: name,
    type: { text: 'text', number: 'float8', boolean: 'boolean', date: 'date' }[type]!,
  })),
  { name: 'id', column: 'id', type: 'uuid' },
  { name: 'createdAt', column: 'created_at', type: 'timestamptz' },
  { name: 'updatedAt', column: 'updated_at', type: 'timestamptz' },
  { name: 'createdBy', column: 'created_by', type: 'jsonb' },
  { name: 'updatedBy', column: 'updated_by', type: 'jsonb' },
  { name: 'ownerId', column: 'owner_id', type: 'uuid' },
  { name: 'version', column: 'version', type: 'bigint' },
]

/** An organisation with the own fields and the role published, and a key of that role. */
export async function makeBenchOrg(
  house: House,
  slug: string,
): Promise<{ orgId: string; key: string }> {
  const { orgId } = await house.accounts.provision({
    orgName: slug,
    slug,
    email: `${slug}@bench.example`,
    password: 'correct-horse-battery',
  })
  const actor = { type: 'system', id: null, name: 'Bench' } as const
  await house.revisions.edit(
    orgId,
    [
      ...Object.entries(ownFields).map(([key, field]) => ({
        op: 'set' as const,
        path: ['contributes', 'fields', key],
        from: undefined,
        value: { entity: 'crm.leads:lead', field },
      })),
      { op: 'set' as const, path: ['contributes', 'roles', 'bench'], from: undefined, value: role },
    ],
    actor,
  )
  const { hash } = await house.revisions.plan(orgId)
  await house.revisions.publish(orgId, { hash, message: 'Bench' }, actor)
  house.orgStates.forget(orgId)
  const made = await house.accounts.createKey(orgId, { name: 'Bench', role: 't:bench' })
  return { orgId, key: made.key }
}

/** One lead with all 30 fields. @param i makes it different from the others. */
export function leadBody(i: number): Record<string, unknown> {
  const own = Object.entries(ownFields).map(([name, { type }], n) => [
    name,
    {
      text: `value ${i} ${n}`,
      number: i + n / 4,
      boolean: (i + n) % 2 === 0,
      date: `2026-0${1 + (i % 9)}-1${n % 10}`,
    }[type],
  ])
  return {
    name: `Lead ${i}`,
    email: `lead${i}@company${i % 5000}.example`,
    phone: `+4722${String(100000 + (i % 800000))}`,
    company: `Company ${i % 5000}`,
    title: 'Head of purchasing',
    website: `https://company${i % 5000}.example`,
    source: ['web', 'referral', 'event'][i % 3],
    status: ['new', 'contacted', 'qualified', 'unqualified'][i % 4],
    score: i % 100,
    notes:
      'Met at the fair; wants a quote for forty seats before the summer and asked for references.',
    ...Object.fromEntries(own),
  }
}
