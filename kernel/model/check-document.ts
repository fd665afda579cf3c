import { InvalidError, type Issue, type Manifest } from '@runwaycrm/sdk'
import { checkEnvelope } from '../manifest/check-plugin.ts'
import { manifestLimits } from '../manifest/json-limits.ts'
import type { Problem } from '../manifest/problem.ts'
import { canonicalJson } from './canonical-json.ts'
import { composeModel } from './compose-model.ts'
import { checkFormerKeys } from './former-keys.ts'
import { ownLayer } from './layer.ts'
import { isEmpty, type LayerDocument, layerOf, manifestOf } from './layer-document.ts'
import { leafAt, sameValue } from './leaf.ts'
import type { Model } from './model.ts'

/**
 * Everything that is wrong with a changed own layer and was not wrong before: its envelope, each
 * definition, its references, its overrides, and what is fixed once it is published.
 *
 * @param base the model beneath the layer.
 * @param previous the layer before the change; what was already wrong with it does not stand in the way.
 */
export function checkDocument(
  document: LayerDocument,
  previous: LayerDocument,
  published: LayerDocument,
  base: Model,
): Problem[] {
  const { problems } = checkEnvelope(manifestOf(document), ownLayer)
  if (problems.length > 0) return [...problems]
  const size = Buffer.byteLength(canonicalJson(document))
  if (size > manifestLimits.bytes) return [tooLarge(size)]
  const before = new Set(problemsOf(previous, base).map(textOf))
  return [
    ...problemsOf(document, base).filter(
      (problem) => !before.has(textOf(problem)) && !isLeftBehind(problem, document, previous),
    ),
    ...checkPlurals(document, published),
    ...checkFormerKeys(document, previous, published),
  ]
}

/**
 * A computed field, or a rule, that nobody touched and that builds on something which is taken away: it stays,
 * blank, and the plan says so.
 */
function isLeftBehind(
  { at, code, stays }: Problem,
  document: LayerDocument,
  previous: LayerDocument,
): boolean {
  const path = at.split('/')
  if (stays) {
    const of = (layer: LayerDocument) =>
      path[1] === 'overrides' ? layer.overrides : leafAt(layer.contributes, path.slice(1, 3))
    return path[0] !== ownLayer || sameValue(of(document), of(previous))
  }
  const end = path.findIndex((step, index) => index > 2 && computations.has(step))
  if (code === 'AMBIGUOUS' || end < 0) return false
  if (path[0] !== ownLayer) return true
  const place = path[1] === 'fields' ? [...path.slice(1, end), 'field'] : path.slice(1, end)
  const is = leafAt(document.contributes, place)
  return is !== undefined && sameValue(is, leafAt(previous.contributes, place))
}
const computations: ReadonlySet<string> = new Set(['formula', 'lookup', 'rollup'])

/** @throws InvalidError with all problems, paths below the layer. */
export function refuseProblems(problems: readonly Problem[]): void {
  if (problems.length === 0) return
  throw new InvalidError(undefined, { errors: problems.map(toIssue) })
}

/** A document as a manifest of this id. @throws InvalidError with everything that is wrong with its envelope. */
export function manifestFrom(document: unknown, id: string): Manifest {
  const { manifest, problems } = checkEnvelope(document, id)
  if (manifest) return manifest
  throw new InvalidError(undefined, { errors: problems.map(toIssue) })
}

export function toIssue({ at, code, message, hint }: Problem): Issue {
  const path = at.startsWith(`${ownLayer}/`) ? at.slice(ownLayer.length + 1) : at
  return { path, code, message: `${message} ${hint}`.trim() }
}

function problemsOf(document: LayerDocument, base: Model): readonly Problem[] {
  return isEmpty(document) ? base.problems : composeModel([layerOf(document)], base).problems
}

function textOf({ at, message }: Problem): string {
  return `${at}\n${message}`
}

/** Addresses are links in mails and scripts of others: they stay. */
function checkPlurals(document: LayerDocument, published: LayerDocument): Problem[] {
  return Object.keys(published.contributes['entities'] ?? {}).flatMap((key) => {
    const path = ['entities', key, 'plural']
    const was = leafAt(published.contributes, path)
    const is = leafAt(document.contributes, path)
    if (is === undefined || was === is) return []
    const at = `${ownLayer}/${path.join('/')}`
    const message = 'The plural is fixed once it is published.'
    return [{ at, code: 'READ_ONLY' as const, message, hint: `It is "${was}". Change the label.` }]
  })
}

function tooLarge(size: number): Problem {
  return {
    at: ownLayer,
    code: 'TOO_LONG',
    message: `The layer has ${size} bytes; it may have ${manifestLimits.bytes}.`,
    hint: 'Move a part of it into a package.',
  }
}
