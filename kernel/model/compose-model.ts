import type {
  EntityDefinition,
  FieldOnDefinition,
  FieldTypeDefinition,
  HookDefinition,
  LocaleDefinition,
} from '@runwaycrm/sdk'
import { type Problem, placeOf } from '../manifest/problem.ts'
import { type BuiltEntity, buildEntity, type Surroundings } from './build-entity.ts'
import { canonicalJson, sha256 } from './canonical-json.ts'
import { checkCapabilities } from './check-capabilities.ts'
import { checkFormulas, mayHaveFormulas } from './check-formulas.ts'
import { checkLinked } from './check-linked.ts'
import { checkReferences } from './check-references.ts'
import { checkRoles } from './check-roles.ts'
import { checkRules, hasRules } from './check-rules.ts'
import { schemaFinder } from './find-schema.ts'
import { type Fold, foldLayers, sortLayers } from './fold-layers.ts'
import type { Layer } from './layer.ts'
import type { JsonObject } from './leaf.ts'
import type { Contribution, Entity, Model } from './model.ts'
import { createPointRegistry } from './point-registry.ts'
import { allSchedules } from './point-schedules.ts'
import { referencesIn } from './references-in.ts'
import { isReservedPlural } from './reserved-segments.ts'
import { resolveComputed } from './resolve-computed.ts'
import { overWords } from './words.ts'

/**
 * Folds layers into a model. Pure: equal layers give equal models, in whatever order they come. What
 * is wrong is left out and told in `problems`; composing never fails.
 *
 * @param base a model to build on; only what the new layers touch is made anew, the rest is shared.
 *   Its layers come before the new ones, so these are packages and the layers of organisations.
 */
export function composeModel(layers: readonly Layer[], base: Model | null = null): Model {
  if (base && layers.length === 0) return base
  const sorted = sortLayers(layers, base)
  const registry = base ? { points: base.points, problems: [] } : createPointRegistry(sorted.layers)
  const stack = Object.freeze([...(base?.stack ?? []), ...sorted.layers])
  const fold = foldLayers(sorted.layers, registry.points, base)
  const layerOf = new Map(stack.map((layer) => [layer.id, layer]))
  pruneReferences(fold, layerOf, registry.points)
  const entities = composeEntities(fold, layerOf, base)
  const point = <T>(name: string) =>
    (fold.contributions.get(name) ?? none) as ReadonlyMap<string, Contribution<T>>
  const isNew = (role: string, entity: string) =>
    fold.touched.get('roles')?.has(role) === true ||
    base?.entities.get(entity) !== entities.entities.get(entity)
  const has = (name: string, ref: string) => fold.contributions.get(name)?.has(ref) ?? false
  const problems = [
    ...(base?.problems ?? []).filter((problem) => !entities.settled.has(textOf(problem))),
    ...sorted.problems,
    ...registry.problems,
    ...fold.problems,
    ...entities.problems,
    ...fieldProblems(fold, layerOf, registry.points, entities.entities),
    ...checkRoles(point('roles'), entities.entities, isNew),
    ...checkCapabilities(sorted.layers, has),
  ]
  return Object.freeze({
    hash: hashOf(stack),
    layers: Object.freeze(stack.map((layer) => layer.id)),
    stack,
    points: registry.points,
    entities: entities.entities,
    entityByPlural: entities.byPlural,
    actions: point('actions'),
    roles: point('roles'),
    events: point('events'),
    guards: point('guards'),
    hooks: changed(fold, base, 'hooks') ? hooksByEntity(point('hooks')) : (base as Model).hooks,
    services: point('services'),
    settings: point('settings'),
    jobs: point('jobs'),
    schedules: allSchedules(point('schedules'), fold.contributions, registry.points),
    pages: point('pages'),
    seeds: point('seeds'),
    routes: point('routes'),
    messages: messagesOf(fold, base, point('locales'), entities.entities),
    contributions: fold.contributions,
    problems: unique(problems),
  } satisfies Model)
}

const none: ReadonlyMap<string, never> = new Map<string, never>()

