import type { Filter } from '@runwaycrm/sdk'
import { fieldKeyOf, fieldsOnto } from './definitions.ts'
import { schemaFinder } from './find-schema.ts'
import { fieldsOf } from './formula/expression.ts'
import type { JsonObject, Path } from './leaf.ts'
import { mentionsIn } from './mentions.ts'
import type { Entity, Field, Model } from './model.ts'

/** That one contribution names another, and where. */
export interface Use {
  readonly point: string
  readonly ref: string
  /** Below that contribution. */
  readonly path: Path
  readonly of: UsedThing
  /** A field that the definition does not work without. */
  readonly isNeeded?: true
}

export interface UsedThing {
  readonly point: string
  readonly ref: string
  /** The key of a field, of an entity. */
  readonly field?: string
}

const known = new WeakMap<Model, readonly Use[]>()

/** Who names what in a model: references, and fields wherever views, rules, formulas and the like name them. */
export function usesIn(model: Model): readonly Use[] {
  const cached = known.get(model)
  if (cached) return cached
  const ofEntities = [...model.entities.values()].flatMap((entity) => entityUses(model, entity))
  const uses = [...namedUses(model), ...ofEntities]
  known.set(model, uses)
  return uses
}

/** Points whose definitions name fields in ways of their own. */
const ownWays: ReadonlySet<string> = new Set(['entities', 'fields'])

function namedUses(model: Model): Use[] {
  return [...model.contributions].flatMap(([point, contributions]) =>
    [...contributions.values()].flatMap(({ ref, plugin, definition }) =>
      usesOfDefinition(model, point, ref, plugin, definition as JsonObject),
    ),
  )
}

/**
 * What one definition names of a model, also one that is no contribution.
 *
 * @param plugin whose definition it is, for references without a plugin.
 */
export function usesOfDefinition(
  model: Model,
  name: string,
  ref: string,
  plugin: string,
  definition: JsonObject,
): Use[] {
  const point = model.points.get(name)
  if (!point) return []
  const layerOf = (id: string) => model.stack.find((layer) => layer.id === id)
  const find = schemaFinder(model.contributions, layerOf, plugin)
  return mentionsIn(definition, point, find).flatMap((mention): Use[] => {
    const { path } = mention
    if (mention.kind === 'contribution') {
      const found = refOf(model, mention.point, mention.ref, plugin)
      return found ? [{ point: name, ref, path, of: { point: mention.point, ref: found } }] : []
    }
    if (ownWays.has(name)) return []
    const start = refOf(model, 'entities', mention.entity, plugin) ?? mention.entity
    const needed = mention.isNeeded && { isNeeded: mention.isNeeded }
    const fields = fieldsOnTheWay(model, start, mention.name)
    return fields.map((of) => ({ point: name, ref, path, of, ...needed }))
  })
}

function refOf(model: Model, point: string, ref: string, plugin: string): string | null {
  const all = model.contributions.get(point)
  if (!all) return null
  if (ref.includes(':')) return all.has(ref) ? ref : null
  if (all.has(`${plugin}:${ref}`)) return `${plugin}:${ref}`
  for (const one of all.values()) if (one.key === ref) return one.ref
  return null
}

/** `account.industry` on leads: the field account of leads and the field industry of accounts. */
function fieldsOnTheWay(model: Model, start: string, name: string): UsedThing[] {
  const found: UsedThing[] = []
  let entity = model.entities.get(start)
  for (const part of name.split('.')) {
    const field = entity && fieldNamed(entity, part)
    if (!entity || !field) break
    if (!field.system) found.push({ point: 'entities', ref: entity.ref, field: field.key })
    entity = field.target === null ? undefined : model.entities.get(field.target)
  }
  return found
}

function fieldNamed(entity: Entity, name: string): Field | undefined {
  return entity.byApiName.get(name) ?? entity.fields.get(name)
}

/** What an entity's own definition and its computed fields build on. */
function entityUses(model: Model, entity: Entity): Use[] {
  const uses: Use[] = []
  const own = { point: 'entities', ref: entity.ref }
  for (const key of ['titleField', 'subtitleField'] as const) {
    const name = entity.definition[key]
    for (const of of name ? fieldsOnTheWay(model, entity.ref, name) : []) {
      uses.push({ ...own, path: [key], of })
    }
  }
  const added = new Map(fieldsOnto(model, entity.ref).map((one) => [fieldKeyOf(one), one]))
  for (const field of entity.fields.values()) {
    const on = field.from === entity.plugin ? undefined : added.get(field.key)
    const from = on ? { point: 'fields', ref: on.ref } : own
    const base = on ? ['field'] : ['fields', field.key]
    for (const [key, { when }] of Object.entries(field.definition.rules ?? {})) {
      for (const of of namesIn(when).flatMap((name) => fieldsOnTheWay(model, entity.ref, name))) {
        uses.push({ ...from, path: [...base, 'rules', key, 'when'], of })
      }
    }
    if (field.storage.in !== 'computed') continue
    const kind = field.typeDefinition.computed ?? field.storage.computation.by
    for (const of of builtOn(model, entity, field.storage.computation)) {
      uses.push({ ...from, path: [...base, kind], of })
    }
  }
  return uses
}

type Computation = (Field['storage'] & { in: 'computed' })['computation']

function builtOn(model: Model, entity: Entity, computation: Computation): UsedThing[] {
  const on = (ref: string, name: string) => fieldsOnTheWay(model, ref, name)
  switch (computation.by) {
    case 'nothing':
      return []
    case 'template':
      return [...computation.template.matchAll(/\{([A-Za-z][A-Za-z0-9]*)\}/g)].flatMap(([, name]) =>
        on(entity.ref, name!),
      )
    case 'formula':
      return fieldsOf(computation.expression).flatMap(({ steps, name }) =>
        on(entity.ref, [...steps, name].join('.')),
      )
    case 'lookup':
      return on(entity.ref, `${computation.through}.${computation.field}`)
    case 'rollup': {
      const { from, through, field, filter } = computation
      const names = [through, ...(field === null ? [] : [field]), ...namesIn(filter)]
      return [{ point: 'entities', ref: from }, ...names.flatMap((name) => on(from, name))]
    }
  }
}

/** The fields that a filter asks about. */
export function namesIn(filter: unknown): string[] {
  if (Array.isArray(filter)) return filter.flatMap(namesIn)
  if (typeof filter !== 'object' || filter === null) return []
  return Object.entries(filter as Filter).flatMap(([key, inner]) =>
    key.startsWith('$') ? namesIn(inner) : [key],
  )
}
