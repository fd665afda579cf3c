import {
  type HandlerContext,
  NotFoundError,
  type RouteReply,
  type RouteRequest,
} from '@runwaycrm/sdk'
import { readAs } from './read-as.ts'

/**
 * Whether a mention would reach a member: whom a record is hidden from is told nothing of it. Asked by whoever
 * may read the record themselves.
 *
 * @throws NotFoundError when there is no such record for whoever asks.
 */
export async function reachOfMention(
  { query }: RouteRequest,
  ctx: HandlerContext,
): Promise<RouteReply> {
  const { entity: name, id, userId } = query as Record<'entity' | 'id' | 'userId', string>
  const entity = ctx.model.entity(name)
  if (!entity) throw new NotFoundError()
  await ctx.records.get(entity.ref, id)
  const seen = await readAs(ctx, userId, entity.ref, [id])
  return { status: 200, body: { reaches: seen.size > 0 } }
}
