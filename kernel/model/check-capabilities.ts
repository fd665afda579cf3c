import type { ActionDefinition } from '@runwaycrm/sdk'
import { type Problem, placeOf } from '../manifest/problem.ts'
import { type Finder, isDeclared, undeclared } from './check-references.ts'
import type { Layer } from './layer.ts'

/**
 * Holds what a plugin asks for against what there is, and what its actions need against what it asks
 * for: an action whose needs the plugin may not meet would fail with the first person who runs it.
 */
export function checkCapabilities(layers: readonly Layer[], has: Finder): Problem[] {
  return layers.flatMap((layer) => [...checkTargets(layer, has), ...checkNeeds(layer, has)])
}

/** Entities and actions under `capabilities` exist and belong to plugins that the manifest names. */
function checkTargets(layer: Layer, has: Finder): Problem[] {
  const { data = {}, actions = [] } = layer.manifest.capabilities ?? {}
  const asked = [
    ...Object.keys(data).map((ref) => ({ kind: 'data', point: 'entities', ref })),
    ...actions.map((ref) => ({ kind: 'actions', point: 'actions', ref })),
  ]
  return asked.flatMap(({ kind, point, ref }) => {
    if (ref === '*') return []
    const plugin = ref.slice(0, Math.max(0, ref.indexOf(':')))
    const at = placeOf(layer.id, 'capabilities', kind, ref)
    if (!has(point, ref)) {
      // What is only enhanced may be absent.
      if (Object.hasOwn(layer.manifest.enhances ?? {}, plugin)) return []
      return [
        {
          at,
          code: 'UNKNOWN_OPTION',
          message: `There is no "${ref}" under ${point}.`,
          hint: 'Correct the reference, or take it out of the capabilities.',
        },
      ]
    }
    return isDeclared(layer, plugin) ? [] : [undeclared(at, layer.id, plugin)]
  })
}

/** Every operation that an action needs is among the plugin's capabilities. */
function checkNeeds(layer: Layer, has: Finder): Problem[] {
  const data = layer.manifest.capabilities?.data ?? {}
  const actions = (layer.manifest.contributes?.['actions'] ?? {}) as Readonly<
    Record<string, ActionDefinition>
  >
  // Definitions that broke their schema were left out, and are not looked at again.
  const kept = Object.entries(actions).filter(([key]) => has('actions', `${layer.id}:${key}`))
  return kept.flatMap(([key, { needs = {} }]) =>
    Object.entries(needs).flatMap(([entity, operations]) => {
      // A reference that leads nowhere is told as that.
      if (entity !== '*' && !has('entities', entity)) return []
      const granted: readonly string[] = [...(data[entity] ?? []), ...(data['*'] ?? [])]
      return operations
        .filter((operation) => !granted.includes(operation))
        .map((operation) => ({
          at: placeOf(layer.id, 'actions', key, 'needs', entity),
          code: 'REQUIRED' as const,
          message: `The action needs to ${operation} records of ${entity}, which the plugin does not ask for.`,
          hint: `Add "${operation}" to capabilities.data["${entity}"].`,
        }))
    }),
  )
}
