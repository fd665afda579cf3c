import type { HandlerContext } from '@runwaycrm/sdk'
import { attemptDelay } from './attempt-delays.ts'
import { concernedBy } from './concerned.ts'
import { deliveryEntity, type Endpoint, endpointEntity, findEndpoint } from './endpoints.ts'
import { attemptJob, firstOpen, type Message, toMessage } from './messages.ts'
import { payloadOf } from './payload.ts'
import { secretsOf } from './secrets.ts'
import { type Answer, send } from './send.ts'
import { signedHeaders } from './sign.ts'

/** An endpoint that takes nothing for this long is turned off. */
const patienceMs = 5 * 24 * 3_600_000
const gone = 410
const lookAgainMs = 3_600_000

/** One attempt to deliver one message. What follows from it is written in one go. */
export async function attempt(
  { message: id }: { readonly message: string },
  ctx: HandlerContext,
): Promise<void> {
  const [row] = await ctx.tables.select('message', { where: { id }, limit: 1 })
  const message = row && toMessage(row)
  if (!message) return
  const endpoint = await findEndpoint(ctx, message.endpoint)
  if (message.open) {
    if (endpoint?.ordered && !(await isItsTurn(ctx, message))) return
    const refusal = refusalOf(endpoint, message)
    if (refusal || !endpoint?.url) await giveUp(ctx, message, refusal ?? 'gone')
    else await deliver(ctx, endpoint, endpoint.url, message)
  }
  // Also when it was settled before: its worker may have died between the two.
  if (endpoint?.ordered) await callNext(ctx, message)
}

/**
 * Whoever waits for its turn says so and looks once more; the one before settles and looks whether somebody waits.
 * So at least one of the two sees the other, and of two that do only one gets to take it.
 */
async function isItsTurn(ctx: HandlerContext, message: Message): Promise<boolean> {
  const { id, endpoint, round, attempt: tried } = message
  const isFirst = async () => (await firstOpen(ctx, endpoint))?.id === id
  if (await isFirst()) return message.parked ? takeFromPark(ctx, message) : true
  const where = { id, round, attempt: tried, open: true }
  // In case nobody calls, it looks again.
  const nextAt = new Date(Date.now() + lookAgainMs)
  await ctx.tables.update('message', where, { parked: true, nextAt })
  return (await isFirst()) && takeFromPark(ctx, message)
}

async function takeFromPark(ctx: HandlerContext, { id }: Message): Promise<boolean> {
  return (await ctx.tables.update('message', { id, parked: true }, { parked: null })) > 0
}

/** One that does not wait yet has a job of its own, which will see that it is its turn. */
async function callNext(ctx: HandlerContext, { id, endpoint }: Message): Promise<void> {
  const next = await firstOpen(ctx, endpoint)
  if (!next?.parked || next.id === id) return
  await inOneGo(ctx, async (inside) => {
    if (!(await takeFromPark(inside, next))) return
    // Without a key: that of its first job may still be taken while that job ends.
    await inside.jobs.enqueue('attempt', attemptJob(next).payload)
  })
}

function refusalOf(endpoint: Endpoint | null, message: Message): Reason | null {
  if (!endpoint) return 'gone'
  // A test is for finding out before it is turned on.
  return endpoint.active || message.seq === null ? null : 'off'
}

type Reason = 'gone' | 'off' | 'secret' | 'hidden'

async function deliver(
  ctx: HandlerContext,
  endpoint: Endpoint,
  url: string,
  message: Message,
): Promise<void> {
  const secrets = await secretsOf(ctx, 'endpoint', endpoint.id)
  if (secrets.length === 0) return giveUp(ctx, message, 'secret')
  const payload = await payloadOf(ctx, endpoint, message)
  if (!payload) return giveUp(ctx, message, 'hidden')
  const body = JSON.stringify(payload)
  const at = Math.floor(Date.now() / 1_000)
  const headers = signedHeaders(secrets, { id: message.webhookId, at, body })
  const answer = await send(ctx, url, headers, body)
  await settle(ctx, endpoint, message, answer)
}

