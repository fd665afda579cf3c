import type { Filter, RoleDefinition } from '@runwaycrm/sdk'
import { placeOf } from '../manifest/problem.ts'
import { sameValue } from './leaf.ts'
import type { Contribution, Entity, Model } from './model.ts'
import { planEntity } from './plan-entity.ts'
import type { PlannedUse } from './plan-uses.ts'

export type Severity = 'safe' | 'breaking' | 'destructive'

/** One thing that publishing would change, in plain words. */
export interface PlanItem {
  readonly severity: Severity
  /** `entities/crm.leads:lead/fields/budget`. */
  readonly path: string
  readonly text: string
  /** The records that it touches, e.g. those without a value that becomes required. */
  readonly affects: readonly { readonly entity: string; readonly records: number }[]
  /** What refers to what is changed or goes away. */
  readonly usedBy?: readonly PlannedUse[]
  /** Publishing is refused while it is so. */
  readonly blocking?: true
}

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
  const items = [...entities.flat(), ...planContributions(before, after), ...more]
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
    const point = after.points.get(name)?.label.toLowerCase() ?? name
    const refs = new Set([...(was?.keys() ?? []), ...(is?.keys() ?? [])])
    return [...refs].flatMap((ref) => planOne(name, point, was?.get(ref), is?.get(ref)))
  })
}

function planOne(
  name: string,
  point: string,
  was: Contribution<unknown> | undefined,
  is: Contribution<unknown> | undefined,
): PlanItem[] {
  const one = is ?? was
  if (!one || sameValue(was?.definition, is?.definition)) return []
  const title = `"${labelOf(one)}" (${point})`
  const path = placeOf(name, one.ref)
  if (!was) return [item('safe', path, `Adds ${title}.`)]
  if (!is) return [item('breaking', path, `Removes ${title}.`)]
  if (name === 'roles' && changesRights(was.definition, is.definition)) {
    return [item('breaking', path, `Changes what people with the role "${labelOf(is)}" may do.`)]
  }
  return [item('safe', path, `Changes ${title}.`)]
}

function changesRights(was: unknown, is: unknown): boolean {
  const rights = ({ rules, permissions }: RoleDefinition) => [rules, permissions]
  return !sameValue(rights(was as RoleDefinition), rights(is as RoleDefinition))
}

function labelOf({ key, definition }: Contribution<unknown>): string {
  const { label } = definition as { readonly label?: string }
  return label ?? key
}

function item(severity: Severity, path: string, text: string): PlanItem {
  return { severity, path, text, affects: [] }
}
