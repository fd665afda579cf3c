import type { DraftOperation } from '../../api/studio.ts'
import type { ContributionDetail, FieldOrigin, LayerDocument } from '../api/definitions.ts'
import { type Json, type LeafChange, leafChanges, type Path, pathText, sameJson } from './leaf.ts'

/** A contribution as operations name it, whoever brought it. */
export const targetOf = ({ point, ref }: { readonly point: string; readonly ref: string }) =>
  `${point}/${ref}`

/** Where the leaf of a shown definition is kept: a field may belong to another contribution. */
export function placeOf(
  detail: Pick<ContributionDetail, 'point' | 'ref' | 'fieldOrigins'>,
  path: Path,
): { readonly target: string; readonly path: Path } {
  const [first, key, ...rest] = path
  const origin = first === 'fields' && key ? detail.fieldOrigins?.[key] : undefined
  if (origin && isElsewhere(origin, detail))
    return { target: targetOf(origin), path: [...origin.path, ...rest] }
  return { target: targetOf(detail), path }
}

const isElsewhere = (
  origin: FieldOrigin,
  detail: { readonly point: string; readonly ref: string },
) => origin.point !== detail.point || origin.ref !== detail.ref

/** The operations that make one definition of another, leaf by leaf, each with what its editor saw. */
export function operationsBetween(
  detail: Pick<ContributionDetail, 'point' | 'ref' | 'fieldOrigins'>,
  before: Json,
  after: Json,
): readonly DraftOperation[] {
  return leafChanges(before, after).map((change) =>
    operationOf(placeOf(detail, change.path), change),
  )
}

function operationOf(
  place: { readonly target: string; readonly path: Path },
  { before, after }: LeafChange,
): DraftOperation {
  // Nothing is said with null: `unset` would bring back what stands upstream.
  return { op: 'set', ...place, from: before ?? null, value: after ?? null }
}

/** Goes back to what the layers beneath say at a leaf. */
export function revertOperation(
  detail: Pick<ContributionDetail, 'point' | 'ref' | 'fieldOrigins'>,
  path: Path,
  seen: Json | undefined,
): DraftOperation {
  return { op: 'unset', ...placeOf(detail, path), from: seen ?? null }
}

/**
 * What takes operations back, in the opposite order.
 *
 * @param wasUpstream whether a leaf still said what the layers beneath say, so that no override is left.
 */
export function inverse(
  operations: readonly DraftOperation[],
  wasUpstream: (operation: DraftOperation) => boolean = () => false,
  valueAfterUnset: (operation: DraftOperation) => Json | undefined = () => undefined,
): readonly DraftOperation[] {
  return operations.toReversed().map((operation): DraftOperation => {
    const { op, target, path, from, value } = operation
    const place = target === undefined ? { path } : { target, path }
    const now = op === 'set' ? (value ?? null) : (valueAfterUnset(operation) ?? null)
    const isNothing = from === undefined || from === null
    if (wasUpstream(operation) || (isNothing && target === undefined))
      return { op: 'unset', ...place, from: now }
    return { op: 'set', ...place, from: now, value: from ?? null }
  })
}

/** The operations that bring a draft that was thrown away back, on what is published. */
export function restoreOperations(
  published: LayerDocument,
  draft: LayerDocument,
): readonly DraftOperation[] {
  const own = leafChanges(
    published.contributes as Json as { readonly [key: string]: Json },
    draft.contributes as Json as { readonly [key: string]: Json },
  ).flatMap((change) => wholeContributions(change))
  const placed = (document: LayerDocument) =>
    new Map(
      document.overrides.map((one) => [`${one.point}/${one.target} ${pathText(one.path)}`, one]),
    )
  const before = placed(published)
  const after = placed(draft)
  const changed = [...after].flatMap(([place, one]): readonly DraftOperation[] => {
    const was = before.get(place)
    if (was && sameJson(was.to, one.to)) return []
    const seen = was ? was.to : one.from
    const at = { target: `${one.point}/${one.target}`, path: one.path }
    return [{ op: 'set', ...at, from: seen ?? null, value: one.to ?? null }]
  })
  const gone = [...before].flatMap(([place, one]): readonly DraftOperation[] =>
    after.has(place)
      ? []
      : [
          {
            op: 'unset',
            target: `${one.point}/${one.target}`,
            path: one.path,
            from: one.to ?? null,
          },
        ],
  )
  return [...own, ...changed, ...gone]
}

/** A point that is new as a whole comes contribution by contribution: a path has point and key. */
function wholeContributions({ path, before, after }: LeafChange): readonly DraftOperation[] {
  if (path.length < 2 && typeof (after ?? before) === 'object')
    return leafChanges(before ?? {}, after ?? {}, path).flatMap(wholeContributions)
  if (after === undefined) return [{ op: 'unset', path, from: before ?? null }]
  return [{ op: 'set', path, from: before ?? null, value: after }]
}
