import type { HandlerContext } from '@runwaycrm/sdk'
import { newSecret } from './sign.ts'

/** What the vault holds for an endpoint, as JSON. */
interface Kept {
  readonly secret: string
  /** The one before, and until when it signs too. */
  readonly former?: { readonly secret: string; readonly until: string }
}

/** Time for receivers to take over a new secret. */
const formerLivesMs = 24 * 3_600_000

const nameOf = (endpointId: string) => `endpoint:${endpointId}`

async function keptOf(ctx: HandlerContext, endpointId: string): Promise<Kept | null> {
  const text = await ctx.secrets.get(nameOf(endpointId))
  return text === null ? null : (JSON.parse(text) as Kept)
}

/** Those that sign now, the present one first; none when the endpoint has none. */
export async function secretsOf(ctx: HandlerContext, endpointId: string): Promise<string[]> {
  const kept = await keptOf(ctx, endpointId)
  if (!kept) return []
  const { secret, former } = kept
  return former && new Date(former.until) > ctx.now ? [secret, former.secret] : [secret]
}

/** Makes the endpoint's secret anew. It is in this answer and in the vault, and nowhere else. */
export async function makeSecret(ctx: HandlerContext, endpointId: string): Promise<string> {
  const before = await keptOf(ctx, endpointId)
  const secret = newSecret()
  const until = new Date(ctx.now.getTime() + formerLivesMs).toISOString()
  const kept: Kept = {
    secret,
    ...(before ? { former: { secret: before.secret, until } } : {}),
  }
  await ctx.secrets.set(nameOf(endpointId), JSON.stringify(kept))
  return secret
}
