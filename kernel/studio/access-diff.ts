import type { OrgInfo, Principal } from '@runwaycrm/sdk'
import { type Ability, buildAbility } from '../access/build-ability.ts'
import { fieldMaskOf } from '../access/field-mask.ts'
import { operations } from '../access/resolve-rules.ts'
import type { RequestContext } from '../context/request-context.ts'
import type { Database } from '../database/postgres.ts'
import { canonicalJson } from '../model/canonical-json.ts'
import type { Desk } from '../model/desk.ts'
import type { Entity, Model } from '../model/model.ts'
import { labelOfField, termOf, type Words, wordsOf } from '../model/words.ts'
import type { Reader } from '../records/read.ts'
import { createCounter, type Reach, type RecordCounts } from './count-reach.ts'
import { countHolders, readPeople } from './people.ts'
import { workingKeys } from './uses-elsewhere.ts'

interface Moved<T = string> {
  readonly gained: readonly T[]
  readonly lost: readonly T[]
}

/**
 * What a person, or the holders of a role, may do with an entity after the publish and could not before, and
 * the other way round.
 */
export interface EntityDiff {
  readonly entity: string
  readonly label: string
  /** Of those that may be read: by the person, by the holders together. */
  readonly records: RecordCounts
  /** Labels of fields that may be read. */
  readonly fields: Moved
  /** Labels of fields that may be changed. */
  readonly changes: Moved
  /** `changed`: on other records than before. */
  readonly operations: Moved & { readonly changed: readonly string[] }
}

export interface RoleDiff {
  readonly ref: string
  readonly label: string
  readonly members: number
  readonly keys: number
  /** Rights besides records, and whether the role comes or goes. */
  readonly gained: readonly string[]
  readonly lost: readonly string[]
  readonly entities: readonly EntityDiff[]
}

export interface PersonDiff {
  readonly id: string
  readonly name: string
  readonly roles: readonly string[]
  readonly entities: readonly EntityDiff[]
}

/** Who may do what after the publish that could not before. */
export interface AccessDiff {
  readonly roles: readonly RoleDiff[]
  /** Members with all their roles, of those who were looked at; none whom nothing changes for. */
  readonly people: readonly PersonDiff[]
  /** Members who hold a role that changes: all of them, and how many of those were looked at one by one. */
  readonly holders: { readonly count: number; readonly compared: number }
  readonly unchangedRoles: number
}

export interface AccessDiffDeps {
  readonly db: Pick<Database, 'query'>
  readonly reader: Pick<Reader, 'list' | 'count'>
  systemContext(orgId: string): Promise<RequestContext>
}

/** Each is counted for by themselves, over all records of what changes. */
const mostPeople = 200

/**
 * Compares the rights of roles and people before and after the draft: the same abilities that decide every
 * request, with their conditions counted over the records that are there.
 */
export function createAccessDiff({ db, reader, systemContext }: AccessDiffDeps) {
  return async (desk: Desk, words: Words): Promise<AccessDiff> => {
    const changed = changedRoles(desk)
    const all = new Set([...desk.before.roles.keys(), ...desk.after.roles.keys()])
    const unchangedRoles = all.size - changed.length
    if (changed.length === 0) {
      return { roles: [], people: [], holders: { count: 0, compared: 0 }, unchangedRoles }
    }
    const { org } = desk.published
    const ctx = await systemContext(org.id)
    const [people, keys, count] = await Promise.all([
      readPeople(reader, ctx),
      workingKeys(db, org.id),
      countHolders(reader, ctx, changed),
    ])
    const counter = createCounter(reader, ctx, desk)

    const roles: RoleDiff[] = []
    for (const ref of changed) {
      const holders = people.filter((person) => person.roles.includes(ref))
      const was = abilityOf(desk.before, [ref], org)
      const is = abilityOf(desk.after, [ref], org)
      const entities: EntityDiff[] = []
      for (const { reach, ...diff } of movedEntities(desk, words, was, is)) {
        entities.push({ ...diff, records: await counter.together(reach, holders) })
      }
      roles.push({
        ref,
        label: labelOfRole(desk, words, ref),
        members: holders.length,
        keys: keys.filter((key) => key.roles.includes(ref)).length,
        ...movedRights(desk, ref),
        entities,
      })
    }
    const compared = people
      .filter((person) => person.roles.some((ref) => changed.includes(ref)))
      .slice(0, mostPeople)
    // Abilities keep "@me" as it is: people with the same roles differ by what is counted alone.
    const moved = new Map<string, readonly MovedEntity[]>()
    const diffs: PersonDiff[] = []
    for (const person of compared) {
      const { id, name, roles: held } = person
      const key = held.toSorted().join(' ')
      const [was, is] = [abilityOf(desk.before, held, org), abilityOf(desk.after, held, org)]
      const found = moved.get(key) ?? movedEntities(desk, words, was, is)
      moved.set(key, found)
      const entities: EntityDiff[] = []
      for (const { reach, ...diff } of found) {
        const records = await counter.of(reach, person)
        if (isFelt({ ...diff, records })) entities.push({ ...diff, records })
      }
      if (entities.length > 0) diffs.push({ id, name, roles: held, entities })
    }
    return { roles, people: diffs, holders: { count, compared: compared.length }, unchangedRoles }
  }
}

