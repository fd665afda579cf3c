import type { RouteDeclaration } from '../../../kernel/http/route.ts'
import type { Entity, Field } from '../../../kernel/model/model.ts'
import { type Exchange, nobodysId } from './exchange.ts'
import { succeed } from './own-layer.ts'
import { privateRecipes } from './private-recipes.ts'
import { asKey, type Recipe } from './recipe.ts'
import { relationName } from './sample-values.ts'
import type { World } from './world.ts'

type Parts = Omit<Recipe, 'name' | 'route' | 'entity' | 'build'> & {
  build(world: World, base: string): Promise<Omit<Exchange, 'method' | 'headers'>>
}

/** Whether a route stands for one of every entity of the model. */
export function isTemplate({ path }: RouteDeclaration): boolean {
  return /^\/(:plural|records\/:ref)(\/|$)/.test(path)
}

/** The recipes of a template route for one entity; none when nobody wrote one for its operation. */
export function recordRecipes(route: RouteDeclaration, entity: Entity): Recipe[] {
  const [, form, below] = /^\/(:plural|records\/:ref)(.*)$/.exec(route.path)!
  const base = `/api/v1/${form === ':plural' ? entity.plural : `records/${entity.ref}`}`
  if (entity.definition.private) return privateRecipes(route, entity, base, below!)
  const found = operations(entity)[`${route.method} ${below}`] ?? []
  return found.map((parts) => ({
    ...parts,
    route,
    entity: entity.ref,
    name: `${route.method} ${base}${below}`,
    async build(world) {
      const headers = asKey(world)
      return { method: route.method, headers, ...(await parts.build(world, base)) }
    },
  }))
}

function operations(entity: Entity): Readonly<Record<string, readonly Parts[]>> {
  const isMade = [...entity.fields.values()].every((field) => !field.required || !field.readOnly)
  const relations = [...entity.byApiName.values()].filter((field) => field.target !== null)
  const fresh = (world: World) => world.makeRecord(entity)
  const expand = () => relations.slice(0, 10).map(relationName).join(',')
  const readQuery = (): Record<string, string> => (expand() === '' ? {} : { expand: expand() })

  return {
    'GET ': [
      {
        status: 200,
        async build(world, base) {
          const filter = JSON.stringify({ $or: await conditions(world, entity, relations) })
          return { path: base, query: { filter, limit: '5', count: 'exact', ...readQuery() } }
        },
      },
      {
        status: 200,
        swaps: { 'query.cursor': movedCursor },
        async build(world, base) {
          await fresh(world)
          await fresh(world)
          const { page } = await succeed<{ page: { nextCursor: string } }>(
            world.key.call('GET', `/${entity.plural}?limit=1`),
          )
          return { path: base, query: { limit: '1', cursor: page.nextCursor } }
        },
      },
    ],
    'POST ': [
      {
        status: isMade ? 201 : 422,
        anew: true,
        async build(world, base) {
          return { path: base, body: { ...(await world.values(entity)), ownerId: world.userId } }
        },
      },
    ],
    'GET /:id': [
      {
        status: 200,
        async build(world, base) {
          return { path: `${base}/${world.kept.get(entity.ref)}`, query: readQuery() }
        },
      },
    ],
    'PATCH /:id': [
      {
        status: 200,
        anew: true,
        async build(world, base) {
          const id = await fresh(world)
          return { path: `${base}/${id}`, body: await changes(world, entity) }
        },
      },
    ],
    'PUT /:id': [
      {
        status: 405,
        async build(world, base) {
          return { path: `${base}/${world.kept.get(entity.ref)}`, body: {} }
        },
      },
    ],
    'DELETE /:id': [
      {
        status: 204,
        async build(world, base) {
          return { path: `${base}/${await deletable(world, entity)}` }
        },
      },
    ],
    'POST /:id/restore': [
      {
        status: 200,
        async build(world, base) {
          const id = await deletable(world, entity)
          await succeed(world.key.call('DELETE', `/${entity.plural}/${id}`))
          return { path: `${base}/${id}/restore` }
        },
      },
    ],
    'POST /bulk': [true, false].map((atomic) => ({
      status: 200,
      anew: true,
      async build(world, base) {
        const update = [{ id: await fresh(world), ...(await changes(world, entity)) }]
        const create = isMade ? [await world.values(entity)] : []
        const upsert = isMade ? await upserts(world, entity) : {}
        const remove = [{ id: await deletable(world, entity) }]
        return { path: `${base}/bulk`, body: { create, update, ...upsert, delete: remove, atomic } }
      },
    })),
    'POST /aggregate': [
      {
        status: 200,
        async build(world, base) {
          const $or = await conditions(world, entity, relations)
          const toOne = relations.filter(({ typeDefinition }) => typeDefinition.groupable)
          const groupBy = toOne.slice(0, 4).map((field) => ({ field: field.apiName }))
          const measures = { n: { count: '*' }, some: { count: 'id', filter: $or[0] } }
          return { path: `${base}/aggregate`, body: { filter: { $or }, groupBy, measures } }
        },
      },
    ],
    'GET /:id/provenance': [
      {
        status: 200,
        async build(world, base) {
          return { path: `${base}/${await changed(world, entity)}/provenance` }
        },
      },
    ],
    'GET /:id/history': [
      {
        status: 200,
        async build(world, base) {
          return { path: `${base}/${await changed(world, entity)}/history`, query: { limit: '5' } }
        },
      },
      {
        status: 200,
        swaps: { 'query.cursor': movedCursor },
        async build(world, base) {
          const id = await changed(world, entity)
          const { page } = await succeed<{ page: { nextCursor: string } }>(
            world.key.call('GET', `/${entity.plural}/${id}/history?limit=1`),
          )
          return { path: `${base}/${id}/history`, query: { cursor: page.nextCursor } }
        },
      },
    ],
    'GET /:id/timeline': [
      {
        status: 200,
        async build(world, base) {
          return { path: `${base}/${await changed(world, entity)}/timeline` }
        },
      },
      {
        status: 200,
        swaps: { 'query.cursor': movedCursor },
        async build(world, base) {
          const id = await changed(world, entity)
          const { page } = await succeed<{ page: { nextCursor: string } }>(
            world.key.call('GET', `/${entity.plural}/${id}/timeline?limit=1`),
          )
          return { path: `${base}/${id}/timeline`, query: { cursor: page.nextCursor } }
        },
      },
    ],
  }
}

