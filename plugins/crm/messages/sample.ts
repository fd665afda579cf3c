import {
  createInBatches,
  createSample,
  type FieldValues,
  type HandlerContext,
  type RecordData,
} from '@runwaycrm/sdk'
import { messageEntity } from './messages.ts'

/** Threads of two or three mails with leads and contacts, a few drafts, and some that came back. */
export async function seedSample(options: { size: 'small' | 'full' }, ctx: HandlerContext) {
  const sample = createSample(858, ctx.now)
  const people: { readonly entity: string; readonly record: RecordData }[] = []
  for (const entity of ['crm.leads:lead', 'crm.contacts:contact']) {
    if (!ctx.model.entity(entity)) continue
    const filter = { email: { $exists: true } }
    const { data } = await ctx.records.list(entity, { filter, sort: 'createdAt,id', limit: 60 })
    people.push(...data.map((record) => ({ entity, record })))
  }
  if (people.length === 0) return
  const count = options.size === 'full' ? 60 : 12
  const rows = Array.from({ length: count }, (_, index): FieldValues[] => {
    const { entity, record } = people[(index * 7) % people.length]!
    const [subject, body, answer] = sample.pick(talks)
    const state = sample.weighted({ sent: 12, draft: 2, bounced: 1, failed: 1 })
    const header = (part: number) => `<sample-${index}-${part}@mail.example>`
    const shared = {
      about: { entity, id: record.id },
      thread: header(1),
      ownerId: record['ownerId'] ?? null,
    }
    const first = { ...shared, subject, body, to: record['email'], state }
    if (state === 'draft') return [{ ...first, thread: null }]
    const day = sample.whole(-80, -3)
    const sent = { ...first, messageId: header(1), sentAt: sample.moment(day, day) }
    if (state === 'bounced') return [{ ...sent, problem: '550 5.1.1 No such mailbox' }]
    if (state === 'failed') return [{ ...sent, problem: '421 4.4.2 Connection timed out' }]
    if (sample.chance(0.4)) return [sent]
    const reply = {
      ...shared,
      subject: `Re: ${subject}`,
      body: answer,
      from: record['email'],
      direction: 'incoming',
      state: 'received',
      messageId: header(2),
      inReplyTo: header(1),
      sentAt: sample.moment(day + 1, day + 2),
    }
    return [sent, reply]
  })
  await createInBatches(ctx.records, messageEntity, rows.flat())
}

const talks: readonly (readonly [string, string, string])[] = [
  [
    'Your question about delivery',
    'We can deliver in week 14. Does that fit your plan?',
    'Week 14 works. Please send it to the second gate.',
  ],
  [
    'Notes from our call',
    'Attached are the three points that we agreed on.',
    'Thanks, one addition: we need labels in two languages.',
  ],
  [
    'Quote for the second hall',
    'As discussed, with the frame contract taken into account.',
    'Looks good. I need a signature from finance first.',
  ],
  [
    'Invitation to the site visit',
    'We would show you the installation in Rotterdam on Thursday.',
    'Two of us will come.',
  ],
]
