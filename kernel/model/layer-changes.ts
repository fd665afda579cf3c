import { applyOverrides } from './apply-overrides.ts'
import { ownLayer } from './layer.ts'
import type { LayerDocument } from './layer-document.ts'
import { type JsonObject, type LeafChange, leafChanges, type Path } from './leaf.ts'
import type { Model } from './model.ts'

/** One leaf that two versions of an own layer do not have alike; what is added or removed is one as a whole. */
export interface LayerChange {
  /** `entities/crm.leads:lead`: the contribution of another layer that is overridden; null in the own layer. */
  readonly target: string | null
  readonly point: string
  readonly ref: string
  /** Below the contribution. */
  readonly path: Path
  /** Null when there was nothing. */
  readonly before: unknown
  readonly after: unknown
}

/** @param base the model beneath the layer. */
export function layerChanges(
  before: LayerDocument,
  after: LayerDocument,
  base: Model,
): LayerChange[] {
  if (before === after) return []
  return [...ownChanges(before, after), ...overrideChanges(before, after, base)]
}

function ownChanges(before: LayerDocument, after: LayerDocument): LayerChange[] {
  return contributionChanges(before, after).map((change) => {
    const [point = '', key = '', ...path] = change.path
    return toChange(null, point, `${ownLayer}:${key}`, { ...change, path })
  })
}

/** Leaves below point and key. A point that comes or goes is as many changes as it has definitions. */
export function contributionChanges(
  before: Pick<LayerDocument, 'contributes'>,
  after: Pick<LayerDocument, 'contributes'>,
): LeafChange[] {
  return leafChanges(before.contributes, after.contributes).flatMap((change) =>
    change.path.length > 1
      ? [change]
      : leafChanges(change.before ?? {}, change.after ?? {}, change.path),
  )
}

function overrideChanges(before: LayerDocument, after: LayerDocument, base: Model): LayerChange[] {
  const was = Map.groupBy(before.overrides, targetOf)
  const is = Map.groupBy(after.overrides, targetOf)
  return [...new Set([...was.keys(), ...is.keys()])].sort().flatMap((target) => {
    const slash = target.indexOf('/')
    const [name, ref] = [target.slice(0, slash), target.slice(slash + 1)]
    const point = base.points.get(name)
    const upstream = base.contributions.get(name)?.get(ref)?.definition as JsonObject | undefined
    // What is parked changes nothing; it is told as it is written.
    const written = (overrides: LayerDocument['overrides'] = []) =>
      Object.fromEntries(overrides.map(({ path, to }) => [path.join('\0'), to ?? null]))
    const changes =
      point && upstream
        ? leafChanges(
            applyOverrides(upstream, was.get(target) ?? [], point, '').definition,
            applyOverrides(upstream, is.get(target) ?? [], point, '').definition,
          )
        : leafChanges(written(was.get(target)), written(is.get(target))).map((change) => ({
            ...change,
            path: change.path[0]!.split('\0').concat(change.path.slice(1)),
          }))
    return changes.map((change) => toChange(target, name, ref, change))
  })
}

function targetOf({ point, target }: LayerDocument['overrides'][number]): string {
  return `${point}/${target}`
}

function toChange(
  target: string | null,
  point: string,
  ref: string,
  { path, before, after }: { path: Path; before: unknown; after: unknown },
): LayerChange {
  return { target, point, ref, path, before: before ?? null, after: after ?? null }
}
