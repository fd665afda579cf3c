import { composeModel, hashOf } from './compose-model.ts'
import { enabledLayers, type PluginState } from './enabled-layers.ts'
import type { Layer } from './layer.ts'
import { isEmpty, type LayerDocument, layerOf } from './layer-document.ts'
import type { Model } from './model.ts'

/** What makes the model of one organisation. */
export interface ModelSource {
  readonly states: ReadonlyMap<string, PluginState>
  readonly packages: readonly Layer[]
  readonly reseller: Layer | null
  readonly document: LayerDocument
  /** Storage ids of the indexed fields whose copies are complete; none when missing. */
  readonly filled?: ReadonlySet<string>
}

export interface OrgModels {
  /** The model of all plugins that are ready. */
  readonly deployment: Model
  /** The model beneath the own layer: deployment, packages, the reseller's layer. */
  base(source: Omit<ModelSource, 'document' | 'filled'>): Model
  of(source: ModelSource): Model
}

/**
 * Composes the models of organisations. Equal layers give one and the same model, as long as somebody
 * holds it; the model of the whole deployment is always held.
 *
 * @param deployment the model of all plugins that are ready.
 */
export function createOrgModels(deployment: Model): OrgModels {
  const shared = new Map<string, WeakRef<Model>>()
  const forget = new FinalizationRegistry<string>((hash) => {
    if (shared.get(hash)?.deref() === undefined) shared.delete(hash)
  })

  /** @param hash of all layers, as the model will have it. */
  function once(hash: string, compose: () => Model): Model {
    const known = shared.get(hash)?.deref()
    if (known) return known
    const model = compose()
    shared.set(hash, new WeakRef(model))
    forget.register(model, hash)
    return model
  }

  function base({ states, packages, reseller }: Omit<ModelSource, 'document' | 'filled'>): Model {
    const layers = enabledLayers(deployment.stack, states)
    const plugins =
      layers.length === deployment.stack.length
        ? deployment
        : once(hashOf(layers), () => composeModel(layers))
    return extend(extend(plugins, packages), reseller ? [reseller] : [])
  }

  function extend(below: Model, layers: readonly Layer[]): Model {
    if (layers.length === 0) return below
    // Before composing: what cannot be ordered still counts, so this is not always the hash of the model.
    const sorted = [...layers].sort((a, b) => (a.id < b.id ? -1 : 1))
    return once(hashOf([...below.stack, ...sorted]), () => composeModel(layers, below))
  }

  return {
    deployment,
    base,
    of: ({ document, filled, ...rest }) =>
      extend(base(rest), isEmpty(document) ? [] : [layerOf(document, filled)]),
  }
}
