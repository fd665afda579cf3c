import type { HandlerContext } from '@runwaycrm/sdk'
import { keyEntity } from './credentials.ts'

/** A key without its secret. */
export interface NotedKey {
  readonly id: string
  readonly name: string
  readonly prefix: string
  readonly role: string
  readonly scopes: readonly string[] | null
}

/** The record of a key; also for keys that were made on the command line. */
export async function noteKey(
  key: NotedKey,
  ctx: HandlerContext,
): Promise<{ readonly id: string }> {
  const { id } = await ctx.records.create(keyEntity, {
    name: key.name.trim(),
    keyId: key.id,
    prefix: key.prefix,
    role: key.role,
    scopes: key.scopes ?? [],
  })
  return { id }
}
