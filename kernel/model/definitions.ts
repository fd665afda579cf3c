import type { FieldOnDefinition, Override } from '@runwaycrm/sdk'
import type { Point } from '../manifest/point.ts'
import { placeOf } from '../manifest/problem.ts'
import { applyOverrides } from './apply-overrides.ts'
import type { Desk } from './desk.ts'
import { ownLayer } from './layer.ts'
import type { LayerDocument } from './layer-document.ts'
import { isJsonObject, type JsonObject, sameValue } from './leaf.ts'
import type { Contribution, Model } from './model.ts'

/** The draft against what is published. */
export type DraftState = 'same' | 'changed' | 'new' | 'removed'

/** One contribution in the texts of its author, which is what operations on the draft compare with. */
export interface Definitions {
  /** In the draft; null when it is gone. */
  readonly draft: JsonObject | null
  readonly published: JsonObject | null
  /** Without the own layer; null when only that has it. */
  readonly upstream: JsonObject | null
}

const prefix = `${ownLayer}:`

/** The contribution of a reference in all its states; null when neither draft nor published has it. */
export function definitionsOf(
  { base, document, published }: Desk,
  point: Point,
  ref: string,
): Definitions | null {
  const upstream = (base.contributions.get(point.name)?.get(ref)?.definition ??
    null) as JsonObject | null
  const draft = definitionIn(document, upstream, point, ref)
  const before =
    document === published.document ? draft : definitionIn(published.document, upstream, point, ref)
  return draft || before ? { draft, published: before, upstream } : null
}

/** @param upstream the definition beneath the own layer. */
export function definitionIn(
  document: LayerDocument,
  upstream: JsonObject | null,
  point: Point,
  ref: string,
): JsonObject | null {
  if (ref.startsWith(prefix)) {
    const definitions = document.contributes[point.name] ?? {}
    const key = ref.slice(prefix.length)
    const own = Object.hasOwn(definitions, key) ? definitions[key] : null
    return isJsonObject(own) ? own : null
  }
  if (!upstream) return null
  const overrides = overridesOf(document, point.name, ref)
  return overrides.length > 0 ? applyOverrides(upstream, overrides, point, '').definition : upstream
}

const groups = new WeakMap<LayerDocument, Map<string, Override[]>>()

export function overridesOf(document: LayerDocument, point: string, ref: string): Override[] {
  const known =
    groups.get(document) ?? Map.groupBy(document.overrides, (one) => placeOf(one.point, one.target))
  groups.set(document, known)
  return known.get(placeOf(point, ref)) ?? []
}

export function stateOf({ draft, published }: Definitions): DraftState {
  if (!published) return 'new'
  if (!draft) return 'removed'
  return draft === published || sameValue(draft, published) ? 'same' : 'changed'
}

/** References of all contributions to a point: those of the draft, then those that it removes. */
export function refsOf({ base, document, published }: Desk, point: string): string[] {
  const own = (of: LayerDocument) =>
    Object.keys(of.contributes[point] ?? {}).map((key) => prefix + key)
  return [
    ...new Set([
      ...(base.contributions.get(point)?.keys() ?? []),
      ...own(document),
      ...own(published.document),
    ]),
  ]
}

/** The fields that contributions of the point `fields` add to an entity. */
export function fieldsOnto(model: Model, entity: string): Contribution<FieldOnDefinition>[] {
  const all = (model.contributions.get('fields') ?? new Map()) as ReadonlyMap<
    string,
    Contribution<FieldOnDefinition>
  >
  return [...all.values()].filter(({ definition }) => definition.entity === entity)
}

/** The key that a field has in its entity. */
export function fieldKeyOf({ key, definition }: Contribution<FieldOnDefinition>): string {
  return definition.key ?? key
}
