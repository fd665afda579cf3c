import { kernelPoints, type Override } from '@runwaycrm/sdk'
import type { Problem } from '../manifest/problem.ts'
import { placeOf } from '../manifest/problem.ts'
import { applyOverrides } from './apply-overrides.ts'
import { couldRead } from './fill-terms.ts'
import { ownLayer } from './layer.ts'
import type { LayerDocument } from './layer-document.ts'
import { type JsonObject, leafAt, leafChanges, type Path, sameValue, withLeaf } from './leaf.ts'
import type { Model } from './model.ts'

/** One edit of the draft. */
export interface DraftOperation {
  readonly op: 'set' | 'unset'
  /**
   * The contribution of another layer that is overridden: `crm.leads:lead`, or `entities/crm.leads:lead`
   * where two points have the reference. Missing for the own layer.
   */
  readonly target?: string
  /**
   * Below the contribution; without a target, point and key come first: `entities/property/label`. A field
   * that was renamed in the same edit: `formerKeys`, and its path before; the value is its path now.
   */
  readonly path: Path
  /** The value that the editor saw, missing or null when there was none. */
  readonly from?: unknown
  /** For `set`; null takes the leaf away. */
  readonly value?: unknown
}

export interface DraftConflict {
  /** Which of the operations. */
  readonly index: number
  readonly target?: string
  readonly path: Path
  readonly from: unknown
  /** What is there now. */
  readonly now: unknown
}

export interface AppliedOperations {
  readonly document: LayerDocument
  readonly conflicts: readonly DraftConflict[]
  readonly problems: readonly Problem[]
}

/**
 * Applies operations to a draft, one after the other. Nothing is checked but that each leaf still has
 * the value its editor saw; the result must be checked before it is kept.
 *
 * @param base the model beneath the own layer.
 */
export function applyOperations(
  document: LayerDocument,
  operations: readonly DraftOperation[],
  base: Model,
): AppliedOperations {
  const conflicts: DraftConflict[] = []
  const problems: Problem[] = []
  let result = document
  operations.forEach((operation, index) => {
    const { target, from } = operation
    const place = locate(operation, base)
    if ('problem' in place) {
      problems.push(place.problem)
      return
    }
    const { now, next } = place.contribution
      ? overrideLeaf(result, place, operation)
      : ownLeaf(result, place.path, operation)
    if (!sameValue(now, from) && !isSeenAs(now, from)) {
      const { path } = operation
      conflicts.push({
        index,
        ...(target && { target }),
        path,
        from: from ?? null,
        now: now ?? null,
      })
      return
    }
    try {
      result = next()
    } catch (error) {
      if (!(error instanceof TypeError)) throw error
      const at = placeOf(ownLayer, ...operation.path)
      problems.push({ at, code: 'WRONG_TYPE', message: error.message, hint: 'Set it as a whole.' })
    }
  })
  return { document: result, conflicts, problems }
}

/** An editor sees texts with the organisation's terms in their places. */
function isSeenAs(now: unknown, from: unknown): boolean {
  return typeof now === 'string' && typeof from === 'string' && couldRead(now, from)
}

interface OwnPlace {
  readonly contribution: null
  readonly path: Path
}
interface OverridePlace {
  readonly contribution: JsonObject
  readonly point: NonNullable<ReturnType<Model['points']['get']>>
  readonly target: string
  readonly path: Path
}

