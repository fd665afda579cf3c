import {
  createInBatches,
  createSample,
  type FieldValues,
  type HandlerContext,
  type Sample,
} from '@runwaycrm/sdk'

/** What the sample people have on their lists. */
export async function seedSample(options: { size: 'small' | 'full' }, ctx: HandlerContext) {
  const sample = createSample(909, ctx.now)
  const { data: people } = await ctx.records.list('kernel:user', {
    filter: { active: { $ne: false } },
    sort: 'name',
    limit: 200,
  })
  const count = options.size === 'full' ? 48 : 12
  const rows = Array.from({ length: count }, () =>
    makeTask(sample, people.length > 0 ? sample.pick(people).id : null),
  )
  await createInBatches(ctx.records, 'platform.tasks:task', rows)
}

function makeTask(sample: Sample, ownerId: string | null): FieldValues {
  const status = sample.weighted({ open: 40, in_progress: 20, waiting: 10, done: 25, cancelled: 5 })
  const done = status === 'done'
  return {
    title: sample.pick(titles),
    status,
    priority: sample.weighted({ low: 15, normal: 55, high: 22, urgent: 8 }),
    dueAt: done ? sample.moment(-60, -1) : sample.moment(-5, 30),
    ...(done ? { doneAt: sample.moment(-30, -1) } : {}),
    ...(ownerId ? { ownerId } : {}),
  }
}

const titles = [
  'Send the revised quote',
  'Prepare the demo for Thursday',
  'Ask for the security questionnaire',
  'Confirm delivery dates with the warehouse',
  'Call back about the price',
  'Find out who signs',
  'Update the forecast for the quarter',
  'Book a room for the kick-off',
  'Write the summary of the site visit',
  'Check the credit limit',
  'Collect two references',
  'Plan the webinar in spring',
  'Clean up contacts without email',
  'Agree on the payment terms with legal',
]
