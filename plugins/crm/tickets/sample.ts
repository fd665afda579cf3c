import {
  createInBatches,
  createSample,
  type FieldValues,
  type HandlerContext,
} from '@runwaycrm/sdk'
import { addBusinessMinutes } from './business-hours.ts'
import { type Priority, replyEntity, slaSettings, ticketEntity } from './settings.ts'

/** Three months of tickets from contacts: most of them solved in time, some late, some waiting. */
export async function seedSample(options: { size: 'small' | 'full' }, ctx: HandlerContext) {
  const sample = createSample(818, ctx.now)
  const clock = await slaSettings(ctx)
  const { data: contacts } = await ctx.records.list('crm.contacts:contact', {
    sort: 'createdAt,id',
    limit: 120,
  })
  const { data: users } = await ctx.records.list('kernel:user', { sort: 'name', limit: 12 })
  if (contacts.length === 0) return
  const count = options.size === 'full' ? 90 : 15
  const now = ctx.now.toISOString()
  const rows = Array.from({ length: count }, (): FieldValues => {
    const contact = sample.pick(contacts)
    const [subject, description] = sample.pick(questions)
    const priority = sample.weighted<Priority>({ low: 2, normal: 6, high: 3, urgent: 1 })
    const isOld = sample.chance(0.75)
    const openedAt = isOld ? sample.moment(-90, -12) : sample.moment(-3, -1)
    const later = (minutes: number, share: number) => {
      const at = addBusinessMinutes(
        new Date(openedAt),
        Math.round(minutes * share),
        clock,
        ctx.org.timeZone,
      )
      return at < now ? at : now
    }
    const target = clock.targets[priority]
    const status = isOld
      ? sample.weighted({ resolved: 3, closed: 5 })
      : sample.weighted({ new: 3, open: 4, waiting_customer: 3, waiting_third_party: 1 })
    const share = () => sample.whole(10, 115) / 100
    return {
      subject,
      description,
      priority,
      status,
      channel: sample.weighted({ email: 6, phone: 3, web: 3, chat: 1 }),
      contactId: contact.id,
      accountId: contact['accountId'] ?? null,
      openedAt,
      ...(status === 'new' ? {} : { firstResponseAt: later(target.firstResponse, share()) }),
      ...(isOld
        ? { resolvedAt: later(target.resolution, share()), resolution: sample.pick(solutions) }
        : {}),
      ownerId: users.length > 0 && sample.chance(0.85) ? sample.pick(users).id : null,
    }
  })
  const ids = await createInBatches(ctx.records, ticketEntity, rows)
  const replies = rows.flatMap((row, index): FieldValues[] =>
    row['firstResponseAt']
      ? [
          {
            name: `Re: ${row['subject']}`,
            ticketId: ids[index],
            body: sample.pick(answers),
            state: 'sent',
            sentAt: row['firstResponseAt'],
            ownerId: row['ownerId'],
          },
        ]
      : [],
  )
  await createInBatches(ctx.records, replyEntity, replies)
}

const questions: readonly (readonly [string, string])[] = [
  ['Scanner loses its connection', 'Since Monday two of our scanners drop out in the cold room.'],
  ['Invoice shows the old address', 'We moved in spring. Please correct the last two invoices.'],
  ['Gate does not open at night', 'The gate stays shut after 22:00 although the plan says open.'],
  ['How do I add a second site?', 'We open another hall next month and need it in the system.'],
  ['Counts differ from the shelf', 'The console says 48 pallets, we count 46. Twice.'],
  ['Password of a colleague', 'She left; we need her reports and her access closed.'],
  ['Delivery is missing a part', 'The mounting bracket was not in the box.'],
  ['Export takes very long', 'The monthly export needed two hours yesterday.'],
  ['Wrong language on the display', 'Three displays went to English after the update.'],
  ['Question about the warranty', 'Does it cover the batteries as well?'],
]
const solutions = [
  'Replaced the aerial; stable for a day.',
  'Corrected and sent again.',
  'Set up together on the phone.',
  'Part sent by express.',
  'Explained; the customer is fine with it.',
]
const answers = [
  'Thank you, we have it on our desk and will look at it today.',
  'Could you send us the serial number? It is on the back.',
  'We found the cause and are preparing the change.',
]
