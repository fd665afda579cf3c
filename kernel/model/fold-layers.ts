import type { Override } from '@runwaycrm/sdk'
import { checkContribution } from '../manifest/check-plugin.ts'
import { orderPlugins } from '../manifest/order-plugins.ts'
import type { Points } from '../manifest/point.ts'
import { type Problem, placeOf } from '../manifest/problem.ts'
import { applyOverrides } from './apply-overrides.ts'
import { isDeclared, undeclared } from './check-references.ts'
import { type Layer, layerOrigins } from './layer.ts'
import type { JsonObject } from './leaf.ts'
import type { Contribution, Model } from './model.ts'

type Contributions = Map<string, Contribution<unknown>>

/** Contributions of all layers with their overrides applied; what a base model has is shared, not copied. */
export interface Fold {
  readonly contributions: Map<string, Contributions>
  /** What the new layers added or changed, per point. */
  readonly touched: ReadonlyMap<string, ReadonlySet<string>>
  readonly problems: Problem[]
}

const nobody: readonly string[] = Object.freeze([])

/** Folds layers onto a base, one after the other: first what a layer adds, then what it changes. */
export function foldLayers(layers: readonly Layer[], points: Points, base: Model | null): Fold {
  const contributions = new Map(base?.contributions) as Map<string, Contributions>
  const touched = new Map<string, Set<string>>()
  const problems: Problem[] = []

  function put(point: string, contribution: Contribution<unknown>): void {
    let refs = touched.get(point)
    if (!refs) {
      refs = new Set()
      touched.set(point, refs)
      contributions.set(point, new Map(contributions.get(point)))
    }
    refs.add(contribution.ref)
    contributions.get(point)?.set(contribution.ref, Object.freeze(contribution))
  }

  for (const layer of layers) {
    for (const [name, definitions] of Object.entries(layer.manifest.contributes ?? {})) {
      const point = points.get(name)
      if (!point) {
        if (!waitsForOthers(layer, layers, base)) problems.push(unknownPoint(layer, name))
        continue
      }
      if (!isDeclared(layer, point.plugin)) {
        problems.push(undeclared(placeOf(layer.id, name), layer.id, point.plugin))
      }
      for (const [key, definition] of Object.entries(definitions)) {
        const at = placeOf(layer.id, name, key)
        const wrong = checkContribution(point, definition, at, layer.manifest.tier)
        problems.push(...wrong)
        if (wrong.length > 0) continue
        const ref = `${layer.id}:${key}`
        put(name, { ref, plugin: layer.id, key, definition, overriddenBy: nobody })
      }
    }
    for (const [point, targets] of groupOverrides(layer)) {
      for (const [target, overrides] of targets) {
        override(layer, point, target, overrides)
      }
    }
  }

  function override(
    layer: Layer,
    name: string,
    target: string,
    overrides: readonly Override[],
  ): void {
    const at = placeOf(layer.id, 'overrides', name, target)
    const point = points.get(name)
    const contribution = contributions.get(name)?.get(target)
    if (!point || !contribution) {
      problems.push(parked(at, target))
      return
    }
    if (!isDeclared(layer, contribution.plugin)) {
      problems.push(undeclared(at, layer.id, contribution.plugin))
    }
    const before = contribution.definition as JsonObject
    const after = applyOverrides(before, overrides, point, at)
    problems.push(...after.problems)
    if (after.definition === before) return
    const overriddenBy = Object.freeze([...contribution.overriddenBy, layer.id])
    put(name, { ...contribution, definition: after.definition, overriddenBy })
  }

  return { contributions, touched, problems }
}

export interface SortedLayers {
  readonly layers: readonly Layer[]
  readonly problems: readonly Problem[]
}

/** Puts layers into folding order, whatever order they come in, and leaves out what cannot be ordered. */
export function sortLayers(layers: readonly Layer[], base: Model | null): SortedLayers {
  const sorted: Layer[] = []
  const problems: Problem[] = []
  const present = base ? base.stack.map((layer) => layer.manifest) : []
  for (const origin of layerOrigins) {
    const members = layers.filter((layer) => layer.origin === origin)
    const byManifest = new Map(members.map((layer) => [layer.manifest, layer]))
    const order = orderPlugins(
      members.map((layer) => layer.manifest),
      [...present, ...sorted.map((layer) => layer.manifest)],
    )
    problems.push(...order.refused.values())
    for (const manifest of order.ordered) sorted.push(byManifest.get(manifest) as Layer)
  }
  return { layers: sorted, problems }
}

/** Point to target to overrides, the last word on a path winning. */
function groupOverrides(layer: Layer): Map<string, Map<string, Override[]>> {
  const points = new Map<string, Map<string, Override[]>>()
  for (const override of layer.manifest.overrides ?? []) {
    const targets = points.get(override.point) ?? new Map<string, Override[]>()
    points.set(override.point, targets)
    const list = targets.get(override.target) ?? []
    targets.set(override.target, list)
    list.push(override)
  }
  return points
}

/** A plugin may contribute to points of plugins that it only enhances; without them nothing is missing. */
function waitsForOthers(layer: Layer, layers: readonly Layer[], base: Model | null): boolean {
  const present = new Set([...(base?.layers ?? []), ...layers.map((other) => other.id)])
  return Object.keys(layer.manifest.enhances ?? {}).some((id) => !present.has(id))
}

function unknownPoint(layer: Layer, name: string): Problem {
  return {
    at: placeOf(layer.id, name),
    code: 'UNKNOWN_OPTION',
    message: `There is no point "${name}".`,
    hint: 'Require the plugin that brings it.',
  }
}

function parked(at: string, target: string): Problem {
  return {
    at,
    code: 'UNKNOWN_RECORD',
    message: `${target} is not there, so its changes wait.`,
    hint: 'They apply again when the plugin is back. Remove them if it will not come back.',
    notice: true,
  }
}
