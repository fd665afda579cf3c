import {
  type Filter,
  type HandlerContext,
  InvalidError,
  type Issue,
  type RecordData,
} from '@runwaycrm/sdk'

export const campaignEntity = 'crm.campaigns:campaign'
export const memberEntity = 'crm.campaigns:campaign_member'

export interface AddInput {
  readonly campaignId: string
  readonly leadIds?: readonly string[]
  readonly contactIds?: readonly string[]
  readonly leadFilter?: Filter
  readonly contactFilter?: Filter
}

const most = 5000
const atOnce = 100

/** Adds people who are not in the campaign yet; two who add the same at once add them once. */
export async function addToCampaign(input: AddInput, ctx: HandlerContext) {
  const { campaignId } = input
  const campaign = await ctx.records.get(campaignEntity, campaignId, { fields: ['ownerId'] })
  const wanted = [
    { entity: 'crm.leads:lead', ids: input.leadIds, filter: input.leadFilter, name: 'lead' },
    {
      entity: 'crm.contacts:contact',
      ids: input.contactIds,
      filter: input.contactFilter,
      name: 'contact',
    },
  ].filter(({ ids, filter }) => ids?.length || filter)
  if (wanted.length === 0) {
    const message =
      'Say who: ids of {crm.leads:lead.plural} or {crm.contacts:contact.plural}, or a filter.'
    throw new InvalidError(message, { errors: [{ path: 'input', code: 'REQUIRED', message }] })
  }
  let added = 0
  let already = 0
  for (const { entity, ids, filter, name } of wanted) {
    const people = new Map<string, RecordData>()
    if (ids?.length) await findAll(ctx, entity, ids, `input.${name}Ids`, people)
    if (filter) await matchAll(ctx, entity, filter, `input.${name}Filter`, people)
    const result = await addPeople(ctx, campaign, entity, [...people.values()])
    added += result.added
    already += result.already
  }
  const { data } = await ctx.records.aggregate(memberEntity, {
    filter: { campaignId },
    measures: { n: { count: '*' } },
  })
  return { campaignId, added, already, members: Number(data[0]?.['n'] ?? 0) }
}

/** @throws InvalidError naming every id that is missing or hidden. */
async function findAll(
  ctx: HandlerContext,
  entity: string,
  ids: readonly string[],
  path: string,
  people: Map<string, RecordData>,
): Promise<void> {
  for (let start = 0; start < ids.length; start += atOnce) {
    const filter = { id: { $in: ids.slice(start, start + atOnce) } }
    const { data } = await ctx.records.list(entity, {
      filter,
      fields: ['name', 'email'],
      limit: atOnce,
    })
    for (const person of data) people.set(person.id, person)
  }
  const message = 'There is no such record, or you may not read it.'
  const errors = ids.flatMap((id, index): Issue[] =>
    people.has(id) ? [] : [{ path: `${path}[${index}]`, code: 'UNKNOWN_RECORD', message }],
  )
  if (errors.length > 0) throw new InvalidError(message, { errors })
}

async function matchAll(
  ctx: HandlerContext,
  entity: string,
  filter: Filter,
  path: string,
  people: Map<string, RecordData>,
): Promise<void> {
  let cursor: string | null = null
  let found = 0
  do {
    const page = await ctx.records.list(entity, {
      filter,
      fields: ['name', 'email'],
      limit: 200,
      ...(cursor ? { cursor } : {}),
    })
    found += page.data.length
    if (found > most) {
      const message = `More than ${most} match; narrow the filter.`
      throw new InvalidError(message, { errors: [{ path, code: 'OUT_OF_RANGE', message }] })
    }
    for (const person of page.data) people.set(person.id, person)
    cursor = page.page.nextCursor
  } while (cursor)
}

async function addPeople(
  ctx: HandlerContext,
  campaign: RecordData,
  entity: string,
  people: readonly RecordData[],
) {
  let added = 0
  for (let start = 0; start < people.length; start += atOnce) {
    const some = people.slice(start, start + atOnce)
    const { data: present } = await ctx.records.list(memberEntity, {
      filter: { campaignId: campaign.id, 'person.id': { $in: some.map(({ id }) => id) } },
      fields: ['person'],
      limit: 200,
    })
    const known = new Set(present.map((member) => (member['person'] as { id: string }).id))
    const create = some
      .filter(({ id }) => !known.has(id))
      .map((person) => ({
        name: person['name'],
        email: person['email'] ?? null,
        campaignId: campaign.id,
        person: { entity, id: person.id },
        ownerId: campaign['ownerId'] ?? ctx.principal.userId,
      }))
    if (create.length === 0) continue
    const { results } = await ctx.records.bulk(memberEntity, { create, atomic: false })
    added += results.filter(({ status }) => status === 'created').length
    const failed = results.find(
      ({ status, problem }) => status === 'failed' && problem?.code !== 'UNIQUE_TAKEN',
    )
    if (failed?.problem)
      throw new InvalidError(failed.problem.detail, {
        errors: [...(failed.problem.errors ?? [])] as Issue[],
      })
  }
  return { added, already: people.length - added }
}
