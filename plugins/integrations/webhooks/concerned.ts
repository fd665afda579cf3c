import type { HandlerContext, RecordData } from '@runwaycrm/sdk'
import { type Endpoint, endpointEntity } from './endpoints.ts'

const mostTold = 100
const users = 'kernel:user'

/** Whom it concerns that an endpoint stopped: who made it, who owns it, and admins. @param ctx of the plugin itself. */
export async function concernedBy(
  ctx: HandlerContext,
  endpoint: Pick<Endpoint, 'id' | 'name'>,
): Promise<readonly string[]> {
  const { createdBy, ownerId } = await ctx.records.get(endpointEntity, endpoint.id)
  const maker = createdBy as { readonly type: string; readonly id: string | null } | null
  const own = [maker?.type === 'user' ? maker.id : null, ownerId]
  const members = await activeMembers(ctx)
  // Which roles count as admin is for the platform to say.
  const isAdmin = new Map<string, boolean>()
  return members
    .filter(({ id, roles }) => {
      if (own.includes(id)) return true
      const held = (roles ?? []) as readonly string[]
      const key = held.join(' ')
      const known = isAdmin.get(key)
      if (known !== undefined) return known
      const is = ctx.as({
        type: 'workflow',
        id: endpoint.id,
        name: endpoint.name,
        roles: held,
      }).isAdmin
      isAdmin.set(key, is)
      return is
    })
    .map(({ id }) => id)
    .slice(0, mostTold)
}

async function activeMembers(ctx: HandlerContext): Promise<readonly RecordData[]> {
  const found: RecordData[] = []
  let cursor: string | null = null
  do {
    const { data, page } = await ctx.records.list(users, {
      ...{ filter: { active: { $ne: false } }, fields: ['roles'], limit: 200 },
      ...(cursor ? { cursor } : {}),
    })
    found.push(...data)
    cursor = page.nextCursor
  } while (cursor)
  return found
}