/** Roles that the draft adds, changes or takes away. */
function changedRoles({ before, after }: Desk): string[] {
  const refs = new Set([...before.roles.keys(), ...after.roles.keys()])
  const text = (model: Model, ref: string) =>
    canonicalJson(model.roles.get(ref)?.definition ?? null)
  return [...refs].filter((ref) => text(before, ref) !== text(after, ref))
}

/** Before what is gone and after what is new; what is its owner's alone no role changes. */
function entitiesOf({ before, after }: Desk): Entity[] {
  const refs = new Set([...after.entities.keys(), ...before.entities.keys()])
  return [...refs]
    .map((ref) => after.entities.get(ref) ?? before.entities.get(ref)!)
    .filter(({ definition }) => !definition.private)
}

function abilityOf(model: Model, refs: readonly string[], org: OrgInfo): Ability {
  const principal: Principal = {
    type: 'user',
    id: null,
    name: '',
    userId: null,
    roles: refs,
    teammates: [],
    scopes: null,
  }
  const roles = refs.flatMap((ref) => model.roles.get(ref) ?? [])
  return buildAbility({ principal, roles, entities: model.entities, org })
}

function reachOf({ ref }: Entity, was: Ability, is: Ability): Reach {
  return { entity: ref, before: was.condition('read', ref), after: is.condition('read', ref) }
}

type MovedEntity = Omit<EntityDiff, 'records'> & { readonly reach: Reach }

function movedEntities(desk: Desk, words: Words, was: Ability, is: Ability): MovedEntity[] {
  return entitiesOf(desk).flatMap((entity) => movedEntity(words, desk, entity, was, is) ?? [])
}

function movedEntity(
  words: Words,
  { before, after }: Desk,
  entity: Entity,
  was: Ability,
  is: Ability,
): MovedEntity | null {
  const { ref } = entity
  const conditions = operations.map((operation) => ({
    operation,
    had: was.condition(operation, ref),
    has: is.condition(operation, ref),
  }))
  const fieldsOf = (operation: 'read' | 'update') =>
    movedFields(words, before.entities.get(ref), after.entities.get(ref), operation, was, is)
  const fields = fieldsOf('read')
  const changes = fieldsOf('update')
  const isSame = conditions.every(({ had, has }) => canonicalJson(had) === canonicalJson(has))
  if (isSame && [fields, changes].every(({ gained, lost }) => gained.length + lost.length === 0)) {
    return null
  }
  const named = (wanted: (had: boolean, has: boolean, same: boolean) => boolean) =>
    conditions
      .filter(({ had, has }) =>
        wanted(had !== false, has !== false, canonicalJson(had) === canonicalJson(has)),
      )
      .map(({ operation }) => operation)
  return {
    entity: ref,
    label: termOf(words, entity).many,
    reach: reachOf(entity, was, is),
    fields,
    changes,
    operations: {
      gained: named((had, has) => !had && has),
      lost: named((had, has) => had && !has),
      changed: named((had, has, same) => had && has && !same),
    },
  }
}

/** Of fields that are in both models; what comes or goes with the model is no matter of rights. */
function movedFields(
  words: Words,
  former: Entity | undefined,
  entity: Entity | undefined,
  operation: 'read' | 'update',
  was: Ability,
  is: Ability,
): Moved {
  const moved = { gained: [] as string[], lost: [] as string[] }
  if (!former || !entity) return moved
  // Nothing of a record that is not reached; then the operation itself says it.
  if (!was.can(operation, former.ref) || !is.can(operation, entity.ref)) return moved
  const [had, has] = [fieldMaskOf(was, former, operation), fieldMaskOf(is, entity, operation)]
  for (const field of entity.byApiName.values()) {
    if (!former.byApiName.has(field.apiName)) continue
    const [could, can] = [had, has].map((mask) => mask.get(field.apiName) !== false)
    if (could === can) continue
    moved[can ? 'gained' : 'lost'].push(labelOfField(words, entity, field))
  }
  return moved
}

function movedRights({ before, after }: Desk, ref: string): Moved {
  const rights = (model: Model) => {
    const role = model.roles.get(ref)?.definition
    return [...(role?.admin ? ['admin'] : []), ...(role?.permissions ?? [])]
  }
  const [had, has] = [rights(before), rights(after)]
  return {
    gained: has.filter((right) => !had.includes(right)),
    lost: had.filter((right) => !has.includes(right)),
  }
}

function labelOfRole({ before, after }: Desk, words: Words, ref: string): string {
  const { plugin, key, definition } = after.roles.get(ref) ?? before.roles.get(ref)!
  return wordsOf(words, plugin, `roles.${key}.label`, definition.label)
}

/** Whether somebody notices: other conditions that come to the same records are nothing to them. */
function isFelt({ records, fields, changes, operations: allowed }: EntityDiff): boolean {
  const moved = [records, fields, changes, allowed].flatMap(({ gained, lost }) => [gained, lost])
  if (moved.some((one) => (typeof one === 'number' ? one : one.length) > 0)) return true
  return allowed.changed.some((operation) => operation !== 'read')
}
