import {
  addressWord,
  createInBatches,
  createSample,
  type FieldValues,
  type HandlerContext,
} from '@runwaycrm/sdk'

/** A dozen people of a small company in three offices, two sales teams and an inner office. */
export async function seedSample(options: { size: 'small' | 'full' }, ctx: HandlerContext) {
  const sample = createSample(101, ctx.now)
  const { records } = ctx
  const offices = await createInBatches(records, 'platform.people:office', officeRows)
  const teams = await createInBatches(records, 'kernel:team', teamRows)
  const person = (job: Job): FieldValues => {
    const { name } = sample.person()
    return {
      name,
      // `.example` is kept for examples, so no mail ever reaches anybody.
      email: `${addressWord(name)}@${ctx.org.slug}.example`,
      title: job.title,
      roles: [`platform.people:${job.role}`],
      officeId: offices[job.office]!,
      avatarColor: sample.whole(1, 10),
      ...(job.team === undefined ? {} : { teamId: teams[job.team]! }),
    }
  }
  const leads = await createInBatches(records, 'kernel:user', leadJobs.map(person))
  const jobs = options.size === 'full' ? staffJobs : staffJobs.slice(0, 4)
  await createInBatches(
    records,
    'kernel:user',
    jobs.map((job) => ({ ...person(job), managerId: leads[job.reportsTo ?? 0]! })),
  )
}

interface Job {
  readonly title: string
  readonly role: 'editor' | 'rep' | 'viewer'
  readonly office: number
  readonly team?: number
  readonly reportsTo?: number
}

const officeRows = [
  { name: 'Oslo', city: 'Oslo', country: 'Norway' },
  { name: 'Berlin', city: 'Berlin', country: 'Germany' },
  { name: 'Austin', city: 'Austin', country: 'United States' },
]
const teamRows = [
  { name: 'Europe', description: 'Sales in Europe' },
  { name: 'Americas', description: 'Sales in the Americas' },
]
const leadJobs: readonly Job[] = [
  { title: 'Head of Sales, Europe', role: 'editor', office: 0, team: 0 },
  { title: 'Head of Sales, Americas', role: 'editor', office: 2, team: 1 },
]
const staffJobs: readonly Job[] = [
  { title: 'Account Executive', role: 'rep', office: 0, team: 0, reportsTo: 0 },
  { title: 'Account Executive', role: 'rep', office: 1, team: 0, reportsTo: 0 },
  { title: 'Account Executive', role: 'rep', office: 2, team: 1, reportsTo: 1 },
  { title: 'Sales Development', role: 'rep', office: 2, team: 1, reportsTo: 1 },
  { title: 'Sales Development', role: 'rep', office: 1, team: 0, reportsTo: 0 },
  { title: 'Account Manager', role: 'rep', office: 0, team: 0, reportsTo: 0 },
  { title: 'Account Manager', role: 'rep', office: 2, team: 1, reportsTo: 1 },
  { title: 'Marketing Manager', role: 'editor', office: 1 },
  { title: 'Controller', role: 'viewer', office: 0 },
  { title: 'Support Lead', role: 'editor', office: 1 },
]
