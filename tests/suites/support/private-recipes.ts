import type { RouteDeclaration } from '../../../kernel/http/route.ts'
import type { Entity } from '../../../kernel/model/model.ts'
import type { Exchange } from './exchange.ts'
import type { Recipe } from './recipe.ts'
import type { World } from './world.ts'

interface Parts {
  readonly status: number
  request(world: World): Promise<Partial<Exchange>> | Partial<Exchange>
}

/**
 * The recipes of a template route for an entity whose records are their owners' alone: sent by the member who
 * owns those of the world, since keys and admins find nothing there.
 */
export function privateRecipes(
  route: RouteDeclaration,
  entity: Entity,
  base: string,
  below: string,
): Recipe[] {
  const parts = operations(entity)[`${route.method} ${below}`]
  if (!parts) return []
  return [
    {
      status: parts.status,
      anew: true,
      route,
      entity: entity.ref,
      name: `${route.method} ${base}${below}`,
      async build(world) {
        const { cookie } = await world.openSession()
        const id = world.kept.get(entity.ref) ?? ''
        const path = `${base}${below.replace(':id', id)}`
        return { method: route.method, path, headers: { cookie }, ...(await parts.request(world)) }
      },
    },
  ]
}

function operations(entity: Entity): Readonly<Record<string, Parts>> {
  const may = (operation: 'create' | 'update' | 'delete') =>
    entity.definition.private?.includes(operation) ?? false
  const id = (world: World) => world.kept.get(entity.ref)
  const plain = () => ({})
  return {
    'GET ': {
      status: 200,
      request: (world) => ({ query: { filter: JSON.stringify({ id: id(world) }) } }),
    },
    // Of what people make themselves they have one already.
    'POST ': {
      status: may('create') ? 409 : 403,
      request: async (world) => ({ body: await world.values(entity) }),
    },
    'GET /:id': { status: 200, request: plain },
    'PATCH /:id': {
      status: may('update') ? 200 : 403,
      request: async (world) => ({ body: await world.values(entity) }),
    },
    'PUT /:id': { status: 405, request: () => ({ body: {} }) },
    'DELETE /:id': {
      status: may('delete') ? 204 : 403,
      request: async (world) =>
        may('delete') ? { path: `/api/v1/${entity.plural}/${await world.makeRecord(entity)}` } : {},
    },
    'POST /:id/restore': { status: 403, request: plain },
    'POST /bulk': {
      status: may('update') ? 200 : 403,
      request: async (world) => ({
        body: { update: [{ id: id(world), ...(await world.values(entity)) }] },
      }),
    },
    'POST /aggregate': {
      status: 200,
      request: (world) => ({
        body: { filter: { id: id(world) }, measures: { n: { count: '*' } } },
      }),
    },
    'GET /:id/provenance': { status: 200, request: plain },
    'GET /:id/history': { status: 200, request: plain },
    'GET /:id/timeline': { status: 200, request: plain },
  }
}
