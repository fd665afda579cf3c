import {
  type HandlerContext,
  type HookCall,
  type RouteReply,
  type RouteRequest,
  UnauthenticatedError,
} from '@runwaycrm/sdk'
import { type Inbound, inboundAt, receivedEntity } from './inbound.ts'
import { type Content, readContent } from './read-content.ts'
import { sayReceived } from './say-received.ts'
import { secretsOf } from './secrets.ts'
import { type Genuine, verify } from './verify.ts'

/** What everybody may see of a body in the log; the whole is kept beside it, to be said again. */
const mostShown = 20_000
/** Kept of every message; an endpoint names more. */
const usualHeaders = ['content-type', 'user-agent']

/**
 * Takes what another system tells: noted and said further in one go, or not at all. The same delivery again is
 * taken too, and nothing comes of it. What comes of the first is work of others, so the answer is fast.
 *
 * @throws UnauthenticatedError unless it is genuine; what is wrong is the same to whoever asks.
 */
export async function receive(request: RouteRequest, ctx: HandlerContext): Promise<RouteReply> {
  const hook = request.hook as HookCall
  const inbound = await inboundAt(ctx, request.params['token'] ?? '')
  const secrets = inbound?.active ? await secretsOf(ctx, 'inbound', inbound.id) : []
  const genuine = inbound && verify(inbound, secrets, hook, ctx.now)
  if (!inbound || !genuine) throw new UnauthenticatedError()
  const isNew = await keep(ctx, inbound, genuine, { hook, content: readContent(hook) })
  return { status: isNew ? 202 : 200, body: { id: genuine.id, duplicate: !isNew } }
}

/** @returns false when it was here before, also a moment ago. */
async function keep(
  ctx: HandlerContext,
  inbound: Inbound,
  { id, key, isTimed }: Genuine,
  { hook, content }: { readonly hook: HookCall; readonly content: Content },
): Promise<boolean> {
  const same = { inbound: inbound.id, key }
  if ((await ctx.tables.select('intake', { where: same, limit: 1 })).length > 0) return false
  const headers = Object.fromEntries(
    [...usualHeaders, ...inbound.keptHeaders].flatMap((name) => {
      const value = hook.headers[name]
      return value === undefined ? [] : [[name, value.slice(0, 1_000)]]
    }),
  )
  try {
    await ctx.transaction(
      async (inside) => {
        const record = await inside.records.create(receivedEntity, {
          deliveryId: id,
          inboundId: inbound.id,
          ownerId: inbound.ownerId,
          receivedAt: ctx.now.toISOString(),
          contentType: content.type || null,
          size: hook.body.length,
          headers,
          body: content.text.slice(0, mostShown).toWellFormed() || null,
        })
        const kept = { delivery: id, type: content.type, headers, body: content.text }
        const row = { ...same, ...kept, isTimed, at: ctx.now, record: record.id }
        await inside.tables.add('intake', [row])
        const told = { delivery: id, received: record.id, headers, isReplay: false }
        await sayReceived(inside, inbound, { ...told, ...content })
      },
      { label: ctx.t('changes.received'), door: 'job' },
    )
    return true
  } catch (error) {
    // Two at the same moment: the other one noted it.
    if ((error as { code?: unknown }).code === '23505') return false
    throw error
  }
}
