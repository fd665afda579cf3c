import type { EventNews, HandlerContext } from '@runwaycrm/sdk'
import { type Draft, putNotifications } from './put-notifications.ts'

/** Tells those whom it concerns that another system is told nothing any more. */
export async function hearWebhooks(
  { events }: { readonly events: readonly EventNews[] },
  ctx: HandlerContext,
): Promise<void> {
  const drafts = events.flatMap(({ entity, id, seq, payload }): Draft[] => {
    const { userIds, reason } = payload
    if (!entity || !id || !Array.isArray(userIds)) return []
    return userIds.map((userId) => ({
      key: `turned_off ${id} ${seq} ${String(userId)}`,
      userId: String(userId),
      kind: 'turned_off',
      ...{ entity, ids: [id], data: { reason: String(reason) } },
    }))
  })
  if (drafts.length > 0) await putNotifications(ctx, drafts)
}
