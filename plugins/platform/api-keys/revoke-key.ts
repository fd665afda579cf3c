import type { HandlerContext } from '@runwaycrm/sdk'
import { credentialsOf, keyEntity } from './credentials.ts'

/** Revoking twice is fine; what counts is that the key is dead afterwards. */
export async function revokeKey(input: { readonly id: string }, ctx: HandlerContext) {
  const record = await ctx.records.get(keyEntity, input.id, { fields: ['keyId', 'revoked'] })
  await credentialsOf(ctx).revokeKey({ id: String(record['keyId']) })
  if (record['revoked'] !== true) await ctx.records.update(keyEntity, input.id, { revoked: true })
  return { revoked: true }
}
