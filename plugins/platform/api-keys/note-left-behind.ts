import type { HandlerContext } from '@runwaycrm/sdk'
import { keyEntity } from './credentials.ts'

/**
 * Keys do not move with their organisation: no record of one may say that it works.
 *
 * @returns how many worked where the records come from, and are to be made anew.
 */
export async function noteLeftBehind(
  _input: unknown,
  ctx: HandlerContext,
): Promise<{ readonly keys: number }> {
  const working = { filter: { revoked: { $ne: true } }, fields: ['id'], limit: 200 }
  const change = await ctx.changes.open({ label: 'Keys left behind', workflows: 'skip' })
  let keys = 0
  for (;;) {
    const { data } = await change.records.list(keyEntity, working)
    if (data.length === 0) break
    const update = data.map(({ id }) => ({ id, revoked: true }))
    await change.records.bulk(keyEntity, { update })
    keys += data.length
  }
  await change.close()
  return { keys }
}
