import type { FieldTypeHandler, Handler, Manifest } from '@runwaycrm/sdk'
import kernelManifest from '../kernel.json' with { type: 'json' }
import { checkEnvelope } from '../manifest/check-plugin.ts'
import type { Problem } from '../manifest/problem.ts'
import { composeModel } from '../model/compose-model.ts'
import { createLayer, type Layer } from '../model/layer.ts'
import type { Model } from '../model/model.ts'
import { bindHandlers, type Handlers } from './bind-handlers.ts'
import { type DiscoveredPlugin, discoverPlugins } from './discover.ts'

/**
 * How far a plugin of the deployment came: found, its envelope valid, its requirements and references
 * resolved, its handlers bound, ready; or failed with a reason.
 */
export type DeploymentState = 'discovered' | 'valid' | 'resolved' | 'bound' | 'ready' | 'failed'

export interface DeployedPlugin {
  readonly id: string
  readonly folder: string
  readonly manifest: Manifest | null
  readonly state: DeploymentState
  /** How far it came before it failed; null when it is ready. */
  readonly failedAfter: DeploymentState | null
  /** The first problem as a sentence; null when it is ready. */
  readonly reason: string | null
  readonly problems: readonly Problem[]
}

/** The plugins of this installation, and what they add up to before any organisation changes it. */
export interface Deployment {
  /** By id, the failed ones included. */
  readonly plugins: ReadonlyMap<string, DeployedPlugin>
  /** The kernel's own layer and those of the plugins that are ready, in folding order. */
  readonly layers: readonly Layer[]
  /** All of those layers. */
  readonly model: Model
  /** Of all plugins, failed or not; notices of the model besides. */
  readonly problems: readonly Problem[]
  handler(plugin: string, name: string): Handler | undefined
  /** @throws {RangeError} when no plugin that is ready brings the type. */
  fieldTypeHandler(ref: string): FieldTypeHandler
}

/**
 * Loads the plugins below some roots. One that fails takes along what requires it; the rest is loaded.
 *
 * @param roots folders such as `plugins/`.
 * @throws only when the kernel's own layer is broken.
 */
export async function loadPlugins(roots: readonly string[]): Promise<Deployment> {
  const found = await discoverPlugins(roots)
  const failures = new Map<string, { after: DeploymentState; problems: readonly Problem[] }>()
  for (const { id, manifest, problems } of found) {
    if (!manifest) failures.set(id, { after: 'discovered', problems })
  }
  const folders = new Map(found.map((plugin) => [plugin.id, plugin.folder]))
  const handlers = new Map<string, Handlers>()
  let manifests = found.flatMap(({ manifest }) => manifest ?? [])

  /** Leaves out the plugins that have problems; tells whether there were any. */
  function fail(after: DeploymentState, problems: readonly Problem[]): boolean {
    const byPlugin = Map.groupBy(problems, ({ at }) => at.split('/', 1)[0] ?? '')
    byPlugin.delete('kernel')
    for (const [id, list] of byPlugin) failures.set(id, { after, problems: list })
    manifests = manifests.filter(({ id }) => !byPlugin.has(id))
    return byPlugin.size > 0
  }

  let model: Model
  for (;;) {
    const layers = manifests.map((manifest) => createLayer(manifest, 'plugin'))
    model = composeModel([kernelLayer(), ...layers])
    if (
      fail(
        'valid',
        model.problems.filter((problem) => !problem.notice),
      )
    )
      continue
    const unbound: Problem[] = []
    for (const { id, origin, manifest } of model.stack) {
      if (origin === 'kernel' || handlers.has(id)) continue
      const binding = await bindHandlers(manifest, folders.get(id) ?? '', model.points)
      handlers.set(id, binding.handlers)
      unbound.push(...binding.problems)
    }
    if (!fail('resolved', unbound)) break
  }
  const plugins = found.map((plugin) => deployed(plugin, failures.get(plugin.id)))
  return Object.freeze({
    plugins: new Map(plugins.map((plugin) => [plugin.id, plugin])),
    layers: model.stack,
    model,
    problems: [...plugins.flatMap((plugin) => plugin.problems), ...model.problems],
    handler: (plugin, name) => handlers.get(plugin)?.get(name),
    fieldTypeHandler: (ref) => fieldTypeHandler(ref, model, handlers),
  } satisfies Deployment)
}

function kernelLayer(): Layer {
  const { manifest, problems } = checkEnvelope(kernelManifest, 'kernel')
  if (!manifest) throw new Error(`kernel.json is broken: ${problems[0]?.message}`)
  return createLayer(manifest, 'kernel')
}

function deployed(
  { id, folder, manifest }: DiscoveredPlugin,
  failure: { after: DeploymentState; problems: readonly Problem[] } | undefined,
): DeployedPlugin {
  const first = failure?.problems[0]
  return Object.freeze({
    id,
    folder,
    manifest,
    state: failure ? 'failed' : 'ready',
    failedAfter: failure?.after ?? null,
    reason: first ? `${first.at}: ${first.message}` : null,
    problems: failure?.problems ?? [],
  } satisfies DeployedPlugin)
}

function fieldTypeHandler(
  ref: string,
  model: Model,
  handlers: ReadonlyMap<string, Handlers>,
): FieldTypeHandler {
  const type = model.contributions.get('fieldTypes')?.get(ref)
  const name = (type?.definition as { readonly handler?: string } | undefined)?.handler
  const handler = type && name !== undefined && handlers.get(type.plugin)?.get(name)
  if (!handler) throw new RangeError(`No plugin brings the field type ${ref}.`)
  return handler as FieldTypeHandler
}

/** Says which plugins are left out, and why. */
export function reportPlugins(
  deployment: Deployment,
  log: { error(details: object, message: string): void },
): void {
  for (const plugin of deployment.plugins.values()) {
    if (plugin.state !== 'failed') continue
    log.error({ plugin: plugin.id, problems: plugin.problems }, 'a plugin failed and is left out')
  }
}
