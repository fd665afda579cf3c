import { randomUUID } from 'node:crypto'
import { type HandlerContext, invalidInput, StateConflictError } from '@runwaycrm/sdk'
import { deliveryEntity, endpointEntity, toEndpoint } from './endpoints.ts'
import { attemptJob, putMessages, toMessage } from './messages.ts'

/** Tells an endpoint something that means nothing, once, whether it is turned on or not. */
export async function sendTest({ id }: { readonly id: string }, ctx: HandlerContext) {
  const record = await ctx.records.get(endpointEntity, id)
  const endpoint = toEndpoint(record)
  if (!endpoint.url || !endpoint.secretSince) {
    throw new StateConflictError('It needs an address and a secret first.')
  }
  // Whoever may not change the endpoint sends nothing to it.
  await ctx.records.update(endpointEntity, id, { name: endpoint.name }, record.version)
  const [message] = await putMessages(ctx.as(null), endpoint, [
    {
      ...{ webhookId: `msg_${randomUUID().replaceAll('-', '')}`, seq: null, mostAttempts: 1 },
      ...{ event: 'webhooks.test', entity: null, record: null, version: null, fields: [] },
      ...{ at: ctx.now, payload: null },
    },
  ])
  return { delivery: message?.delivery ?? '' }
}

/** Begins the attempts anew, under the id by which a receiver knows what it has seen before. */
export async function redeliver({ ids }: { readonly ids: readonly string[] }, ctx: HandlerContext) {
  const rows = await ctx.tables.select('message', { where: { delivery: [...ids] } })
  const known = new Map(rows.map(toMessage).map((message) => [message.delivery, message]))
  const errors = ids.findIndex((id) => !known.has(id))
  if (errors >= 0) {
    throw invalidInput(`ids[${errors}]`, 'OUT_OF_RANGE', 'What it told is no longer kept.')
  }
  await ctx.transaction(
    async (inside) => {
      for (const [delivery, message] of known) {
        await inside.records.update(deliveryEntity, delivery, {
          ...{ status: 'waiting', attempt: 0, error: null, responseStatus: null },
          ...{ responseBody: null, deliveredAt: null, nextAttemptAt: ctx.now.toISOString() },
        })
        const again = { open: true, attempt: 0, round: message.round + 1, nextAt: ctx.now }
        await inside.tables.update('message', { id: message.id }, again)
        await inside.as(null).jobs.enqueueMany('attempt', [attemptJob({ ...message, ...again })])
      }
    },
    { label: ctx.t('changes.redeliver') },
  )
  return { deliveries: known.size }
}
