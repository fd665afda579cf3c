import { createHash, randomBytes } from 'node:crypto'
import { type HandlerContext, NotFoundError, type RecordData } from '@runwaycrm/sdk'
import type { Scheme } from './verify.ts'

export const inboundEntity = 'integrations.webhooks:inbound'
export const receivedEntity = 'integrations.webhooks:received'

/** A place at which another system tells what happens there. */
export interface Inbound extends Scheme {
  readonly id: string
  readonly name: string
  readonly active: boolean
  readonly ownerId: string | null
  /** Headers that are kept besides, in lower case. */
  readonly keptHeaders: readonly string[]
}

export const toInbound = (record: RecordData) =>
  ({ ...record, keptHeaders: record['keptHeaders'] ?? [] }) as unknown as Inbound

const hashOf = (token: string) => createHash('sha256').update(token).digest('hex')

/** Null for what is no address of this organisation, or leads to something deleted. @param ctx of the plugin itself. */
export async function inboundAt(ctx: HandlerContext, token: string): Promise<Inbound | null> {
  if (!/^[\w-]{43}$/.test(token)) return null
  // By its hash: how long the search takes tells nothing of a token.
  const where = { token: hashOf(token) }
  const [row] = await ctx.tables.select('door', { where, limit: 1 })
  return row ? findInbound(ctx, String(row['inbound'])) : null
}

/** Null when it is gone. @param ctx of the plugin itself. */
export async function findInbound(ctx: HandlerContext, id: string): Promise<Inbound | null> {
  try {
    return toInbound(await ctx.records.get(inboundEntity, id))
  } catch (error) {
    if (error instanceof NotFoundError) return null
    throw error
  }
}

/** Opens a new address, and closes the one before. @returns the whole of it, for the other side. */
export async function openDoor(ctx: HandlerContext, inbound: string): Promise<string> {
  const token = randomBytes(32).toString('base64url')
  await ctx.transaction(async (inside) => {
    await inside.tables.delete('door', { inbound })
    await inside.tables.insert('door', [{ inbound, token: hashOf(token) }])
  })
  const host = ctx.environment('RUNWAY_PUBLIC_URL') ?? ''
  return `${host}/hooks/${ctx.org.slug}/webhooks/${token}`
}
