import type { HandlerContext } from '@runwaycrm/sdk'
import { keyEntity } from './credentials.ts'

/** Keys that were revoked elsewhere, e.g. with the member who made them. */
export async function noteRevoked(
  { ids }: { readonly ids: readonly string[] },
  ctx: HandlerContext,
): Promise<void> {
  for (const keyId of ids) {
    const { data } = await ctx.records.list(keyEntity, {
      filter: { keyId },
      fields: ['id'],
      limit: 1,
    })
    if (data[0]) await ctx.records.update(keyEntity, data[0].id, { revoked: true })
  }
}
