import { contractVersion, type Manifest, type Override } from '@runwaycrm/sdk'
import { canonicalJson, sha256 } from './canonical-json.ts'
import { createLayer, type Layer, ownLayer } from './layer.ts'
import { isJsonObject, type JsonObject, leafAt } from './leaf.ts'
import { type FormerKeys, formerPaths } from './storage-names.ts'

/** An organisation's own layer as it is kept: what can change in a manifest, and the storage ids. */
export interface LayerDocument {
  readonly contributes: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly overrides: readonly Override[]
  readonly storageIds: Readonly<Record<string, string>>
  /** Storage ids of indexed fields to the column of `tenant.slot` that holds their copies. */
  readonly slots?: Readonly<Record<string, string>>
  /** Fields that have another key now, and keep their values. */
  readonly formerKeys?: FormerKeys
  /** Of a draft: fields that come back with their values, by their paths. */
  readonly restores?: Readonly<Record<string, { readonly id: string; readonly type: string }>>
}

export const emptyDocument: LayerDocument = Object.freeze({
  contributes: {},
  overrides: [],
  storageIds: {},
})

/** The document as the manifest of the layer `t`. */
export function manifestOf(document: LayerDocument): Manifest {
  return {
    id: ownLayer,
    version: '1.0.0',
    contract: contractVersion,
    title: 'Own layer',
    tier: 'declarative',
    contributes: document.contributes as Record<string, Record<string, unknown>>,
    overrides: [...document.overrides],
    ...(document.formerKeys ? { formerKeys: document.formerKeys as Record<string, string> } : {}),
  }
}

/**
 * The layer to compose with.
 *
 * @param document checked; frozen from here on.
 * @param filled storage ids of the indexed fields whose copies are complete.
 */
export function layerOf(document: LayerDocument, filled: ReadonlySet<string> = nothing): Layer {
  const slots = Object.fromEntries(
    Object.entries(document.slots ?? {}).map(([id, column]) => [
      id,
      { column, isReady: filled.has(id) },
    ]),
  )
  return createLayer(manifestOf(document), 'own', document.storageIds, slots)
}
const nothing: ReadonlySet<string> = new Set()

/** Whether the layer says nothing, so that the model is the one beneath it. */
export function isEmpty(document: LayerDocument): boolean {
  return (
    document.overrides.length === 0 &&
    Object.values(document.contributes).every((point) => Object.keys(point).length === 0)
  )
}

export function documentHash(document: LayerDocument): string {
  return sha256(canonicalJson(document))
}

/** Every field that a document defines, by its path in the layer: its type. */
export function fieldTypesIn(document: Pick<LayerDocument, 'contributes'>): Map<string, string> {
  const types = new Map<string, string>()
  const note = (path: string, field: unknown) => {
    const type = leafAt(field, ['type'])
    if (typeof type === 'string') types.set(path, type)
  }
  for (const [entity, definition] of entriesOf(document.contributes['entities'])) {
    for (const [key, field] of entriesOf(leafAt(definition, ['fields']))) {
      note(`entities/${entity}/fields/${key}`, field)
    }
  }
  for (const [key, on] of entriesOf(document.contributes['fields'])) {
    note(`fields/${key}`, leafAt(on, ['field']))
  }
  return types
}

/**
 * Gives each field its storage id. A field that is published already keeps its own, under another key too
 * when `formerKeys` says so; one that is new, or has another type, gets a new one, also when there once was a field of the same key: it inherits
 * nothing from that.
 *
 * @param newId makes an id that was never used; without it new fields stay without, as in a draft.
 */
export function assignStorageIds(
  document: LayerDocument,
  published: LayerDocument,
  newId?: () => string,
): LayerDocument {
  const before = fieldTypesIn(published)
  const now = fieldTypesIn(document)
  const ids = [...now].flatMap(([path, type]) => {
    const former = formerPaths(document.formerKeys, path).filter((was) => !now.has(was))
    const known = [path, ...former].find((was) => before.get(was) === type)
    const restored = document.restores?.[path]
    const id =
      (known === undefined ? undefined : published.storageIds[known]) ??
      (restored?.type === type ? restored.id : newId?.())
    return id === undefined ? [] : [[path, id] as const]
  })
  const { restores, ...rest } = document
  const named = { ...rest, storageIds: Object.fromEntries(ids) }
  // Once published they are fields like any other.
  return restores && !newId ? { ...named, restores } : named
}

/** What stands in the database as a document; parts that are missing are empty. */
export function toDocument(value: unknown): LayerDocument {
  const { contributes, overrides, storageIds, slots, formerKeys, restores } = isJsonObject(value)
    ? value
    : ({} as JsonObject)
  return {
    contributes: (contributes ?? {}) as LayerDocument['contributes'],
    overrides: (overrides ?? []) as LayerDocument['overrides'],
    storageIds: (storageIds ?? {}) as LayerDocument['storageIds'],
    ...(slots ? { slots: slots as Record<string, string> } : {}),
    ...(formerKeys ? { formerKeys: formerKeys as FormerKeys } : {}),
    ...(restores ? { restores: restores as NonNullable<LayerDocument['restores']> } : {}),
  }
}

function entriesOf(value: unknown): [string, unknown][] {
  return isJsonObject(value) ? Object.entries(value) : []
}