function locate(
  { target, path }: DraftOperation,
  base: Model,
): OwnPlace | OverridePlace | { readonly problem: Problem } {
  if (target === undefined) {
    return { contribution: null, path: path[0] === 'contributes' ? path.slice(1) : path }
  }
  const slash = target.indexOf('/')
  const ref = target.slice(slash + 1)
  const named = slash < 0 ? null : target.slice(0, slash)
  if (ref.startsWith(`${ownLayer}:`)) {
    return { contribution: null, path: [named ?? 'entities', ref.slice(2), ...path] }
  }
  const point = base.points.get(named ?? pointWith(ref, base) ?? '')
  const contribution = point && base.contributions.get(point.name)?.get(ref)
  if (!point || !contribution) {
    return {
      problem: {
        at: placeOf(ownLayer, 'overrides', target),
        code: 'UNKNOWN_RECORD',
        message: `There is no contribution ${target}.`,
        hint: 'Name a contribution: <plugin>:<key>, or <point>/<plugin>:<key>.',
      },
    }
  }
  return { contribution: contribution.definition as JsonObject, point, target: ref, path }
}

/** The point that a bare reference means: entities first, then as the kernel and the plugins name them. */
function pointWith(ref: string, base: Model): string | undefined {
  const names = ['entities', ...Object.keys(kernelPoints), ...base.points.keys()]
  return names.find((name) => base.contributions.get(name)?.has(ref))
}

function ownLeaf(document: LayerDocument, path: Path, { op, value }: DraftOperation) {
  if (path[0] === 'formerKeys') return formerKey(document, path, op === 'set' ? value : undefined)
  const contributes = document.contributes as JsonObject
  return {
    now: leafAt(contributes, path),
    next: (): LayerDocument => {
      const wanted = op === 'set' && value !== null ? value : undefined
      const changed = withLeaf(contributes, path, wanted) as LayerDocument['contributes']
      return { ...document, contributes: wanted === undefined ? withoutEmpty(changed) : changed }
    },
  }
}

function formerKey(document: LayerDocument, path: Path, value: unknown) {
  const { formerKeys = {}, ...rest } = document
  const [, was = ''] = path
  return {
    now: formerKeys[was],
    next: (): LayerDocument => {
      if (path.length !== 2) throw new TypeError('A former key is one leaf.')
      const { [was]: _, ...others } = formerKeys
      const changed = (value ?? null) === null ? others : { ...others, [was]: value as string }
      return Object.keys(changed).length > 0 ? { ...rest, formerKeys: changed } : rest
    },
  }
}

/** A point from which the last contribution went is not mentioned any more. */
function withoutEmpty(contributes: LayerDocument['contributes']): LayerDocument['contributes'] {
  return Object.fromEntries(
    Object.entries(contributes).filter(([, point]) => Object.keys(point ?? {}).length > 0),
  )
}

function overrideLeaf(
  document: LayerDocument,
  { contribution: upstream, point, target, path }: OverridePlace,
  { op, value }: DraftOperation,
) {
  const isOfTarget = (override: Override) =>
    override.point === point.name && override.target === target
  const mine = document.overrides.filter(isOfTarget)
  const { definition } = applyOverrides(upstream, mine, point, '')
  const wanted = op === 'unset' ? leafAt(upstream, path) : (value ?? undefined)
  return {
    now: leafAt(definition, path),
    next: (): LayerDocument => {
      const changed = withLeaf(definition, path, wanted)
      const around = mine.find((override) => isBelow(path, override.path))
      const root = around?.path ?? path
      const replaced = leafChanges(leafAt(upstream, root), leafAt(changed, root), root).map(
        (leaf) => toOverride(point.name, target, leaf.path, leaf.before, leaf.after),
      )
      const others = document.overrides.filter(
        (override) => !isOfTarget(override) || !isBelow(override.path, root),
      )
      return { ...document, overrides: [...others, ...replaced].sort(byPlace) }
    },
  }
}

function isBelow(path: Path, root: Path): boolean {
  return root.every((key, i) => path[i] === key)
}

function toOverride(
  point: string,
  target: string,
  path: Path,
  from: unknown,
  to: unknown,
): Override {
  return {
    point,
    target,
    path: [...path],
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
  }
}

function byPlace(a: Override, b: Override): number {
  return placeKey(a) < placeKey(b) ? -1 : 1
}

function placeKey({ point, target, path }: Override): string {
  return [point, target, ...path].join('\u0000')
}
