import type { Point } from '../manifest/point.ts'
import {
  type DraftState,
  definitionIn,
  definitionsOf,
  fieldKeyOf,
  fieldsOnto,
  overridesOf,
  stateOf,
} from '../model/definitions.ts'
import type { Desk } from '../model/desk.ts'
import { labelOfContribution } from '../model/labels.ts'
import type { LayerOrigin } from '../model/layer.ts'
import { isJsonObject, type JsonObject, leafAt, type Path } from '../model/leaf.ts'
import type { Model } from '../model/model.ts'
import type { NamedUse } from '../model/plan-uses.ts'
import { type Use, usesIn } from '../model/uses.ts'
import type { Words } from '../model/words.ts'
import { type ListedContribution, listed, originOf } from './list-contributions.ts'
import { problemsOf, type ToldProblem } from './problems.ts'

export interface TellingUse {
  readonly point: string
  readonly ref: string
  readonly label: string
  /** In whoever names the other. */
  readonly path: Path
  /** The key of the field that is named. */
  readonly field?: string
}

/** Where a field of an entity stands that another contribution brings. */
export interface FieldOrigin {
  readonly point: 'fields'
  readonly ref: string
  readonly plugin: string
  readonly layer: LayerOrigin
  readonly state: DraftState
  /** Below that contribution. */
  readonly path: Path
}

export interface DescribedContribution extends Omit<ListedContribution, 'problems'> {
  readonly pluginTitle: string
  readonly version: string
  /** In the draft; as published when the draft removes it. */
  readonly definition: JsonObject
  /** Without the own layer; null when only that has it. */
  readonly upstream: JsonObject | null
  readonly published: JsonObject | null
  readonly overrides: readonly {
    readonly path: Path
    readonly from?: unknown
    readonly to?: unknown
  }[]
  readonly problems: readonly ToldProblem[]
  readonly usedBy: readonly TellingUse[]
  readonly uses: readonly TellingUse[]
  /** Of an entity: fields in `definition` that the point `fields` adds, by their keys. */
  readonly fieldOrigins?: Readonly<Record<string, FieldOrigin>>
}

/**
 * All about one contribution; null when neither the draft nor what is published has it.
 *
 * @param elsewhere what names parts of the model without being in it.
 */
export function describeContribution(
  desk: Desk,
  words: Words,
  point: Point,
  ref: string,
  elsewhere: readonly NamedUse[],
): DescribedContribution | null {
  const definitions = definitionsOf(desk, point, ref)
  const entry = listed(desk, words, point, ref)
  if (!definitions || !entry) return null
  const { before, after, base, document } = desk
  const layer = after.stack.find(({ id }) => id === entry.plugin)
  const isEntity = point.name === 'entities'
  const whole = (definition: JsonObject | null, model: Model) =>
    definition && isEntity ? withAddedFields(definition, model, ref) : definition
  const draft = whole(definitions.draft, after)
  const published = whole(definitions.published, before)
  const origins = isEntity && definitions.draft ? originsOf(desk, ref) : null
  return {
    ...entry,
    pluginTitle: layer?.manifest.title ?? entry.plugin,
    version: layer?.manifest.version ?? '',
    definition: (draft ?? published)!,
    upstream: whole(definitions.upstream, base),
    published,
    overrides: overridesOf(document, point.name, ref).map(({ path, from, to }) => ({
      path,
      ...(from !== undefined && { from }),
      ...(to !== undefined && { to }),
    })),
    problems: problemsWith(desk, point, ref, origins),
    usedBy: usedBy(desk, words, point.name, ref, elsewhere),
    uses: usesOf(desk, words, point.name, ref),
    ...(origins && { fieldOrigins: origins }),
  }
}

