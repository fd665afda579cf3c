import type { Filter, RoleDefinition } from '@runwaycrm/sdk'
import type { Point } from '../manifest/point.ts'
import { placeOf } from '../manifest/problem.ts'
import { sameValue } from './leaf.ts'
import type { Contribution, Entity, Model } from './model.ts'
import { planEntity } from './plan-entity.ts'
import { type PlanItem, planned, type Severity } from './plan-item.ts'
import { planNeeds } from './plan-needs.ts'

/** How many records of an entity, as published, meet a filter. */
export type CountWhere = (entity: Entity, filter: Filter) => Promise<number>

const order: readonly Severity[] = ['destructive', 'breaking', 'safe']

/**
 * What publishing turns into what, the worst first. Both models stand on the same layers but for the
 * one that is published.
 */
export async function planChange(
  before: Model,
  after: Model,
  countWhere: CountWhere,
  more: readonly PlanItem[] = [],
): Promise<PlanItem[]> {
  const refs = new Set([...before.entities.keys(), ...after.entities.keys()])
  const entities = await Promise.all(
    [...refs].map((ref) =>
      planEntity(before.entities.get(ref), after.entities.get(ref), countWhere),
    ),
  )
  const items = [
    ...entities.flat(),
    ...planContributions(before, after),
    ...planNeeds(before, after),
    ...more,
  ]
  return items.sort(
    (a, b) => order.indexOf(a.severity) - order.indexOf(b.severity) || (a.path < b.path ? -1 : 1),
  )
}

/** Points whose changes are told as those of entities. */
const toldElsewhere = new Set(['entities', 'fields'])

function planContributions(before: Model, after: Model): PlanItem[] {
  const names = new Set([...before.contributions.keys(), ...after.contributions.keys()])
  return [...names].flatMap((name) => {
    const was = before.contributions.get(name)
    const is = after.contributions.get(name)
    if (was === is || toldElsewhere.has(name)) return []
    const point = after.points.get(name)
    const refs = new Set([...(was?.keys() ?? []), ...(is?.keys() ?? [])])
    return [...refs].flatMap((ref) => planOne(name, point, was?.get(ref), is?.get(ref)))
  })
}

function planOne(
  name: string,
  point: Point | undefined,
  was: Contribution<unknown> | undefined,
  is: Contribution<unknown> | undefined,
): PlanItem[] {
  const one = is ?? was
  if (!one || sameValue(was?.definition, is?.definition)) return []
  const path = placeOf(name, one.ref)
  const values = { name: { contribution: one, under: name }, point: point ? { point } : name }
  const tell = (severity: Severity, key: string) => [planned(severity, path, { key, values })]
  if (!was) return tell('safe', 'plan.added')
  if (!is) return tell('breaking', 'plan.removed')
  if (name === 'roles' && changesRights(was.definition, is.definition)) {
    return tell('breaking', 'plan.roleChanged')
  }
  return tell('safe', 'plan.changed')
}

function changesRights(was: unknown, is: unknown): boolean {
  const rights = ({ rules, permissions }: RoleDefinition) => [rules, permissions]
  return !sameValue(rights(was as RoleDefinition), rights(is as RoleDefinition))
}
