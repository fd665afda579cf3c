import { labelOfContribution } from './labels.ts'
import type { JsonObject } from './leaf.ts'
import type { Model } from './model.ts'
import type { PlanItem } from './plan-item.ts'
import { type Use, usesIn } from './uses.ts'
import type { Words } from './words.ts'

/** What refers to something that a plan changes: a contribution, a saved definition, a key. */
export interface PlannedUse {
  readonly point: string
  readonly ref: string
  readonly label: string
}

/** A use by something that is no contribution. */
export interface NamedUse extends Use {
  readonly label: string
}

/** Longer lists help nobody. */
const mostTold = 100

/**
 * The items of a plan, each with what refers to what it changes or takes away and will still be there.
 *
 * @param elsewhere what refers to parts of `before` from outside of the model.
 */
export function withUses(
  items: readonly PlanItem[],
  before: Model,
  after: Model,
  org: Words['org'],
  elsewhere: readonly NamedUse[],
): PlanItem[] {
  const words: Words = { org, model: after }
  const stays = ({ point, ref }: Use) => after.contributions.get(point)?.has(ref) === true
  const uses = [...usesIn(before).filter(stays), ...usesIn(after), ...elsewhere]
  return items.map((item) => {
    const [point, ref, part, field] = (item.formerly ?? item.path).split('/')
    // Below a definition stands what says of itself what is wrong with it.
    if (point !== 'entities' && part !== undefined) return item
    const isField = part === 'fields' && field !== undefined
    const isNew = !before.contributions.get(point!)?.has(ref!)
    // Another name of an entity changes nothing for what refers to it.
    if (isNew || (item.severity === 'safe' && point === 'entities' && !isField)) return item
    const concerned = uses.filter(
      (use) =>
        use.of.point === point &&
        use.of.ref === ref &&
        (isField ? use.of.field === field : use.point !== point || use.ref !== ref),
    )
    const told = new Map(
      concerned.map((use) => [`${use.point}/${use.ref}`, toTold(use, words, after)]),
    )
    return told.size === 0 ? item : { ...item, usedBy: [...told.values()].slice(0, mostTold) }
  })
}

function toTold(use: Use | NamedUse, words: Words, model: Model): PlannedUse {
  const { point, ref } = use
  if ('label' in use) return { point, ref, label: use.label }
  const definition = model.contributions.get(point)!.get(ref)!.definition as JsonObject
  return { point, ref, label: labelOfContribution(words, point, { ref, definition }) }
}
