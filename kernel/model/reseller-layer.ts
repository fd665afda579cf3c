import { renameReferences } from './export-layer.ts'
import { createLayer, type Layer, resellerLayer } from './layer.ts'
import { isEmpty, type LayerDocument, manifestOf } from './layer-document.ts'

/**
 * The own layer of a reseller as its customers have it: the same document with `t:` renamed to `r:`.
 * Storage ids stay, so a field that the reseller removes and brings back finds its values again.
 *
 * @returns null when the layer says nothing.
 */
export function resellerLayerOf(document: LayerDocument): Layer | null {
  if (isEmpty(document)) return null
  const manifest = renameReferences(manifestOf(document), resellerLayer)
  return createLayer(
    { ...manifest, id: resellerLayer, title: "Reseller's layer" },
    'reseller',
    document.storageIds,
  )
}
