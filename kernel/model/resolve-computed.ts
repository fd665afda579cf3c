import type { FieldTypeDefinition } from '@runwaycrm/sdk'
import type { Problem } from '../manifest/problem.ts'
import { computeField } from './compute-field.ts'
import type { Computed, Resolver } from './computed-parts.ts'
import type { Entity, Field } from './model.ts'

export interface ResolvedEntity {
  readonly entity: Entity
  /** As it was before. */
  readonly origin: Entity
  readonly problems: readonly Problem[]
}

/** Fields as they were before they were resolved, to begin from when what they build on changes. */
const unresolved = new WeakMap<Entity, ReadonlyMap<string, Field>>()

/** What an entity's computed fields depend on beside itself. */
export function readsOf(entity: Entity): ReadonlySet<string> {
  let reads = readsByEntity.get(entity)
  if (!reads) {
    const all = [...entity.fields.values()].flatMap(({ storage }) =>
      storage.in === 'computed' ? storage.reads : [],
    )
    reads = new Set(all)
    readsByEntity.set(entity, reads)
  }
  return reads
}
const readsByEntity = new WeakMap<Entity, ReadonlySet<string>>()

/**
 * Settles the computed fields of the entities that were made anew, and of those that build on them: what
 * they result in, and so what else they are. A field with a mistake stands, blank, and is told.
 *
 * @param entities all of the model, those made anew among them; the resolved ones take their places.
 * @param made references of those that were made anew.
 * @param placeOf where a field is defined, `t/entities/property/fields/price`.
 * @returns what was resolved, by reference.
 */
export function resolveComputed(
  entities: Map<string, Entity>,
  made: ReadonlySet<string>,
  typeOf: (ref: string) => FieldTypeDefinition,
  placeOf: (entity: Entity, key: string) => string,
): ReadonlyMap<string, ResolvedEntity> {
  const changed = new Set(
    [...entities.values()].filter((entity) => isTouched(entity, made)).map((entity) => entity.ref),
  )
  const origins = new Map<string, Entity>()
  for (const ref of changed) {
    const entity = entities.get(ref)!
    const fields = unresolved.get(entity) ?? entity.fields
    const byApiName = new Map(entity.byApiName)
    for (const field of fields.values()) byApiName.set(field.apiName, field)
    const open: Entity = { ...entity, fields: new Map(fields), byApiName }
    unresolved.set(open, fields)
    origins.set(ref, entity)
    entities.set(ref, open)
  }

  const states = new Map<string, Computed | 'open'>()
  const problems = new Map<string, Problem[]>([...changed].map((ref) => [ref, []]))
  const trail: string[] = []

  /** The field as it is in the end, with how deep and large it is. */
  function resolve(ref: string, apiName: string): Computed | null {
    const entity = entities.get(ref)
    const field = entity?.byApiName.get(apiName)
    if (!entity || !field) return null
    if (field.storage.in !== 'computed') return plain(field)
    const name = `${ref} ${field.key}`
    const state = states.get(name)
    if (state === 'open') return { ...plain(field), cycle: cycleOf(name) }
    if (state) return state
    // Entities that nothing touched are settled; only their depth and size must be worked out again.
    states.set(name, 'open')
    trail.push(name)
    const start = unresolved.get(entity)?.get(field.key) ?? field
    const at = placeOf(origins.get(ref) ?? entity, field.key)
    const computed = computeField(resolver, entity, start, typeOf(start.type), at)
    trail.pop()
    states.set(name, computed)
    if (changed.has(ref)) {
      ;(entity.fields as Map<string, Field>).set(field.key, computed.field)
      ;(entity.byApiName as Map<string, Field>).set(field.apiName, computed.field)
      problems.get(ref)!.push(...computed.problems)
    }
    return computed
  }

  /** `total → share → total`. */
  function cycleOf(name: string): string {
    const round = [...trail.slice(trail.indexOf(name)), name]
    const [first = ''] = name.split(' ')
    const isOne = round.every((one) => one.startsWith(`${first} `))
    return round.map((one) => (isOne ? one.split(' ')[1] : one.replace(' ', '.'))).join(' → ')
  }

  const resolver: Resolver = { entities, resolve }
  const resolved = new Map<string, ResolvedEntity>()
  for (const ref of changed) {
    const entity = entities.get(ref)!
    for (const field of [...entity.fields.values()]) resolve(ref, field.apiName)
    resolved.set(ref, {
      entity: Object.freeze(entity),
      origin: origins.get(ref)!,
      problems: problems.get(ref)!,
    })
  }
  return resolved
}

function plain(field: Field): Computed {
  return { field, depth: 0, size: 1, reads: new Set(), problems: [], cycle: null, isBlank: false }
}

function isTouched(entity: Entity, made: ReadonlySet<string>): boolean {
  if (made.has(entity.ref)) {
    return [...entity.fields.values()].some(({ storage }) => storage.in === 'computed')
  }
  return [...readsOf(entity)].some((ref) => made.has(ref))
}