/** SHA-256 over the layers in folding order: what `composeModel` would give as `hash`. */
export function hashOf(stack: readonly Layer[]): string {
  return sha256(canonicalJson(stack.map((layer) => [layer.id, layer.hash])))
}

/** Points whose references are followed while entities are built. */
const builtPoints = new Set(['entities', 'fields'])

function pruneReferences(
  fold: Fold,
  layerOf: ReadonlyMap<string, Layer>,
  points: Model['points'],
): void {
  const has = (point: string, ref: string) => fold.contributions.get(point)?.has(ref) === true
  for (const [name, refs] of fold.touched) {
    const point = points.get(name)
    const contributions = fold.contributions.get(name)
    if (!point || !contributions || builtPoints.has(name)) continue
    for (const ref of refs) {
      const contribution = contributions.get(ref)
      const layer = contribution && layerOf.get(contribution.plugin)
      if (!layer) continue
      const before = contribution.definition as JsonObject
      const overriding = contribution.overriddenBy.flatMap((id) => layerOf.get(id) ?? [])
      // What was wrong before the overrides is pruned already, so this is theirs.
      const last = overriding.at(-1)
      const at = last
        ? placeOf(last.id, 'overrides', name, ref)
        : placeOf(layer.id, name, contribution.key)
      const find = schemaFinder(fold.contributions, (id) => layerOf.get(id), layer.id)
      const references = referencesIn(before, point, find)
      const checked = checkReferences(before, references, layer, at, has, overriding)
      const wrong = checkLinked(checked.definition ?? before, point, find, at)
      fold.problems.push(...checked.problems, ...wrong)
      if (checked.definition === null || wrong.length > 0) contributions.delete(ref)
      else if (checked.definition !== before) {
        contributions.set(ref, Object.freeze({ ...contribution, definition: checked.definition }))
      }
    }
  }
}

/** Formulas and rules in definitions; they are checked once the entities are there that they name fields of. */
function fieldProblems(
  fold: Fold,
  layerOf: ReadonlyMap<string, Layer>,
  points: Model['points'],
  entities: ReadonlyMap<string, Entity>,
): Problem[] {
  return [...fold.touched].flatMap(([name, refs]) => {
    const point = points.get(name)
    if (!point || builtPoints.has(name)) return []
    const checks = [
      ...(mayHaveFormulas(point) ? [checkFormulas] : []),
      ...(hasRules(point) ? [checkRules] : []),
    ]
    if (checks.length === 0) return []
    return [...refs].flatMap((ref) => {
      const contribution = fold.contributions.get(name)?.get(ref)
      if (!contribution) return []
      const last = contribution.overriddenBy.at(-1)
      const at =
        last === undefined
          ? placeOf(contribution.plugin, name, contribution.key)
          : placeOf(last, 'overrides', name, ref)
      const find = schemaFinder(fold.contributions, (id) => layerOf.get(id), contribution.plugin)
      const definition = contribution.definition as JsonObject
      return checks.flatMap((check) => check(definition, point, find, entities, at))
    })
  })
}

interface ComposedEntities {
  readonly entities: Map<string, Entity>
  readonly byPlural: Map<string, Entity>
  readonly problems: readonly Problem[]
  /** What the base said of entities that were made anew; they say for themselves what still holds. */
  readonly settled: ReadonlySet<string>
}

/** What was told of an entity: of its building, and with that of its computed fields. */
const builtOf = new WeakMap<Entity, Omit<BuiltEntity, 'entity'>>()
const problemsOf = new WeakMap<Entity, readonly Problem[]>()

