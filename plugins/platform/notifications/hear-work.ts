import type { EventNews, HandlerContext } from '@runwaycrm/sdk'
import { type Draft, putNotifications } from './put-notifications.ts'

/** What ends sooner was watched. */
const long = 100

/** Tells whoever began long work how it ended. */
export async function hearWork(
  { events }: { readonly events: readonly EventNews[] },
  ctx: HandlerContext,
): Promise<void> {
  const drafts = events.flatMap((event): Draft[] => {
    const work = workOf(event)
    return work ? [work] : []
  })
  if (drafts.length > 0) await putNotifications(ctx, drafts)
}

function workOf({ event, payload }: EventNews): Draft | null {
  const { userId, problem, name, importId, changeSetId } = payload
  const number = (key: string) => (typeof payload[key] === 'number' ? Number(payload[key]) : 0)
  const [written, failed] = [number('written'), number('refused')]
  if (typeof userId !== 'string') return null
  if (!problem && failed === 0 && Math.max(number('matched'), written) < long) return null
  const job = typeof payload['job'] === 'string' ? payload['job'] : 'import'
  return {
    key: `work ${event} ${String(importId ?? changeSetId)}`,
    userId,
    kind: problem ? 'work_failed' : 'work_done',
    data: { job, name: name ?? null, written, failed, changeSetId: changeSetId ?? null },
  }
}
