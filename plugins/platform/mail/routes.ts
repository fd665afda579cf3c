import {
  type HandlerContext,
  NotFoundError,
  type RouteReply,
  type RouteRequest,
  type Row,
} from '@runwaycrm/sdk'
import { type Message, toMessage } from './message.ts'

/** The newest mails, without their bodies. */
export async function listMessages(
  _request: RouteRequest,
  ctx: HandlerContext,
): Promise<RouteReply> {
  const rows = await ctx.tables.select('message', { sort: '-at', limit: 200 })
  const data = rows.map((row) => {
    const { html: _, ...message } = shown(row)
    return { ...message, text: message.text?.slice(0, 300) ?? null }
  })
  return { status: 200, body: { data } }
}

export async function getMessage(request: RouteRequest, ctx: HandlerContext): Promise<RouteReply> {
  const id = request.params['id'] ?? ''
  const [row] = await ctx.tables.select('message', { where: { id }, limit: 1 })
  if (!row) throw new NotFoundError()
  return { status: 200, body: shown(row) }
}

/** What is on its way to a mailbox is for whoever opens that: it may hold links that open doors. */
function shown(row: Row): Message {
  const message = toMessage(row)
  return message.status === 'kept' ? message : { ...message, text: null, html: null }
}
