import { InvalidError } from '@runwaycrm/sdk'
import type { RequestContext } from '../context/request-context.ts'
import type { Entity } from '../model/model.ts'
import type { Search } from '../search/search.ts'
import { namesOf } from './query-values.ts'
import type { RouteDeclaration } from './route.ts'

/** Records of every entity that the reader sees, found by words in them. */
export function searchRoutes({ search }: { readonly search: Search }): RouteDeclaration[] {
  return [
    {
      method: 'GET',
      path: '/search',
      summary: 'Find records by a text in them',
      tag: 'records',
      auth: 'principal',
      permission: null,
      rate: 'costly',
      idempotency: 'safe',
      query: { q: { type: 'string' }, entities: { type: 'string' } },
      body: null,
      response: { 200: { type: 'object' } },
      handler: async (call) => {
        const ctx = call.context()
        const entities = entitiesOf(ctx, namesOf(call.query['entities']))
        return { status: 200, body: await search.find(ctx, entities, call.query['q'] ?? '') }
      },
    },
  ]
}

function entitiesOf(ctx: RequestContext, names: readonly string[] | undefined): Entity[] {
  const readable = [...ctx.model.entities.values()].filter(
    (entity) => !entity.definition.hidden && ctx.ability.can('read', entity.ref),
  )
  if (names === undefined) return readable
  const chosen = names.map((name) =>
    readable.find((entity) => entity.plural === name || entity.ref === name),
  )
  const unknown = names.filter((_, index) => !chosen[index])
  if (unknown.length === 0) return chosen as Entity[]
  throw new InvalidError(undefined, {
    errors: unknown.map((name) => ({
      path: 'entities',
      code: 'UNKNOWN_OPTION' as const,
      message: `There is no "${name.slice(0, 60)}" that you may read.`,
    })),
  })
}