function composeEntities(
  fold: Fold,
  layerOf: ReadonlyMap<string, Layer>,
  base: Model | null,
): ComposedEntities {
  const definitions = (fold.contributions.get('entities') ?? none) as ReadonlyMap<
    string,
    Contribution<EntityDefinition>
  >
  const added = fieldsByEntity(fold, layerOf)
  const around = surroundings(fold, layerOf, base)
  const plurals = new Map([...(base?.entities ?? [])].map(([ref, { plural }]) => [plural, ref]))
  const entities = new Map(base?.entities)
  const problems: Problem[] = [...added.problems]
  const settled = new Set<string>()
  const made = new Set<string>()
  for (const ref of touchedEntities(fold, definitions)) {
    const contribution = definitions.get(ref) as Contribution<EntityDefinition>
    const plural =
      base?.entities.get(ref)?.plural ?? claimPlural(contribution, layerOf, plurals, problems)
    const built: BuiltEntity = buildEntity(
      contribution,
      added.byEntity.get(ref) ?? [],
      plural,
      around,
    )
    const replaced = entities.get(ref)
    for (const problem of (replaced && problemsOf.get(replaced)) ?? []) settled.add(textOf(problem))
    builtOf.set(built.entity, built)
    problemsOf.set(built.entity, built.problems)
    entities.set(ref, built.entity)
    made.add(ref)
    problems.push(...built.problems)
  }
  const resolved = resolveComputed(
    entities,
    made,
    (name) => around.fieldType(name)!.definition,
    (entity, key) => builtOf.get(entity)?.places.get(key) ?? placeOf(entity.ref, key),
  )
  for (const [ref, { entity, origin, problems: computed }] of resolved) {
    const built = builtOf.get(origin)!
    builtOf.set(entity, built)
    problemsOf.set(entity, [...built.problems, ...computed])
    problems.push(...computed)
    if (made.has(ref)) continue
    for (const problem of problemsOf.get(origin) ?? []) settled.add(textOf(problem))
    problems.push(...built.problems)
  }
  const byPlural = new Map([...entities.values()].map((entity) => [entity.plural, entity]))
  problems.push(...sameTables(entities))
  return { entities, byPlural, problems, settled }
}

/** All entities when a field type changed or there is no base; else those that the layers touched. */
function touchedEntities(
  { touched, contributions }: Fold,
  definitions: ReadonlyMap<string, unknown>,
): Iterable<string> {
  if (touched.has('fieldTypes')) return definitions.keys()
  const refs = new Set(touched.get('entities'))
  for (const ref of touched.get('fields') ?? []) {
    const on = contributions.get('fields')?.get(ref)?.definition as FieldOnDefinition
    if (definitions.has(on.entity)) refs.add(on.entity)
  }
  return refs
}

function fieldsByEntity(fold: Fold, layerOf: ReadonlyMap<string, Layer>) {
  const byEntity = new Map<string, Contribution<FieldOnDefinition>[]>()
  const problems: Problem[] = []
  for (const contribution of fold.contributions.get('fields')?.values() ?? []) {
    const on = contribution as Contribution<FieldOnDefinition>
    const list = byEntity.get(on.definition.entity)
    if (list) list.push(on)
    else byEntity.set(on.definition.entity, [on])
    if (!fold.touched.get('fields')?.has(on.ref)) continue
    const has = (name: string, ref: string) => fold.contributions.get(name)?.has(ref) === true
    const checked = checkReferences(
      { entity: on.definition.entity },
      [{ path: ['entity'], point: 'entities', ref: on.definition.entity, entry: null }],
      layerOf.get(on.plugin) as Layer,
      placeOf(on.plugin, 'fields', on.key),
      has,
    )
    problems.push(...checked.problems)
  }
  return { byEntity, problems }
}

function surroundings(
  fold: Fold,
  layerOf: ReadonlyMap<string, Layer>,
  base: Model | null,
): Surroundings {
  const types = (fold.contributions.get('fieldTypes') ?? none) as ReadonlyMap<
    string,
    Contribution<FieldTypeDefinition>
  >
  const bare = new Map<string, Contribution<FieldTypeDefinition>>()
  for (const type of types.values()) if (!bare.has(type.key)) bare.set(type.key, type)
  return {
    layer: (id) => layerOf.get(id) as Layer,
    fieldType: (name) => (name.includes(':') ? types.get(name) : bare.get(name)),
    hasEntity: (ref) => fold.contributions.get('entities')?.has(ref) === true,
    previous: (ref) => base?.entities.get(ref),
    previousPlaces: (ref) => {
      const known = base?.entities.get(ref)
      return known && builtOf.get(known)?.places
    },
  }
}

