import { NotFoundError, StateConflictError } from '@runwaycrm/sdk'
import type { LayerDocument } from './layer-document.ts'
import { fieldTypesIn } from './layer-document.ts'
import { leafAt, type Path, withLeaf } from './leaf.ts'

/** Where a field or an entity of the own layer stands: `entities/x`, `entities/x/fields/y`, `fields/y`. */
export function archivePath(path: string): Path | null {
  const parts = path.split('/')
  const [point, , fields] = parts
  const isEntity = point === 'entities' && parts.length === 2
  const isField = point === 'fields' && parts.length === 2
  const isInEntity = point === 'entities' && fields === 'fields' && parts.length === 4
  return isEntity || isField || isInEntity ? parts : null
}

/**
 * A draft with a field or an entity that an older revision had. Its fields get their former storage ids
 * when the draft is published, and with them their values.
 *
 * @param revisions in which it is looked for, the likelier first.
 * @throws NotFoundError when none of them has it; StateConflictError when something else stands there, or
 *   its values are in use.
 */
export function withRestored(
  document: LayerDocument,
  published: LayerDocument,
  revisions: readonly LayerDocument[],
  path: string,
): LayerDocument {
  const parts = archivePath(path)
  const old = parts && revisions.find(({ contributes }) => leafAt(contributes, parts) !== undefined)
  if (!parts || !old) throw new NotFoundError()
  for (const present of [document, published]) {
    if (leafAt(present.contributes, parts) === undefined) continue
    throw new StateConflictError(
      'Something of this key is there. Give it another key, or take it away and publish that first.',
    )
  }
  if (parts.length === 4 && leafAt(document.contributes, parts.slice(0, 2)) === undefined) {
    throw new StateConflictError('The object that it belongs to is gone. Restore that instead.')
  }
  const types = fieldTypesIn(old)
  const inUse = new Set(Object.values(published.storageIds))
  const ids = Object.entries(old.storageIds).filter(
    ([at]) => at === path || at.startsWith(`${path}/`),
  )
  if (ids.some(([, id]) => inUse.has(id))) {
    throw new StateConflictError('Its values belong to a field of another key now.')
  }
  const restored = ids.map(([at, id]) => [at, { id, type: types.get(at) ?? '' }] as const)
  return {
    ...document,
    contributes: withLeaf(
      document.contributes,
      parts,
      leafAt(old.contributes, parts),
    ) as LayerDocument['contributes'],
    restores: { ...document.restores, ...Object.fromEntries(restored) },
  }
}
