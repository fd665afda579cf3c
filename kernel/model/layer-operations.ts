import type { Override } from '@runwaycrm/sdk'
import type { DraftOperation } from './draft-operations.ts'
import { contributionChanges } from './layer-changes.ts'
import type { LayerDocument } from './layer-document.ts'
import { leafChanges, sameValue } from './leaf.ts'

/**
 * What turns one layer into another, as edits of a draft. Each carries the value that the first layer has,
 * so a draft in which somebody else changed the same leaf refuses it.
 */
export function operationsBetween(
  before: Omit<LayerDocument, 'storageIds'>,
  after: Omit<LayerDocument, 'storageIds'>,
): DraftOperation[] {
  return [
    ...contributionChanges(before, after).map(({ path, before: from, after: value }) =>
      toOperation(path, from, value),
    ),
    ...leafChanges(before.formerKeys ?? {}, after.formerKeys ?? {}).map(
      ({ path, before: from, after: value }) => toOperation(['formerKeys', ...path], from, value),
    ),
    ...overrideOperations(before.overrides, after.overrides),
  ]
}

function overrideOperations(
  before: readonly Override[],
  after: readonly Override[],
): DraftOperation[] {
  const was = new Map(before.map((one) => [placeOf(one), one]))
  const is = new Map(after.map((one) => [placeOf(one), one]))
  return [...new Set([...was.keys(), ...is.keys()])].flatMap((place): DraftOperation[] => {
    const old = was.get(place)
    const next = is.get(place)
    if (old && next && sameValue(old.to, next.to)) return []
    const { point, target, path } = (next ?? old)!
    const at = { target: `${point}/${target}`, path, from: old ? old.to : next?.from }
    return [next ? { op: 'set', ...at, value: next.to ?? null } : { op: 'unset', ...at }]
  })
}

const placeOf = ({ point, target, path }: Override) => [point, target, ...path].join('\u0000')

function toOperation(path: DraftOperation['path'], from: unknown, value: unknown): DraftOperation {
  return value === undefined ? { op: 'unset', path, from } : { op: 'set', path, from, value }
}