/** The plural, or the reference when the plural is reserved or belongs to an earlier entity. */
function claimPlural(
  { ref, plugin, key, definition }: Contribution<EntityDefinition>,
  layerOf: ReadonlyMap<string, Layer>,
  plurals: Map<string, string>,
  problems: Problem[],
): string {
  const { plural } = definition
  const at = placeOf(plugin, 'entities', key, 'plural')
  const hint = `Choose another one; until then its address is /records/${ref}.`
  if (isReservedPlural(plural, layerOf.get(plugin)?.manifest.tier ?? 'declarative')) {
    const message = `"${plural}" is kept for the platform.`
    problems.push({ at, code: 'AMBIGUOUS', message, hint })
  } else if (plurals.has(plural)) {
    const message = `"${plural}" belongs to ${plurals.get(plural)}.`
    problems.push({ at, code: 'AMBIGUOUS', message, hint, notice: true })
  } else {
    plurals.set(plural, ref)
    return plural
  }
  return ref
}

function sameTables(entities: ReadonlyMap<string, Entity>): Problem[] {
  const owners = new Map<string, string>()
  const problems: Problem[] = []
  for (const { ref, plugin, key, table, shared } of entities.values()) {
    const owner = shared ? undefined : owners.get(table)
    if (owner !== undefined) {
      problems.push({
        at: placeOf(plugin, 'entities', key),
        code: 'AMBIGUOUS',
        message: `Its table ${table} would also be that of ${owner}.`,
        hint: `Choose another key than that of ${ref}.`,
      })
    }
    owners.set(table, ref)
  }
  return problems
}

function changed(fold: Fold, base: Model | null, point: string): boolean {
  return base === null || fold.touched.has(point)
}

function hooksByEntity(
  hooks: ReadonlyMap<string, Contribution<HookDefinition>>,
): Map<string, readonly Contribution<HookDefinition>[]> {
  const byEntity = Map.groupBy(hooks.values(), (hook) => hook.definition.entity)
  for (const list of byEntity.values()) {
    list.sort((a, b) => (a.definition.order ?? 0) - (b.definition.order ?? 0))
  }
  return byEntity
}

/**
 * The base's own, as long as words and terms are the same: what is worked out of them is kept by it. An
 * entity with another label makes texts of others read differently.
 */
function messagesOf(
  fold: Fold,
  base: Model | null,
  locales: ReadonlyMap<string, Contribution<LocaleDefinition>>,
  entities: ReadonlyMap<string, Entity>,
): Model['messages'] {
  if (base === null || fold.touched.has('locales')) return messagesByLocale(locales)
  const isRenamed = [...base.entities].some(([ref, { definition }]) => {
    const now = entities.get(ref)?.definition ?? definition
    return now.label !== definition.label || now.labelPlural !== definition.labelPlural
  })
  return isRenamed ? new Map(base.messages) : base.messages
}

/**
 * Messages carry the id of their plugin in front: `crm.leads:greeting`. One that names another plugin's,
 * `crm.leads:entities.lead.label`, stands over that.
 */
function messagesByLocale(
  locales: ReadonlyMap<string, Contribution<LocaleDefinition>>,
): Map<string, Readonly<Record<string, string>>> {
  const messages = new Map<string, Record<string, string>>()
  for (const { key, plugin, definition } of locales.values()) {
    const all = messages.get(key) ?? {}
    messages.set(key, all)
    for (const [name, text] of Object.entries(definition.messages))
      all[name.includes(':') ? overWords + name : `${plugin}:${name}`] = text
  }
  return messages
}

function unique(problems: readonly Problem[]): readonly Problem[] {
  const byText = new Map(problems.map((problem) => [textOf(problem), problem]))
  return Object.freeze([...byText.values()])
}

function textOf({ at, message }: Problem): string {
  return `${at}\n${message}`
}
