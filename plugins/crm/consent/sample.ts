import {
  createInBatches,
  createSample,
  type FieldValues,
  type HandlerContext,
} from '@runwaycrm/sdk'
import { consentEntity, entryEntity, purposeEntity } from './entities.ts'
import { purposes } from './find-subject.ts'

/** What most begin with; anybody may rename or stop them. */
export async function seedPurposes(_options: unknown, ctx: HandlerContext) {
  await createInBatches(ctx.records, purposeEntity, [
    {
      name: 'Newsletter',
      key: 'newsletter',
      description: 'News about products and offers by mail.',
    },
    { name: 'Events', key: 'events', description: 'Invitations to webinars and fairs by mail.' },
    {
      name: 'Answers and offers',
      key: 'sales',
      description: 'Mail about what somebody asked for or bought.',
      basis: 'legitimate_interest',
    },
  ])
}

/** Half of the contacts agreed to something; some of them changed their mind. */
export async function seedSample(options: { size: 'small' | 'full' }, ctx: HandlerContext) {
  if (!ctx.model.entity('crm.contacts:contact')) return
  const sample = createSample(848, ctx.now)
  const { data: contacts } = await ctx.records.list('crm.contacts:contact', {
    filter: { email: { $exists: true } },
    sort: 'createdAt,id',
    limit: options.size === 'full' ? 80 : 15,
  })
  const asked = (await purposes(ctx)).filter((purpose) => purpose['basis'] === 'consent')
  const keys = new Set<string>()
  const rows = contacts.flatMap((contact) =>
    asked.flatMap((purpose): FieldValues[] => {
      const consentKey = `${purpose.id} ${contact['email']}`
      if (keys.has(consentKey) || sample.chance(0.4)) return []
      keys.add(consentKey)
      const state = sample.weighted({ given: 6, withdrawn: 1 })
      const source =
        state === 'withdrawn'
          ? sample.weighted({ unsubscribe_link: 4, phone: 1 })
          : sample.weighted({ form: 6, in_person: 2, phone: 1 })
      return [
        {
          name: contact['name'],
          email: contact['email'],
          person: { entity: 'crm.contacts:contact', id: contact.id },
          purposeId: purpose.id,
          consentKey,
          state,
          source,
          at: sample.moment(-400, -1),
          proof: state === 'given' ? `Ticked “${purpose['description']}”` : null,
        },
      ]
    }),
  )
  const ids = await createInBatches(ctx.records, consentEntity, rows)
  const entries = rows.map(({ person, state, source, at, proof }, index) => ({
    name: `Consent ${state}`,
    consentId: ids[index],
    about: person,
    state,
    source,
    at,
    proof,
  }))
  await createInBatches(ctx.records, entryEntity, entries)
}
