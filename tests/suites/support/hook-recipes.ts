import { standardHeaders } from '../../setup/hooks.ts'
import { type Exchange, send } from './exchange.ts'
import { succeed } from './own-layer.ts'
import type { RouteParts } from './recipe.ts'
import type { World } from './world.ts'

/** An address for another system, with its secret. */
export async function inboundWebhook(world: World) {
  const input = { name: world.source.token }
  const { output } = await succeed<{ output: { id: string; address: string; secret: string } }>(
    world.key.call('POST', '/actions/integrations.webhooks:create_inbound', { input }),
  )
  return output
}

/** What the other system sends, the organisation named by its id. */
async function delivery(world: World): Promise<Exchange> {
  const { address, secret } = await inboundWebhook(world)
  const path = new URL(address).pathname.replace(world.slug, world.orgId)
  const body = { said: world.source.token }
  const headers = standardHeaders(secret, JSON.stringify(body))
  return { method: 'POST', path, headers, body }
}

/** One of them in the log. */
export async function receivedWebhook(world: World): Promise<{ readonly ids: readonly string[] }> {
  await send(world.app, await delivery(world))
  const { data } = await succeed<{ data: { id: string }[] }>(
    world.key.call('GET', '/received-webhooks?limit=1'),
  )
  return { ids: [data[0]!.id] }
}

export function hookRecipes(): Record<string, RouteParts[]> {
  return {
    'POST (root) /hooks/:org/webhooks/:token': [{ status: 202, anew: true, build: delivery }],
  }
}
