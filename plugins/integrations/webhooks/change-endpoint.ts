import { ForbiddenError, type HandlerContext, invalidInput } from '@runwaycrm/sdk'
import { type Endpoint, endpointEntity, toEndpoint } from './endpoints.ts'
import { assertEvents } from './know-events.ts'
import { makeSecret } from './secrets.ts'

interface Create {
  readonly name?: string
  readonly url: string
  readonly events: readonly string[]
  readonly description?: string
  readonly ordered?: boolean
  readonly roles?: readonly string[]
}

/** Makes an endpoint with its secret, which is in this answer and nowhere else. */
export async function createEndpoint(input: Create, ctx: HandlerContext) {
  const { url, events, description, ordered = false, roles = ownRoles(ctx) } = input
  const host = hostOf(url)
  assertRoles(ctx, roles)
  assertEvents(ctx.as(null), events)
  const { id } = await ctx.records.create(endpointEntity, {
    ...{ name: input.name?.trim() || host, url, events, roles, ordered },
    ...{ active: true, secretSince: ctx.now.toISOString() },
    ...(description ? { description } : {}),
  })
  return { id, secret: await makeSecret(ctx, 'endpoint', id) }
}

interface Change {
  readonly id: string
  readonly url?: string
  readonly roles?: readonly string[]
}

/** Where it leads and with whose rights. Both together decide who learns what, so both are changed here alone. */
export async function changeEndpoint({ id, url, roles }: Change, ctx: HandlerContext) {
  await authorised(ctx, id)
  if (url !== undefined) hostOf(url)
  if (roles) assertRoles(ctx, roles)
  const changed = { ...(url === undefined ? {} : { url }), ...(roles ? { roles } : {}) }
  const after = toEndpoint(await ctx.records.update(endpointEntity, id, changed))
  return { url: after.url, roles: after.roles }
}

/** The former secret signs too for a day, so that receivers have time. */
export async function rotateSecret({ id }: { readonly id: string }, ctx: HandlerContext) {
  await authorised(ctx, id)
  await ctx.records.update(endpointEntity, id, { secretSince: ctx.now.toISOString() })
  return { secret: await makeSecret(ctx, 'endpoint', id) }
}

/**
 * Whoever leads an endpoint elsewhere gets what its roles may read, so these must be their own.
 *
 * @throws ForbiddenError
 */
async function authorised(ctx: HandlerContext, id: string): Promise<Endpoint> {
  const endpoint = toEndpoint(await ctx.records.get(endpointEntity, id))
  if (endpoint.roles.length > 0) assertRoles(ctx, endpoint.roles)
  return endpoint
}

/** Admins give any. Everybody else gives all of their own: what one role denies, another may allow. */
function assertRoles(ctx: HandlerContext, roles: readonly string[]): void {
  const own = ownRoles(ctx)
  const isOwn = own.length > 0 && isSame(own, roles)
  if (!ctx.isAdmin && !isOwn) {
    throw new ForbiddenError('Only admins lead a webhook with other rights than their own.')
  }
}

const isSame = (some: readonly string[], others: readonly string[]) =>
  some.every((one) => others.includes(one)) && others.every((one) => some.includes(one))

/** None for a key that was narrowed by scopes: its roles may do more than the key. */
const ownRoles = ({ principal }: HandlerContext): readonly string[] =>
  principal.scopes === null ? principal.roles : []

function hostOf(url: string): string {
  const address = URL.canParse(url) ? new URL(url) : null
  const isWeb = address?.protocol === 'https:' || address?.protocol === 'http:'
  if (!address || !isWeb || address.username || address.password) {
    throw invalidInput('url', 'BAD_FORMAT', 'An http or https address without a password.')
  }
  return address.host
}
