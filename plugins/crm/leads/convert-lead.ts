import {
  type HandlerContext,
  type RecordData,
  type Records,
  StateConflictError,
} from '@runwaycrm/sdk'
import { accountNameOf, filled, sameText, splitName } from './conversion.ts'
import { leadEntity } from './settings.ts'

export interface ConvertInput {
  readonly leadId: string
  readonly opportunityName?: string
  readonly value?: number
  readonly closeDate?: string
}

/**
 * Makes account, contact and opportunity of a lead, in one transaction and one change set. The lead is
 * read inside it and written under its version, so two conversions at once make one.
 *
 * @throws StateConflictError when it was converted before.
 */
export async function convertLead(input: ConvertInput, ctx: HandlerContext) {
  return ctx.batch(async (records) => {
    const lead = await records.get(leadEntity, input.leadId)
    if (lead['status'] === 'converted') throw alreadyConverted(lead)
    const ownerId = lead['ownerId'] ?? ctx.principal.userId
    const account = await findOrCreateAccount(records, lead, ownerId)
    const contact = await findOrCreateContact(records, lead, account.id, ownerId)
    const opportunity = await records.create(
      'crm.opportunities:opportunity',
      filled({
        name: input.opportunityName ?? account.name,
        accountId: account.id,
        contactId: contact.id,
        value: input.value,
        closeDate: input.closeDate,
        ownerId,
      }),
    )
    await records.update(
      leadEntity,
      lead.id,
      { status: 'converted', opportunityId: opportunity.id },
      lead.version,
    )
    return {
      leadId: lead.id,
      accountId: account.id,
      contactId: contact.id,
      opportunityId: opportunity.id,
      opportunityName: String(opportunity['name']),
      reused: { account: account.reused, contact: contact.reused },
    }
  })
}

async function findOrCreateAccount(records: Records, lead: RecordData, ownerId: unknown) {
  const name = accountNameOf(lead)
  const { data } = await records.list('crm.accounts:account', {
    filter: { name: { $startsWith: name } },
    fields: ['name'],
    sort: 'name',
    limit: 50,
  })
  const found = sameText(data, 'name', name)
  if (found) return { id: found.id, name: String(found['name']), reused: true }
  const made = await records.create(
    'crm.accounts:account',
    filled({ name, website: lead['website'], ownerId }),
  )
  return { id: made.id, name, reused: false }
}

async function findOrCreateContact(
  records: Records,
  lead: RecordData,
  accountId: string,
  ownerId: unknown,
) {
  const found = await findContact(records, lead['email'], accountId)
  if (found) return { id: found.id, reused: true }
  const made = await records.create(
    'crm.contacts:contact',
    filled({
      ...splitName(String(lead['name'])),
      email: lead['email'],
      phone: lead['phone'],
      title: lead['title'],
      accountId,
      ownerId,
    }),
  )
  return { id: made.id, reused: false }
}

/** The contact of that email, the one at the account before others. */
async function findContact(records: Records, email: unknown, accountId: string) {
  if (typeof email !== 'string' || email === '') return undefined
  const { data } = await records.list('crm.contacts:contact', {
    filter: { email },
    fields: ['email', 'accountId'],
    sort: 'createdAt',
    limit: 50,
  })
  return data.find((contact) => contact['accountId'] === accountId) ?? data[0]
}

function alreadyConverted(lead: RecordData) {
  const opportunityId = lead['opportunityId'] ?? null
  return new StateConflictError(
    'This {lead} was converted before. Work on its {crm.opportunities:opportunity}, or revert the conversion first.',
    { extra: { opportunityId } },
  )
}