function withAddedFields(definition: JsonObject, model: Model, ref: string): JsonObject {
  const added = fieldsOnto(model, ref).map(
    (one) => [fieldKeyOf(one), one.definition.field] as const,
  )
  if (added.length === 0) return definition
  const fields = leafAt(definition, ['fields'])
  return {
    ...definition,
    fields: { ...Object.fromEntries(added), ...(isJsonObject(fields) ? fields : {}) },
  }
}

function originsOf(desk: Desk, entity: string): Record<string, FieldOrigin> {
  const point = desk.after.points.get('fields')!
  return Object.fromEntries(
    fieldsOnto(desk.after, entity).map((one) => {
      const definitions = definitionsOf(desk, point, one.ref)
      const origin: FieldOrigin = {
        point: 'fields',
        ref: one.ref,
        plugin: one.plugin,
        layer: originOf(desk, one.plugin),
        state: definitions ? stateOf(definitions) : 'same',
        path: ['field'],
      }
      return [fieldKeyOf(one), origin]
    }),
  )
}

/** With those of fields that were added to an entity, where these stand in its definition. */
function problemsWith(
  { after }: Desk,
  point: Point,
  ref: string,
  origins: Readonly<Record<string, FieldOrigin>> | null,
): ToldProblem[] {
  const ofFields = Object.entries(origins ?? {}).flatMap(([key, origin]) =>
    problemsOf(after, origin.point, origin.ref).map((problem) => ({
      ...problem,
      path: ['fields', key, ...problem.path.slice(problem.path[0] === 'field' ? 1 : 0)],
    })),
  )
  return [...problemsOf(after, point.name, ref), ...ofFields]
}

/** What names it: in the draft, and outside of the model. */
export function usedBy(
  desk: Desk,
  words: Words,
  point: string,
  ref: string,
  elsewhere: readonly NamedUse[],
): TellingUse[] {
  const on = fieldOn(desk.after, point, ref)
  const isMeant = ({ of }: Use) =>
    on ? of.ref === on.entity && of.field === on.field : of.point === point && of.ref === ref
  return distinct([
    ...usesIn(desk.after)
      .filter(isMeant)
      .map((use) => told(desk, words, use, use.path, use.of.field)),
    ...elsewhere.filter(isMeant).map(({ point, ref, label, path, of }) => ({
      ...{ point, ref, label, path },
      ...(of.field !== undefined && { field: of.field }),
    })),
  ])
}

function usesOf(desk: Desk, words: Words, point: string, ref: string): TellingUse[] {
  return distinct(
    usesIn(desk.after)
      .filter((use) => use.point === point && use.ref === ref)
      .map((use) => told(desk, words, use.of, use.path, use.of.field)),
  )
}

/** The field that a contribution to `fields` is. */
function fieldOn(model: Model, point: string, ref: string) {
  if (point !== 'fields') return null
  const one = model.contributions.get('fields')?.get(ref) as Parameters<typeof fieldKeyOf>[0]
  return one ? { entity: one.definition.entity, field: fieldKeyOf(one) } : null
}

function told(
  desk: Desk,
  words: Words,
  { point, ref }: Pick<Use, 'point' | 'ref'>,
  path: Path,
  field: string | undefined,
): TellingUse {
  return {
    point,
    ref,
    label: labelIn(desk, words, point, ref),
    path,
    ...(field !== undefined && { field }),
  }
}

/** @returns the key when there is nothing of this reference. */
export function labelIn(
  { after, base, document }: Desk,
  words: Words,
  point: string,
  ref: string,
): string {
  const known = after.points.get(point)
  const upstream = base.contributions.get(point)?.get(ref)?.definition as JsonObject | undefined
  const definition = known ? definitionIn(document, upstream ?? null, known, ref) : null
  return labelOfContribution(words, point, { ref, definition })
}

function distinct(uses: readonly TellingUse[]): TellingUse[] {
  return [
    ...new Map(
      uses.map((use) => [[use.point, use.ref, use.field, ...use.path].join('\0'), use]),
    ).values(),
  ]
}
