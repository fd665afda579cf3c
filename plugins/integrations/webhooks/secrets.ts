import type { HandlerContext } from '@runwaycrm/sdk'
import { newPlainSecret, newSecret } from './sign.ts'

/** What the vault holds for an endpoint, as JSON. */
interface Kept {
  readonly secret: string
  /** The one before, and until when it counts too. */
  readonly former?: { readonly secret: string; readonly until: string }
}

/** What we sign with, or what others sign with. */
export type Side = 'endpoint' | 'inbound'

/** Time for the other side to take over a new secret. */
const formerLivesMs = 24 * 3_600_000

const nameOf = (side: Side, id: string) => `${side}:${id}`

async function keptOf(ctx: HandlerContext, side: Side, id: string): Promise<Kept | null> {
  const text = await ctx.secrets.get(nameOf(side, id))
  return text === null ? null : (JSON.parse(text) as Kept)
}

/** Those that count now, the present one first; none when there is none. */
export async function secretsOf(ctx: HandlerContext, side: Side, id: string): Promise<string[]> {
  const kept = await keptOf(ctx, side, id)
  if (!kept) return []
  const { secret, former } = kept
  return former && new Date(former.until) > ctx.now ? [secret, former.secret] : [secret]
}

/** Makes the secret anew. It is in this answer and in the vault, and nowhere else. */
export async function makeSecret(
  ctx: HandlerContext,
  side: Side,
  id: string,
  scheme: 'standard-webhooks' | 'hmac-sha256' = 'standard-webhooks',
): Promise<string> {
  const secret = scheme === 'standard-webhooks' ? newSecret() : newPlainSecret()
  await keepSecret(ctx, side, id, secret)
  return secret
}

/** The one before counts for a day more. */
export async function keepSecret(
  ctx: HandlerContext,
  side: Side,
  id: string,
  secret: string,
): Promise<void> {
  const before = await keptOf(ctx, side, id)
  const until = new Date(ctx.now.getTime() + formerLivesMs).toISOString()
  const kept: Kept = {
    secret,
    ...(before ? { former: { secret: before.secret, until } } : {}),
  }
  await ctx.secrets.set(nameOf(side, id), JSON.stringify(kept))
}
