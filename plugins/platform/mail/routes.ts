import {
  type HandlerContext,
  NotFoundError,
  type RouteReply,
  type RouteRequest,
} from '@runwaycrm/sdk'
import { toMessage } from './message.ts'

/** The newest mails, without their bodies. */
export async function listMessages(
  _request: RouteRequest,
  ctx: HandlerContext,
): Promise<RouteReply> {
  const rows = await ctx.tables.select('message', { sort: '-at', limit: 200 })
  const data = rows.map((row) => {
    const { html: _, ...message } = toMessage(row)
    return { ...message, text: message.text?.slice(0, 300) ?? null }
  })
  return { status: 200, body: { data } }
}

export async function getMessage(request: RouteRequest, ctx: HandlerContext): Promise<RouteReply> {
  const id = request.params['id'] ?? ''
  const [row] = await ctx.tables.select('message', { where: { id }, limit: 1 })
  if (!row) throw new NotFoundError()
  return { status: 200, body: toMessage(row) }
}
