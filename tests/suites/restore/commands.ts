import type { RouteDeclaration } from '../../../kernel/http/route.ts'
import type { Entity, Field, Model } from '../../../kernel/model/model.ts'
import type { Seeded } from '../../../kernel/records/testing/seeded.ts'
import { actionRecipes } from '../support/action-recipes.ts'
import { type Exchange, send } from '../support/exchange.ts'
import { asKey, type Recipe } from '../support/recipe.ts'
import { counterText, sampleValue, writableFields } from '../support/sample-values.ts'
import type { World } from '../support/world.ts'

/** Something that an admin does in one go, by a name for whoever reads a failure. */
export interface Command {
  readonly name: string
  readonly exchange: Exchange
}

/**
 * What nobody takes back, and says so: a person is gone, a secret was shown, an invoice has its number, what
 * somebody consented to was said. Runs and what is put to people are told by records that follow them, and what the
 * public sent is let in once.
 */
const final =
  /^(crm\.consent:|platform\.people:erase_person|platform\.api-keys:|integrations\.webhooks:|platform\.(workflows|approvals|forms):|crm\.invoices:(issue|record|void)_)/
/** Those who sign in, and their keys, are not data of a sequence; nor is what keys do not see. */
const people = ['kernel:user', 'platform.api-keys:key']

