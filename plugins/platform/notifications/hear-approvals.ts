import type { EventNews, HandlerContext } from '@runwaycrm/sdk'
import { type Draft, putNotifications } from './put-notifications.ts'

/** Tells people what waits for them to decide or to fill in; the same thing asked anew is told anew. */
export async function hearApprovals(
  { events }: { readonly events: readonly EventNews[] },
  ctx: HandlerContext,
): Promise<void> {
  const drafts = events.flatMap(({ entity, id, payload }): Draft[] => {
    const { userIds, hash, byUserId, byName } = payload
    if (!entity || !id || !Array.isArray(userIds)) return []
    const by = typeof byUserId === 'string' ? { userId: byUserId } : null
    return userIds.map((userId) => ({
      key: `approval ${id} ${String(hash)} ${String(userId)}`,
      userId: String(userId),
      kind: 'approval',
      ...{ entity, ids: [id] },
      by: by ?? (typeof byName === 'string' ? { name: byName } : null),
    }))
  })
  if (drafts.length > 0) await putNotifications(ctx, drafts)
}