/** Every way in which a filter takes an id. */
async function conditions(world: World, entity: Entity, relations: readonly Field[]) {
  const filters: object[] = [{ id: world.kept.get(entity.ref) }, { createdBy: world.userId }]
  for (const field of relations) {
    const id = world.source.target(field.target!)
    if (id === null) continue
    const isMany = field.typeDefinition.kind === 'relations'
    filters.push({ [field.apiName]: isMany ? { $contains: id } : { $in: [id] } })
    filters.push({ [`${relationName(field)}.id`]: id })
  }
  if (entity.fields.has('about'))
    filters.push({ 'about.id': world.source.target('crm.leads:lead') })
  return filters
}

/** Values for an update: all relations, the owner, and whatever may be written. */
async function changes(world: World, entity: Entity): Promise<Record<string, unknown>> {
  return { ...(await world.values(entity)), ownerId: world.userId }
}

async function changed(world: World, entity: Entity): Promise<string> {
  const id = await world.makeRecord(entity)
  await succeed(world.key.call('PATCH', `/${entity.plural}/${id}`, await changes(world, entity)))
  return id
}

async function upserts(world: World, entity: Entity) {
  const by = [...entity.fields.values()].find((field) => field.unique && !field.readOnly)
  return by ? { upsert: { by: by.apiName, records: [await world.values(entity)] } } : {}
}

/** A record that nothing keeps from going: a key goes only after it was revoked. */
async function deletable(world: World, entity: Entity): Promise<string> {
  const id = await world.makeRecord(entity)
  if (entity.ref === 'platform.api-keys:key') {
    await succeed(
      world.key.call('POST', '/actions/platform.api-keys:revoke_key', { input: { id } }),
    )
  }
  return id
}

/** The same place with ids that nobody has, in the same form. */
function movedCursor(theirs: string): string {
  const text = Buffer.from(theirs, 'base64url').toString()
  const pattern = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g
  return Buffer.from(text.replace(pattern, () => nobodysId())).toString('base64url')
}
