import type { Manifest, Override } from '@runwaycrm/sdk'
import fc from 'fast-check'
import { composeModel } from '../../kernel/model/compose-model.ts'
import { createLayer } from '../../kernel/model/layer.ts'
import { emptyDocument, type LayerDocument } from '../../kernel/model/layer-document.ts'
import {
  isJsonObject,
  type JsonObject,
  leafAt,
  sameValue,
  withLeaf,
} from '../../kernel/model/leaf.ts'
import type { Model } from '../../kernel/model/model.ts'
import { isStricter, overrideRule } from '../../kernel/model/override-rules.ts'
import { accountsLayer, fieldsLayer, kernelLayer, manifest } from '../setup/test-layers.ts'

/** Random plugins and random own layers on them, for property tests of the model. */
export interface Workspace {
  readonly upstream: Manifest
  readonly document: LayerDocument
}

const fieldKeys = ['name', 'stage', 'score', 'note', 'email', 'budget', 'rank'] as const
const label = fc.constantFrom('Deal', 'Status', 'Phase', 'Amount', 'Note t:x', 'Größe')
const order = fc.integer({ min: 1, max: 9 })
const option = fc.record({ label, order, hidden: fc.boolean() }, { requiredKeys: [] })

const field = fc.oneof(
  fc.record(
    { type: fc.constant('text'), label, order, required: fc.boolean(), maxLength: order },
    { requiredKeys: ['type'] },
  ),
  fc.record(
    { type: fc.constant('integer'), label, min: fc.integer({ min: 0, max: 3 }), max: order, order },
    { requiredKeys: ['type'] },
  ),
  fc.record(
    {
      type: fc.constant('select'),
      label,
      order,
      options: fc.dictionary(fc.constantFrom('open', 'won', 'lost'), option, { minKeys: 1 }),
    },
    { requiredKeys: ['type', 'options'] },
  ),
  fc.record(
    {
      type: fc.constant('relation'),
      to: fc.constantFrom('crm.accounts:account', 'kernel:user'),
      label,
    },
    { requiredKeys: ['type', 'to'] },
  ),
) as fc.Arbitrary<JsonObject>

const fields = fc.dictionary(fc.constantFrom(...fieldKeys), field, { minKeys: 1, maxKeys: 6 })

function entity(plural: string): fc.Arbitrary<JsonObject> {
  return fc.tuple(label, label, fields, fc.boolean()).map(([one, many, fields, hidden]) => ({
    label: one,
    labelPlural: many,
    plural,
    titleField: Object.keys(fields)[0],
    fields,
    hidden,
  }))
}

const rules = (entities: readonly string[]) =>
  fc.dictionary(
    fc.constantFrom('a', 'b', 'c'),
    fc.record({
      operations: fc.subarray(['create', 'read', 'update'], { minLength: 1 }),
      entity: fc.constantFrom('*', ...entities),
    }),
  )

const role = (entities: readonly string[], actions: readonly string[]) =>
  fc.record({
    label,
    rules: rules(entities),
    permissions: fc.subarray(['import', 'actions:*', 'studio:read', ...actions]),
  })

/** A plugin with two entities, a role and a page. */
export const upstreamManifest: fc.Arbitrary<Manifest> = fc
  .tuple(entity('deals'), entity('cases'), role(['crm.work:deal'], []))
  .map(([deal, dossier, seller]) =>
    manifest('crm.work', {
      requires: { 'crm.accounts': '^1.0.0', 'platform.fields': '^1.0.0' },
      contributes: {
        entities: { deal, case: dossier },
        roles: { seller },
        pages: { deals: { label: 'Deals', path: '/deals', entity: 'crm.work:deal', order: 10 } },
      },
    }),
  )

const own = fc.record({
  home: fc.option(entity('homes')),
  visit: fc.option(entity('visits')),
  added: fc.dictionary(
    fc.constantFrom('budget2', 'size', 'garden'),
    fc.record({
      entity: fc.constantFrom('crm.work:deal', 'kernel:user', 'crm.accounts:account'),
      field,
    }),
  ),
  guest: fc.option(role(['crm.work:case', 'kernel:team'], ['actions:t:go'])),
  picks: fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 20 }),
})

const ground = composeModel([kernelLayer, fieldsLayer, accountsLayer])

export const baseOf = (upstream: Manifest): Model =>
  composeModel([createLayer(upstream, 'plugin')], ground)

export const workspace: fc.Arbitrary<Workspace> = fc
  .tuple(upstreamManifest, own)
  .map(([upstream, { home, visit, added, guest, picks }]) => {
    const base = baseOf(upstream)
    const entities = { ...(home && { home }), ...(visit && { visit: withRelation(visit, home) }) }
    const contributes = {
      ...(Object.keys(entities).length > 0 && { entities }),
      ...(Object.keys(added).length > 0 && { fields: added }),
      ...(guest && { roles: { guest } }),
    }
    const document = { ...emptyDocument, contributes, overrides: pickOverrides(base, picks) }
    return { upstream, document: plain(document) }
  })

