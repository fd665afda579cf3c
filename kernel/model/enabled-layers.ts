import type { Layer } from './layer.ts'

/** What an organisation may do with a plugin. */
const pluginStates = [
  'available',
  'installed',
  'enabled',
  'disabled',
  'suspended',
  'archived',
] as const
export type PluginState = (typeof pluginStates)[number]

/** Plugins of the checkout are there for every organisation until it says otherwise. */
export const defaultPluginState: PluginState = 'enabled'

/**
 * The layers of the deployment that count for an organisation: the kernel's, and plugins that are
 * enabled together with everything they require.
 *
 * @param layers in folding order.
 * @param states of plugins that have a row of their own.
 */
export function enabledLayers(
  layers: readonly Layer[],
  states: ReadonlyMap<string, PluginState>,
): readonly Layer[] {
  if (states.size === 0) return layers
  const enabled = new Set<string>()
  return layers.filter(({ id, origin, manifest }) => {
    const counts =
      origin === 'kernel' ||
      ((states.get(id) ?? defaultPluginState) === 'enabled' &&
        Object.keys(manifest.requires ?? {}).every((required) => enabled.has(required)))
    if (counts) enabled.add(id)
    return counts
  })
}
