import { dayIn, type Filter, type HandlerContext, momentIn, type RecordData } from '@runwaycrm/sdk'
import { type Draft, putNotifications } from './put-notifications.ts'
import { readAs } from './read-as.ts'

interface Reminder {
  readonly entity: string
  readonly date: string
  readonly filter?: Filter
}

const morning = '08:00'
const atOnce = 200
/** Of a server that stood still for longer, nobody wants to hear all that was due since. */
const mostBackMs = 24 * 3_600_000
const usualBackMs = 3_600_000

/**
 * Tells owners in the morning what is due that day, and once that a moment has passed. Goes on where it
 * was the last time, so that nothing is passed over while no server runs.
 */
export async function remind(_tick: unknown, ctx: HandlerContext): Promise<void> {
  const now = ctx.now.toISOString()
  const [mark] = await ctx.tables.select('watermark', { where: { name: 'remind' }, limit: 1 })
  const from = sinceOf(mark?.['at'], ctx.now)
  const drafts: Draft[] = []
  for (const reminder of ctx.model.contributions<Reminder>('reminders').values()) {
    if (!ctx.model.entity(reminder.entity)) continue
    const passed = { $gt: from, $lte: now }
    drafts.push(...(await draftsOf(ctx, reminder, 'overdue', passed)))
    const day = dayIn(ctx.now, ctx.org.timeZone)
    const start = momentIn(day, morning, ctx.org.timeZone)
    if (from < start && start <= now) {
      const later = { $gt: now, $lt: momentIn(nextDay(day), '00:00', ctx.org.timeZone) }
      drafts.push(...(await draftsOf(ctx, reminder, 'due', later)))
    }
  }
  if (drafts.length > 0) await putNotifications(ctx, drafts)
  if (mark) await ctx.tables.update('watermark', { name: 'remind' }, { at: now })
  else await ctx.tables.insert('watermark', [{ name: 'remind', at: now }])
}

function sinceOf(mark: unknown, now: Date): string {
  const known = typeof mark === 'string' ? Date.parse(mark) : now.getTime() - usualBackMs
  return new Date(Math.max(known, now.getTime() - mostBackMs)).toISOString()
}

function nextDay(day: string): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10)
}

async function draftsOf(
  ctx: HandlerContext,
  { entity, date, filter = {} }: Reminder,
  kind: 'due' | 'overdue',
  when: Filter,
): Promise<Draft[]> {
  const found: RecordData[] = []
  let cursor: string | undefined
  do {
    const { data, page } = await ctx.records.list(entity, {
      filter: { $and: [{ [date]: when, ownerId: { $exists: true } }, filter] },
      fields: ['id', 'ownerId', date],
      limit: atOnce,
      ...(cursor === undefined ? {} : { cursor }),
    })
    found.push(...data)
    cursor = page.nextCursor ?? undefined
  } while (cursor !== undefined)
  const drafts: Draft[] = []
  for (const [userId, records] of Map.groupBy(found, (record) => String(record['ownerId']))) {
    const seen = await readAs(
      ctx,
      userId,
      entity,
      records.map(({ id }) => id),
    )
    for (const record of records) {
      if (!seen.has(record.id)) continue
      // Put off to another moment, it is due anew.
      const key = `${kind} ${entity} ${record.id} ${String(record[date])} ${userId}`
      drafts.push({ key, userId, kind, entity, ids: [record.id], field: date })
    }
  }
  return drafts
}
