import { type HandlerContext, invalidInput } from '@runwaycrm/sdk'
import { findInbound, type Inbound, receivedEntity } from './inbound.ts'
import { isJson } from './read-content.ts'

interface Told {
  readonly delivery: string
  /** The record of it. */
  readonly received: string
  readonly type: string
  readonly headers: Readonly<Record<string, string>>
  readonly value: unknown
  readonly isReplay: boolean
}

/** Says to workflows, and whoever else listens, what came. None of it is this organisation's own words. */
export async function sayReceived(
  inside: HandlerContext,
  { id, name }: Pick<Inbound, 'id' | 'name'>,
  { delivery, received, type, headers, value, isReplay }: Told,
): Promise<void> {
  await inside.events.emit('received', {
    ...{ endpoint: id, label: name, delivery, received, headers },
    ...{ contentType: type, body: value, replay: isReplay, outside: true },
  })
}

/** Says again what came, marked as such. Who listened hears of it anew. */
export async function replayReceived(
  { ids }: { readonly ids: readonly string[] },
  ctx: HandlerContext,
) {
  // Whoever may not read it lets nothing begin with it.
  const records = await Promise.all(ids.map((id) => ctx.records.get(receivedEntity, id)))
  await ctx.as(null).transaction(
    async (inside) => {
      const rows = await inside.tables.select('intake', { where: { record: [...ids] } })
      for (const [at, { id, replays, inboundId }] of records.entries()) {
        const row = rows.find(({ record }) => record === id)
        const inbound = inboundId ? await findInbound(inside, String(inboundId)) : null
        if (!row || row['body'] === null || !inbound) {
          throw invalidInput(`ids[${at}]`, 'OUT_OF_RANGE', 'What it told is no longer kept.')
        }
        const [text, type] = [String(row['body']), String(row['type'])]
        await sayReceived(inside, inbound, {
          ...{ delivery: String(row['delivery']), received: id, type, isReplay: true },
          headers: row['headers'] as Readonly<Record<string, string>>,
          value: isJson(type) ? JSON.parse(text.replace(/^\ufeff/, '')) : text,
        })
        const replayed = { replays: Number(replays ?? 0) + 1, replayedAt: ctx.now.toISOString() }
        await inside.records.update(receivedEntity, id, replayed)
      }
    },
    { label: ctx.t('changes.replay') },
  )
  return { deliveries: ids.length }
}