/** Draws what to do next from the records, the actions and the change sets that there are. */
export function createCommands(world: World, model: Model, random: Seeded) {
  const entities = [...model.entities.values()].filter(
    ({ ref, definition }) =>
      !people.includes(ref) && definition.creatable !== false && !definition.private,
  )
  const route = world.app.house.app!.declaredRoutes.find(
    ({ path }) => path === '/actions/:ref',
  ) as RouteDeclaration
  const actions = actionRecipes(route, model).filter(
    ({ name }) => !final.test(name.slice('POST /api/v1/actions/'.length)),
  )
  /** Ids by entity, living or not. */
  const pool = new Map<string, string[]>()

  const call = (name: string, method: string, path: string, body?: object): Command => ({
    name,
    exchange: {
      method,
      path: `/api/v1${path}`,
      headers: asKey(world),
      ...(body ? { body } : {}),
    },
  })
  /** The records that others lead to stay; what may go is the rest. */
  const lasting = new Set(world.kept.values())
  const spare = (ref: string): string | null => {
    const ids = (pool.get(ref) ?? []).filter((id) => !lasting.has(id))
    return ids.length === 0 ? null : random.pick(ids)
  }
  const idIn = (ref: string): string | null => {
    const ids = pool.get(ref) ?? []
    return ids.length === 0 ? null : random.pick(ids)
  }

  function randomValue(entity: Entity, field: Field): unknown {
    if (!field.required && random.chance(0.15)) return null
    const options = Object.keys(field.definition.options ?? {})
    if (field.typeDefinition.kind === 'option' && options.length > 0) return random.pick(options)
    const target = (ref: string) => idIn(ref) ?? world.source.target(ref)
    return sampleValue(entity, field, model, { ...world.source, target })
  }

  /** Values of some fields, all those among them that must be given. */
  function valuesOf(entity: Entity, share: number, isNew: boolean): Record<string, unknown> {
    const fields = writableFields(entity).filter(
      ({ required }) => (required && isNew) || random.chance(share),
    )
    const values = fields.map((field) => [field.apiName, randomValue(entity, field)] as const)
    return Object.fromEntries(values.filter(([, value]) => value !== undefined))
  }

  function bulk(entity: Entity): Command {
    const ids = new Set(random.many(1, 3, () => idIn(entity.ref)))
    const update = [...ids].map((id) => ({ id, ...valuesOf(entity, 0.2, false) }))
    const gone = random.chance(0.5) ? spare(entity.ref) : null
    return call(`bulk ${entity.plural}`, 'POST', `/${entity.plural}/bulk`, {
      create: random.many(0, 2, () => valuesOf(entity, 0.5, true)),
      update,
      delete: gone === null || ids.has(gone) ? [] : [{ id: gone }],
      atomic: random.chance(0.5),
    })
  }

  function bulkByFilter(entity: Entity): Command {
    const isEnd = random.chance(0.4)
    const some = random.many(1, 4, () => (isEnd ? spare : idIn)(entity.ref))
    const what = isEnd ? { delete: true } : { update: valuesOf(entity, 0.15, false) }
    const body = { filter: { id: { $in: [...new Set(some)] } }, ...what }
    return call(`bulk by filter ${entity.plural}`, 'POST', `/${entity.plural}/bulk`, body)
  }

  function importOf(entity: Entity): Command {
    const columns = writableFields(entity).filter(
      ({ required, typeDefinition: { kind } }) =>
        kind === 'text' && (required || random.chance(0.4)),
    )
    const lines = random.many(1, 3, () =>
      columns.map((field) => sampleValue(entity, field, model, world.source)).join(),
    )
    const names = columns.map(({ apiName }) => apiName)
    const spec = {
      entity: entity.plural,
      columns: Object.fromEntries(names.map((name) => [name, name])),
      key: [],
    }
    return {
      name: `import ${entity.plural}`,
      exchange: {
        method: 'POST',
        path: '/api/v1/imports',
        headers: asKey(world),
        form: { spec, file: [names.join(), ...lines, ''].join('\n') },
      },
    }
  }

  function onOne(entity: Entity, roll: number): Command {
    if (roll < 0.45) {
      const changed = `/${entity.plural}/${idIn(entity.ref)}`
      return call(`update ${entity.plural}`, 'PATCH', changed, valuesOf(entity, 0.3, false))
    }
    const url = `/${entity.plural}/${spare(entity.ref)}`
    if (roll < 0.75) return call(`delete ${entity.plural}`, 'DELETE', url)
    return call(`restore ${entity.plural}`, 'POST', `${url}/restore`)
  }

  /** @throws when what it needs cannot be made as things stand. */
  async function action(recipe: Recipe): Promise<Command> {
    return { name: recipe.name, exchange: await recipe.build(world) }
  }

  return {
    /** Records to begin with, one of each kind deleted. */
    async prepare(): Promise<void> {
      for (const entity of entities) {
        const made = [await world.makeRecord(entity), await world.makeRecord(entity)]
        await world.makeRecord(entity)
        await world.key.call('DELETE', `/${entity.plural}/${made[0]}`)
      }
    },
    /** Looks which records there are, deleted ones among them; what a sequence makes is gone after it. */
    async look(): Promise<void> {
      for (const { ref, plural } of entities) {
        const ids: string[] = []
        for (const more of ['', '&deleted=only']) {
          const { body } = await world.key.call('GET', `/${plural}?limit=12&fields=id${more}`)
          ids.push(...(JSON.parse(body) as { data: { id: string }[] }).data.map(({ id }) => id))
        }
        pool.set(ref, ids)
      }
    },
    /** @param changes ids of change sets that there are. */
    async next(changes: readonly string[]): Promise<Command> {
      const entity = random.pick(entities)
      const roll = random.next()
      if (roll < 0.15) {
        const values = valuesOf(entity, 0.6, true)
        return call(`create ${entity.plural}`, 'POST', `/${entity.plural}`, values)
      }
      if (roll < 0.3) return bulk(entity)
      if (roll < 0.36) return bulkByFilter(entity)
      if (roll < 0.42) return importOf(entity)
      if (roll < 0.6) {
        const recipe = random.pick(actions)
        return action(recipe).catch(() => onOne(entity, random.next()))
      }
      if (roll < 0.65 && changes.length > 0) {
        const path = `/changes/${random.pick(changes)}/revert`
        const onConflict = random.pick(['stop', 'skip'])
        return call('take back', 'POST', path, { onConflict })
      }
      return onOne(entity, random.next())
    },
    perform: ({ exchange }: Command) => send(world.app, exchange),
    /** A field that leads did not have, as an operation on the draft, and how the API names it. */
    newField(): { readonly name: string; readonly op: object } {
      const name = `extra${counterText(world.source.count())}`
      const field = { type: 'text', label: `Extra ${name}` }
      const value = { entity: 'crm.leads:lead', field }
      return { name, op: { op: 'set', path: ['fields', name], value } }
    },
    leadId: () => idIn('crm.leads:lead'),
  }
}
export type Commands = ReturnType<typeof createCommands>
