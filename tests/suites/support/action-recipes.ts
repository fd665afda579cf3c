import type { RouteDeclaration } from '../../../kernel/http/route.ts'
import type { Contribution, Model } from '../../../kernel/model/model.ts'
import { asKey, type Recipe } from './recipe.ts'
import type { World } from './world.ts'

interface Schema {
  readonly type?: string | readonly string[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly format?: string
  readonly minimum?: number
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
  readonly minLength?: number
}
interface Action {
  readonly input: Schema
  readonly on?: { readonly entity: string; readonly as: string; readonly multiple?: boolean }
}

/** What a schema does not say about a valid input. */
const particular: Readonly<Record<string, (world: World) => Record<string, unknown>>> = {
  'crm.activities:create_task': ({ userId }) => ({ assignee: userId }),
  'crm.leads:assign_lead': ({ userId }) => ({ owner: userId }),
  'crm.opportunities:update_opportunity_stage': () => ({ stage: 'negotiation' }),
  'crm.opportunities:close_opportunity': () => ({ outcome: 'lost', reason: 'price' }),
  'crm.opportunities:forecast_revenue': ({ userId }) => ({ owner: userId, period: 'this_year' }),
  'crm.opportunities:pipeline_health': ({ userId }) => ({ owner: userId }),
  'platform.api-keys:create_key': () => ({ role: 'viewer', scopes: ['leads:read'] }),
}

/** Every action of the model, with inputs made from its schema, once as input and once as records. */
export function actionRecipes(route: RouteDeclaration, model: Model): Recipe[] {
  return [...model.actions.values()].flatMap((contribution) => {
    const { on } = contribution.definition as unknown as Action
    const recipe = (name: string, more: Partial<Recipe> & Pick<Recipe, 'build'>): Recipe => ({
      name: `POST /api/v1/actions/${contribution.ref}${name}`,
      route,
      status: 200,
      anew: true,
      ...more,
    })
    const path = `/api/v1/actions/${contribution.ref}`
    const withInput = recipe('', {
      async build(world) {
        const input = await inputOf(world, contribution)
        return { method: 'POST', path, headers: asKey(world), body: { input } }
      },
    })
    if (!on) return [withInput]
    const withRecords = recipe(' (records)', {
      async build(world) {
        const { [on.as]: id, ...input } = await inputOf(world, contribution)
        const records = { entity: on.entity, ids: [id].flat() }
        return { method: 'POST', path, headers: asKey(world), body: { input, records } }
      },
    })
    return [withInput, withRecords]
  })
}

async function inputOf(
  world: World,
  { ref, definition }: Contribution<unknown>,
): Promise<Record<string, unknown>> {
  const { input, on } = definition as Action
  const made = sample(input, '', world) as Record<string, unknown>
  if (on) {
    const entity = (await world.model()).entities.get(on.entity)!
    const id = await world.makeRecord(entity)
    made[on.as] = on.multiple ? [id] : id
  }
  return { ...made, ...particular[ref]?.(world) }
}

/** A value that a schema takes; every property is given, required or not. */
function sample(schema: Schema, name: string, world: World): unknown {
  if (schema.const !== undefined) return schema.const
  if (schema.enum) return schema.enum[0]
  if (schema.anyOf) return sample(schema.anyOf[0]!, name, world)
  if (name === 'about') return { entity: 'leads', id: world.kept.get('crm.leads:lead') }
  switch ([schema.type].flat()[0]) {
    case 'object':
      return Object.fromEntries(
        Object.entries(schema.properties ?? {}).map(([key, inner]) => [
          key,
          sample(inner, key, world),
        ]),
      )
    case 'array':
      return schema.items ? [sample(schema.items, name, world)] : []
    case 'integer':
    case 'number':
      return Math.max(1, schema.minimum ?? 1)
    case 'boolean':
      return true
    default:
      if (schema.format === 'uuid') return world.userId
      if (schema.format === 'date') return '2026-06-15'
      if (schema.format === 'date-time') return '2026-06-15T10:00:00.000Z'
      return world.source.token
  }
}
