import type { Manifest } from '@runwaycrm/sdk'
import { canonicalJson, sha256 } from './canonical-json.ts'
import type { Slot } from './model.ts'

/**
 * Where a layer comes from, which is also the folding order: the kernel, plugins of the deployment,
 * declarative packages that the organisation installed, its reseller's layer, its own.
 */
export const layerOrigins = ['kernel', 'plugin', 'package', 'reseller', 'own'] as const
export type LayerOrigin = (typeof layerOrigins)[number]

/** One checked manifest in the stack that makes a model. Frozen. */
export interface Layer {
  readonly id: string
  readonly origin: LayerOrigin
  readonly manifest: Manifest
  /** `entities/x/fields/y` or `fields/x` to the storage id that was given at first publish. */
  readonly storageIds: Readonly<Record<string, string>>
  /** Storage ids of indexed fields to the place of their copies. */
  readonly slots: Readonly<Record<string, Slot>>
  /** SHA-256 of all of it, hex. */
  readonly hash: string
  /** Length of its JSON. */
  readonly size: number
}

/** Ids of an organisation's own layer and of its reseller's. */
export const ownLayer = 't'
export const resellerLayer = 'r'

/**
 * @param manifest checked by `checkEnvelope` and `checkContributions`; frozen from here on.
 * @param storageIds those that were given at publish; other fields get derived ones.
 */
export function createLayer(
  manifest: Manifest,
  origin: LayerOrigin,
  storageIds: Readonly<Record<string, string>> = {},
  slots: Readonly<Record<string, Slot>> = {},
): Layer {
  const json = canonicalJson([origin, manifest, storageIds, slots])
  return Object.freeze({
    id: manifest.id,
    origin,
    manifest: deepFreeze(manifest),
    storageIds: Object.freeze(storageIds),
    slots: deepFreeze(slots),
    hash: sha256(json),
    size: json.length,
  })
}

/** Freezes a JSON value and everything in it. */
function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  for (const inner of Object.values(value)) deepFreeze(inner)
  return Object.freeze(value)
}