/** A reference of the own layer to itself, which an export has to rename. */
function withRelation(visit: JsonObject, home: JsonObject | null): JsonObject {
  return home ? withLeaf(visit, ['fields', 'home'], { type: 'relation', to: 't:home' }) : visit
}

/** Allowed changes of leaves that are there, each leaf at most once. */
function pickOverrides(base: Model, picks: readonly (readonly [number, number])[]): Override[] {
  const leaves = overridable(base)
  const overrides = new Map<string, Override>()
  for (const [which, value] of picks) {
    const leaf = leaves[which % leaves.length]
    if (!leaf) continue
    const to = otherValue(leaf.value, value)
    const { point, target, path } = leaf
    const key = [point, target, ...path].join('/')
    if (sameValue(leaf.value, to)) continue
    const rule = overrideRule(base.points.get(point)?.schema ?? {}, path)
    if (rule.kind === 'narrow' && !isStricter(rule.sense, leaf.value, to)) continue
    overrides.set(key, {
      point,
      target,
      path: [...path],
      ...(leaf.value !== undefined && { from: leaf.value }),
      to,
    })
  }
  return [...overrides.values()]
}

interface Leaf {
  readonly point: string
  readonly target: string
  readonly path: readonly string[]
  readonly value: unknown
}

/** Leaves whose values must name something that exists. */
const references = new Set(['entity', 'titleField'])

export function overridable(base: Model): Leaf[] {
  const leaves: Leaf[] = []
  for (const point of ['entities', 'roles', 'pages']) {
    for (const { ref, definition } of base.contributions.get(point)?.values() ?? []) {
      const walk = (value: unknown, path: readonly string[]) => {
        if (isJsonObject(value)) {
          for (const key of Object.keys(value)) walk(value[key], [...path, key])
        } else if (
          !references.has(path.at(-1) ?? '') &&
          overrideRule(base.points.get(point)?.schema ?? {}, path).kind !== 'locked'
        ) {
          leaves.push({ point, target: ref, path, value })
        }
      }
      walk(definition, [])
    }
  }
  return leaves
}

function otherValue(value: unknown, n: number): unknown {
  if (typeof value === 'boolean') return !value
  if (typeof value === 'number') return value + (n % 3) - 1
  if (Array.isArray(value)) return value.slice(0, n % (value.length + 1))
  return `${value} ${n % 5}`
}

/** A random later version of a plugin: leaves changed, fields and options gone, fields added. */
export function upgraded(
  upstream: Manifest,
  steps: readonly (readonly [number, number])[],
): Manifest {
  let contributes = upstream.contributes as JsonObject
  for (const [which, value] of steps) {
    const leaves = pathsIn(contributes)
    const path = leaves[which % leaves.length]
    if (!path) continue
    const cut =
      value % 4 === 0 ? path.findIndex((key) => key === 'fields' || key === 'options') : -1
    if (cut >= 0) contributes = withLeaf(contributes, path.slice(0, cut + 2), undefined)
    else if (path.at(-1) === 'label' || path.at(-1) === 'order' || path.at(-1) === 'hidden') {
      contributes = withLeaf(contributes, path, otherValue(leafAt(contributes, path), value))
    }
  }
  const next = { ...upstream, version: '1.1.0', contributes: plain(contributes) }
  return next as Manifest
}

function pathsIn(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  return isJsonObject(value)
    ? Object.keys(value).flatMap((key) => pathsIn(value[key], [...path, key]))
    : [path]
}

/** Everything that a model says, as text; layers, hashes, storage ids and field types aside. */
export function imageOf(model: Model, rename: (text: string) => string = (text) => text): string {
  const sortedMap = (map: ReadonlyMap<string, unknown>) =>
    [...map]
      .map(([key, value]) => [rename(key), value] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1))
  const text = JSON.stringify(
    [
      [...model.entities.values()].map((entity) => rename(entity.ref)).sort(),
      sortedMap(model.entities),
      [...model.entityByPlural.keys()].map(rename).sort(),
      sortedMap(model.contributions).filter(([point]) => point !== 'fieldTypes'),
      model.problems.map(({ at }) => rename(at)).sort(),
    ],
    (key, value: unknown) => {
      if (key === 'typeDefinition') return undefined
      if (key === 'byApiName') return [...(value as Map<string, unknown>).keys()]
      if (key === 'storage' && isJsonObject(value) && value['in'] === 'custom') return 'custom'
      if (value instanceof Map) return sortedMap(value)
      if (!isJsonObject(value)) return value
      return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    },
  )
  return rename(text)
}

/** As it comes back from the database: own objects, without undefined. */
export function plain<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T
}

export function shuffledKeys(value: unknown, seed: number): unknown {
  if (Array.isArray(value)) return value.map((entry) => shuffledKeys(entry, seed))
  if (!isJsonObject(value)) return value
  const entries = Object.entries(value).map(
    ([key, inner]) => [key, shuffledKeys(inner, seed)] as const,
  )
  return Object.fromEntries(
    seed % 2 ? entries.toReversed() : [...entries.slice(1), ...entries.slice(0, 1)],
  )
}
