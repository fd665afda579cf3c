import {
  createInBatches,
  createSample,
  type FieldValues,
  type HandlerContext,
  type RecordData,
  type Sample,
} from '@runwaycrm/sdk'

/** Calls, mails, meetings and notes around open deals and leads, most of them done. */
export async function seedSample(options: { size: 'small' | 'full' }, ctx: HandlerContext) {
  const sample = createSample(808, ctx.now)
  const subjects = [
    ...(await recordsOf(ctx, 'crm.opportunities:opportunity', 'name')),
    ...(await recordsOf(ctx, 'crm.leads:lead', 'name')),
    ...(await recordsOf(ctx, 'crm.accounts:account', 'name')),
  ]
  if (subjects.length === 0) return
  const count = options.size === 'full' ? 260 : 50
  const rows = Array.from({ length: count }, () => makeActivity(sample, sample.pick(subjects)))
  await createInBatches(ctx.records, 'crm.activities:activity', rows)
}

type Kind = 'call' | 'email' | 'meeting' | 'note'

interface Subject {
  readonly entity: string
  readonly record: RecordData
}

async function recordsOf(ctx: HandlerContext, entity: string, sort: string): Promise<Subject[]> {
  if (!ctx.model.entity(entity)) return []
  const { data } = await ctx.records.list(entity, { sort, limit: 120 })
  return data.map((record) => ({ entity, record }))
}

function makeActivity(sample: Sample, { entity, record }: Subject): FieldValues {
  const type = sample.weighted({ call: 35, email: 30, meeting: 20, note: 15 })
  const [subject, body] = sample.pick(talks[type])
  const done = type === 'note' || sample.chance(0.8)
  return {
    type,
    subject,
    body,
    about: { entity, id: record.id },
    ...(done ? { doneAt: sample.moment(-120, -1) } : { dueAt: sample.moment(-4, 21) }),
    ...(typeof record['ownerId'] === 'string' ? { ownerId: record['ownerId'] } : {}),
  }
}

const talks: Readonly<Record<Kind, readonly (readonly [string, string])[]>> = {
  call: [
    [
      'Call about delivery times',
      'They can wait four weeks, not six. Asked us to confirm by mail.',
    ],
    ['Introduction call', 'Two sites, about 60 people who would use it. Sends the floor plans.'],
    ['Call about the price', 'Wants ten percent off for a two-year contract. Comes back to us.'],
    ['No answer, left a message', 'Tried twice. Next try on Thursday morning.'],
  ],
  email: [
    ['Sent the revised quote', 'Payment terms changed to 30 days as discussed.'],
    ['Answered the security questions', 'All 24 answered, three with a note from our engineer.'],
    ['Asked for references', 'They would like to talk to somebody of the same size.'],
  ],
  meeting: [
    ['Demo for the site managers', 'Liked the handover screen. Missing: labels in two languages.'],
    ['Kick-off with purchasing', 'Agreed on the steps until signature and who signs what.'],
    ['Visit on site', 'Measured the hall, took photos of the docks. No surprises.'],
  ],
  note: [
    [
      'Decides together with the CFO',
      'The budget is in place, but everything above 20,000 needs both.',
    ],
    ['Renewal in autumn', 'Their present contract ends in October; notice is three months.'],
    ['Careful with the timeline', 'They moved the start twice. Ask for a fixed date in writing.'],
  ],
}
