import { type Filter, type HandlerContext, InvalidError, StateConflictError } from '@runwaycrm/sdk'
import { type Audience, audienceOf, checked, countOf, entityOf, segmentEntity } from './audience.ts'

export async function createSegment(
  input: {
    readonly name: string
    readonly entity: string
    readonly condition: Filter
    readonly description?: string
  },
  ctx: HandlerContext,
) {
  const name = input.name.trim()
  if (name === '') throw required('name', 'Give it a name.')
  const entity = entityOf(ctx, input.entity)
  const { condition } = input
  const count = await countOf(ctx, { entity, condition })
  const segment = await ctx.records.create(segmentEntity, {
    name,
    description: input.description?.trim() || null,
    target: entity.ref,
    condition,
    lastCount: count,
    countedAt: ctx.now.toISOString(),
  })
  return { segmentId: segment.id, entity: entity.ref, count }
}

export async function changeSegment(
  { segmentId, condition }: { readonly segmentId: string; readonly condition: Filter },
  ctx: HandlerContext,
) {
  const segment = await ctx.records.get(segmentEntity, segmentId)
  const { entity } = audienceOf(ctx, { ...segment, condition })
  const count = await countOf(ctx, { entity, condition })
  await ctx.records.update(
    segmentEntity,
    segmentId,
    { condition, lastCount: count, countedAt: ctx.now.toISOString() },
    segment.version,
  )
  return { segmentId, count }
}

/** Reads only: what somebody sees is theirs and is not written down for others. */
export async function previewSegment(
  input: { readonly segmentId?: string; readonly entity?: string; readonly condition?: Filter },
  ctx: HandlerContext,
) {
  const audience = await named(input, ctx)
  const count = await countOf(ctx, audience)
  const examples = await pageOf(ctx, audience, { limit: 10 })
  return {
    entity: audience.entity.ref,
    label: count === 1 ? audience.entity.label : audience.entity.labelPlural,
    count,
    examples: examples.data,
  }
}

export async function segmentMembers(
  input: { readonly segmentId: string; readonly limit?: number; readonly cursor?: string },
  ctx: HandlerContext,
) {
  const audience = audienceOf(ctx, await ctx.records.get(segmentEntity, input.segmentId))
  const { limit = 25, cursor } = input
  const page = await pageOf(ctx, audience, { limit, ...(cursor ? { cursor } : {}) })
  return {
    entity: audience.entity.ref,
    plural: audience.entity.plural,
    filter: audience.condition,
    ...page,
  }
}

export async function addSegmentToCampaign(
  { segmentId, campaignId }: { readonly segmentId: string; readonly campaignId: string },
  ctx: HandlerContext,
) {
  const { entity, condition } = audienceOf(ctx, await ctx.records.get(segmentEntity, segmentId))
  const filters: Readonly<Record<string, string>> = {
    'crm.leads:lead': 'leadFilter',
    'crm.contacts:contact': 'contactFilter',
  }
  const filter = filters[entity.ref]
  if (!filter)
    throw new StateConflictError(
      `Members of {crm.campaigns:campaign.plural} are {crm.leads:lead.plural} or {crm.contacts:contact.plural}; this {segment} is of ${entity.labelPlural}.`,
    )
  return ctx.actions.run('crm.campaigns:add_to_campaign', { campaignId, [filter]: condition })
}

async function named(
  input: { readonly segmentId?: string; readonly entity?: string; readonly condition?: Filter },
  ctx: HandlerContext,
): Promise<Audience> {
  if (input.segmentId) return audienceOf(ctx, await ctx.records.get(segmentEntity, input.segmentId))
  if (!input.entity) throw required('segmentId', 'Name a segment, or an entity and a condition.')
  if (!input.condition) throw required('condition', 'Give the condition.')
  return { entity: entityOf(ctx, input.entity), condition: input.condition }
}

/** Id and title of each. */
async function pageOf(
  ctx: HandlerContext,
  { entity, condition }: Audience,
  page: { readonly limit: number; readonly cursor?: string },
) {
  const title = entity.fields.find(({ key, can }) => key === entity.titleField && can.read)?.apiName
  const { data, page: next } = await checked(() =>
    ctx.records.list(entity.ref, {
      filter: condition,
      fields: title ? [title] : [],
      ...page,
    }),
  )
  return {
    data: data.map((record) => ({
      id: record.id,
      title: title ? String(record[title] ?? '') : record.id,
    })),
    nextCursor: next.nextCursor,
  }
}

function required(name: string, message: string) {
  return new InvalidError(message, {
    errors: [{ path: `input.${name}`, code: 'REQUIRED', message }],
  })
}
