import { labelOfContribution } from '../model/labels.ts'
import { ownLayer } from '../model/layer.ts'
import type { LayerDocument } from '../model/layer-document.ts'
import { isJsonObject, type JsonObject, leafAt, type Path } from '../model/leaf.ts'
import type { Model } from '../model/model.ts'
import { type PartAlong, partsAlong, pickParts } from '../model/pick-parts.ts'
import type { Words } from '../model/words.ts'

/** Something that the organisation built, or changed of others. */
export interface ListedPart {
  /** As an export takes it: `entities/property`, `overrides/entities/crm.leads:lead`. */
  readonly pick: string
  readonly point: string
  readonly label: string
  readonly isOverride: boolean
}

/** A value that each organisation that installs the parts could say for itself. */
export interface LiftableValue {
  /** As the parameters of an export name it. */
  readonly place: string
  readonly value: unknown
}

export interface Parts {
  readonly data: readonly ListedPart[]
  readonly along: readonly PartAlong[]
  readonly values: readonly LiftableValue[]
}

/** Nobody goes through longer lists of values. */
const mostValues = 2_000

/**
 * All parts of what is published, what comes along with some of them and why, and the values in these.
 *
 * @throws InvalidError for picks that are not there.
 */
export function listParts(
  document: LayerDocument,
  model: Model,
  words: Words,
  picks: readonly string[],
): Parts {
  const labelOf = (point: string, ref: string) => {
    const definition = (model.contributions.get(point)?.get(ref)?.definition ??
      leafAt(document.contributes, [point, ref.slice(ownLayer.length + 1)]) ??
      null) as JsonObject | null
    return labelOfContribution(words, point, { ref, definition })
  }
  const own = Object.entries(document.contributes).flatMap(([point, definitions]) =>
    Object.keys(definitions).map((key) => ({
      pick: `${point}/${key}`,
      point,
      label: labelOf(point, `${ownLayer}:${key}`),
      isOverride: false,
    })),
  )
  const changed = new Map(
    document.overrides.map(({ point, target }) => [
      `overrides/${point}/${target}`,
      {
        pick: `overrides/${point}/${target}`,
        point,
        label: labelOf(point, target),
        isOverride: true,
      },
    ]),
  )
  const taken = picks.length > 0 ? pickParts(document, picks) : null
  return {
    data: [...own, ...changed.values()],
    along: picks.length > 0 ? partsAlong(document, picks) : [],
    values: taken ? valuesIn(taken).slice(0, mostValues) : [],
  }
}

function valuesIn({ contributes, overrides }: LayerDocument): LiftableValue[] {
  const changed = overrides.map(({ point, target, path, to }) => ({
    place: ['overrides', point, target, ...path].join('/'),
    value: to,
  }))
  return [
    ...leavesIn(contributes, []).filter(({ path }) => path.length >= 3),
    ...changed.filter(({ value }) => value !== undefined && value !== null),
  ].map((one) => ('path' in one ? { place: one.path.join('/'), value: one.value } : one))
}

function leavesIn(value: unknown, path: Path): { path: Path; value: unknown }[] {
  if (value === undefined || value === null) return []
  if (!isJsonObject(value)) return [{ path, value }]
  return Object.entries(value).flatMap(([key, inner]) => leavesIn(inner, [...path, key]))
}
