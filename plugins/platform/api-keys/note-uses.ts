import type { HandlerContext } from '@runwaycrm/sdk'
import { credentialsOf, keyEntity } from './credentials.ts'

/** Brings "Last used" up to date once a day, as one change set that starts no workflow. */
export async function noteUses(_input: unknown, ctx: HandlerContext): Promise<void> {
  const uses = await credentialsOf(ctx).keyUses(null)
  if (uses.length === 0) return
  const change = await ctx.changes.open({ label: 'Last used', door: 'job', workflows: 'skip' })
  for (const { id, lastUsedAt } of uses) {
    const { data } = await ctx.records.list(keyEntity, {
      filter: { keyId: id },
      fields: ['lastUsedAt'],
      limit: 1,
    })
    const [record] = data
    if (record && record['lastUsedAt'] !== lastUsedAt) {
      await change.records.update(keyEntity, record.id, { lastUsedAt })
    }
  }
  await change.close()
}
