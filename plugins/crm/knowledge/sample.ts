import {
  createInBatches,
  createSample,
  type FieldValues,
  type HandlerContext,
} from '@runwaycrm/sdk'
import { articleEntity, feedbackEntity } from './entities.ts'

/** A small handbook: most of it published, a draft or two, and what readers thought of it. */
export async function seedSample(options: { size: 'small' | 'full' }, ctx: HandlerContext) {
  const sample = createSample(828, ctx.now)
  const rows = list.map(([title, summary, body, category, visibility, state]): FieldValues => {
    return {
      title,
      summary,
      body,
      category,
      visibility,
      state,
      keywords: title.toLowerCase().split(' ').slice(-2),
      ...(state === 'draft' ? {} : { publishedAt: sample.moment(-300, -20) }),
    }
  })
  const ids = await createInBatches(ctx.records, articleEntity, rows)
  const each = options.size === 'full' ? 6 : 2
  const feedback = ids.flatMap((articleId, index): FieldValues[] =>
    rows[index]!['state'] === 'published'
      ? Array.from({ length: sample.whole(1, each) }, () => ({
          name: sample.person().name,
          articleId,
          helpful: sample.chance(0.8),
        }))
      : [],
  )
  await createInBatches(ctx.records, feedbackEntity, feedback)
}

const list: readonly (readonly [string, string, string, string, string, string])[] = [
  [
    'Scanner loses its connection',
    'Replace the aerial, then pair the scanner again.',
    'Hold the yellow key for five seconds until the light blinks. In cold rooms the aerial wears out after about two years; order part 4410.',
    'troubleshooting',
    'public',
    'published',
  ],
  [
    'Adding a second site',
    'Sites are added under Settings, one at a time.',
    'Open Settings, Sites, New. Give the address first: gates and displays take their time zone from it.',
    'how_to',
    'public',
    'published',
  ],
  [
    'Counts differ from the shelf',
    'Run a recount of the aisle before correcting by hand.',
    'A pallet that is moved during the count is counted twice. Close the aisle, start the recount from the console, and compare again.',
    'troubleshooting',
    'public',
    'published',
  ],
  [
    'Changing the address on an invoice',
    'Issued invoices are voided and made again.',
    'Change the address of the account first, then void the invoice with the reason and issue a new one.',
    'billing',
    'internal',
    'published',
  ],
  [
    'Opening hours of a gate',
    'Gates follow the plan of their site.',
    'A gate stays shut outside the plan. Exceptions for one night are set on the gate itself and end by themselves.',
    'how_to',
    'public',
    'published',
  ],
  [
    'What the warranty covers',
    'Two years on devices, six months on batteries.',
    'The warranty begins with the delivery. Batteries and aerials are worn parts and have six months.',
    'policy',
    'public',
    'published',
  ],
  [
    'Closing the access of somebody who left',
    'Set the member inactive; their records stay.',
    'People, the member, Active off. Hand over open records first: the list “My records” of a member can be reassigned in one go.',
    'policy',
    'internal',
    'published',
  ],
  [
    'Language of a display',
    'Each display has its own language since version 7.',
    'Open the display, Language, and choose. The setting survives updates from version 7.2 on.',
    'product',
    'public',
    'published',
  ],
  [
    'Discounts that need an approval',
    'Above the limit in the settings a quote waits for approval.',
    'Send the quote for review with a reason. Partners have no discount of their own beyond the price list.',
    'policy',
    'internal',
    'draft',
  ],
  [
    'Exporting a year of movements',
    'Exports of a year run at night.',
    'This was so until version 6. Exports now run at once.',
    'how_to',
    'public',
    'archived',
  ],
]