/** There is nothing to send, or nobody to send it to. */
function giveUp(ctx: HandlerContext, message: Message, reason: Reason): Promise<void> {
  return inOneGo(ctx, async (inside) => {
    if (!(await take(inside, message, { open: false, nextAt: null }))) return
    await inside.records.update(deliveryEntity, message.delivery, {
      status: 'failed',
      error: ctx.t(`reasons.${reason}`),
      nextAttemptAt: null,
    })
  })
}

async function settle(
  ctx: HandlerContext,
  endpoint: Endpoint,
  message: Message,
  answer: Answer,
): Promise<void> {
  const tried = message.attempt + 1
  const isTaken = answer.error === null
  const closing = isTaken ? null : closingOf(ctx, endpoint, message, answer)
  const delay = attemptDelay(tried, ctx.random())
  const isLast = isTaken || closing !== null || delay === null || tried >= message.mostAttempts
  const nextAt = isLast ? null : new Date(Date.now() + (delay as number))
  await inOneGo(ctx, async (inside) => {
    const kept = { open: !isLast, attempt: tried, nextAt }
    if (!(await take(inside, message, kept))) return
    await inside.records.update(deliveryEntity, message.delivery, {
      status: isTaken ? 'delivered' : isLast ? 'failed' : 'waiting',
      attempt: tried,
      responseStatus: answer.status,
      responseBody: answer.body,
      error: answer.error,
      nextAttemptAt: nextAt?.toISOString() ?? null,
      deliveredAt: isTaken ? new Date().toISOString() : null,
    })
    if (nextAt) {
      await inside.jobs.enqueueMany('attempt', [attemptJob({ ...message, ...kept }, nextAt)])
    }
    if (closing !== null) await turnOff(inside, endpoint, closing)
    else await noteHealth(inside, endpoint, message, isTaken)
  })
}

/** Why the endpoint is turned off now; null when it stays on. */
function closingOf(
  ctx: HandlerContext,
  { failingSince }: Endpoint,
  { seq }: Message,
  { status, error }: Answer,
): string | null {
  if (seq === null) return null
  if (status === gone) return ctx.t('reasons.answeredGone')
  if (failingSince === null) return null
  const isOver = Date.now() - new Date(failingSince).getTime() >= patienceMs
  return isOver ? ctx.t('reasons.failing', { error: error ?? '' }) : null
}

async function turnOff(inside: HandlerContext, endpoint: Endpoint, reason: string): Promise<void> {
  await inside.records.update(endpointEntity, endpoint.id, {
    active: false,
    disabledAt: new Date().toISOString(),
    disabledReason: reason.slice(0, 500),
  })
  const about = { entity: endpointEntity, id: endpoint.id }
  const said = { name: endpoint.name, reason, userIds: await concernedBy(inside, endpoint) }
  await inside.events.emit('endpoint.disabled', said, about)
}

async function noteHealth(
  inside: HandlerContext,
  { id, failingSince }: Endpoint,
  { seq }: Message,
  isTaken: boolean,
): Promise<void> {
  if (isTaken === (failingSince === null)) return
  if (!isTaken && seq === null) return
  const since = isTaken ? null : new Date().toISOString()
  await inside.records.update(endpointEntity, id, { failingSince: since })
}

/** False when somebody else did this attempt meanwhile: a worker that was taken for dead. */
async function take(
  inside: HandlerContext,
  { id, round, attempt: before }: Message,
  values: object,
): Promise<boolean> {
  const where = { id, round, attempt: before, open: true }
  return (await inside.tables.update('message', where, values as never)) > 0
}

function inOneGo(
  ctx: HandlerContext,
  work: (inside: HandlerContext) => Promise<void>,
): Promise<void> {
  return ctx.transaction(work, { label: ctx.t('changes.deliveries'), door: 'job' })
}
