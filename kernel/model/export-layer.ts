import { contractVersion, InvalidError, type Manifest, referencePattern } from '@runwaycrm/sdk'
import { checkEnvelope } from '../manifest/check-plugin.ts'
import type { Problem } from '../manifest/problem.ts'
import { placeOf } from '../manifest/problem.ts'
import { toIssue } from './check-document.ts'
import { ownLayer } from './layer.ts'
import type { LayerDocument } from './layer-document.ts'
import { liftParams } from './lift-params.ts'
import type { Model } from './model.ts'
import { pickParts } from './pick-parts.ts'

export interface ExportRequest {
  /** The id of the plugin that the layer becomes, e.g. `acme.estate`. */
  readonly id: string
  readonly version: string
  readonly title: string
  /** Parts to take, with what they need; all of the layer when missing. As in `pickParts`. */
  readonly pick?: readonly string[]
  /** Leaves that each organisation says for itself: name of the parameter to its place, `roles/office/label`. */
  readonly params?: Readonly<Record<string, string>>
}

/**
 * An own layer as the manifest of a declarative plugin: the same document with `t:` renamed, what it
 * uses named under `requires`. Storage ids stay behind; the plugin starts without data.
 *
 * @param base the model beneath the layer.
 * @throws InvalidError listing what belongs to this organisation alone (ids of records, emails, secrets),
 *   or what is wrong with the id and the version.
 */
export function exportLayer(
  document: LayerDocument,
  { id, version, title, pick, params = {} }: ExportRequest,
  base: Model,
): Manifest {
  const part = pick ? pickParts(document, pick) : document
  const { contributes, overrides, lifted } = liftParams(part, params)
  const problems = [
    ...privateParts(contributes, placeOf(ownLayer)),
    ...privateParts(overrides, placeOf(ownLayer, 'overrides')),
  ]
  if (problems.length > 0) throw new InvalidError(undefined, { errors: problems.map(toIssue) })
  const used = usedPlugins([contributes, overrides], base)
  const manifest: Manifest = {
    id,
    version,
    contract: contractVersion,
    title,
    tier: 'declarative',
    requires: Object.fromEntries([...used].sort()),
    ...(Object.keys(lifted).length > 0 && { params: lifted }),
    contributes: renamed(contributes, id) as NonNullable<Manifest['contributes']>,
    overrides: renamed(overrides, id) as NonNullable<Manifest['overrides']>,
  }
  const { problems: misnamed } = checkEnvelope(manifest, id)
  if (misnamed.length > 0) throw new InvalidError(undefined, { errors: misnamed.map(toIssue) })
  return manifest
}

/** The manifest as files: `plugin.json`, and one file per contribution. */
export function toFolder(manifest: Manifest): ReadonlyMap<string, string> {
  const { contributes, ...envelope } = manifest
  const files = new Map([['plugin.json', pretty(envelope)]])
  for (const [point, definitions] of Object.entries(contributes ?? {})) {
    for (const [key, definition] of Object.entries(definitions)) {
      files.set(`contributes/${point}/${key}.json`, pretty(definition))
    }
  }
  return files
}

/** The manifest as one file. */
export const toFile = (manifest: Manifest): string => pretty(manifest)

const reference = new RegExp(referencePattern)
const scopedReference = /^(actions):(.+)$/

/** References are whole texts, as values or as keys; a label that happens to hold `t:` is none. */
function renameText(text: string, id: string): string {
  const scoped = scopedReference.exec(text)
  if (scoped?.[2]?.startsWith(`${ownLayer}:`)) return `${scoped[1]}:${renameText(scoped[2], id)}`
  return text.startsWith(`${ownLayer}:`) && reference.test(text)
    ? `${id}${text.slice(ownLayer.length)}`
    : text
}

/** A document of the own layer with `t:` renamed to another layer's id, in values and in keys. */
export function renameReferences<T>(document: T, id: string): T {
  return renamed(document, id) as T
}

function renamed(value: unknown, id: string): unknown {
  if (typeof value === 'string') return renameText(value, id)
  if (Array.isArray(value)) return value.map((entry) => renamed(entry, id))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [renameText(key, id), renamed(inner, id)]),
  )
}

/** Plugins that the document refers to or contributes to the points of, with a range they fit. */
function usedPlugins(value: readonly unknown[], base: Model): Map<string, string> {
  const versions = new Map(base.stack.map((layer) => [layer.id, layer.manifest.version]))
  const used = new Map<string, string>()
  const note = (plugin: string | undefined) => {
    const version = plugin === 'kernel' ? undefined : versions.get(plugin ?? '')
    if (plugin !== undefined && version !== undefined) used.set(plugin, `^${version}`)
  }
  for (const { text } of textsIn(value, '')) {
    const ref = scopedReference.exec(text)?.[2] ?? text
    if (reference.test(ref)) note(ref.slice(0, ref.indexOf(':')))
  }
  for (const point of Object.keys(value[0] as object)) note(base.points.get(point)?.plugin)
  return used
}

type Form = readonly [{ test(text: string): boolean }, string]

/** Texts may be as long as the layer: each form takes time in proportion to the length. */
const privateForms: readonly Form[] = [
  [/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/i, 'the id of a record'],
  [/[^\s@<>"]@[^\s@<>"]{1,255}\.[a-z]{2,}/i, 'an email address'],
  [
    /\b(sk|pk|rk|whsec)_[A-Za-z0-9_]{12,}|\bxox[abposr]-|\bAKIA[0-9A-Z]{16}|\bSG\.[\w-]{16,}|\bAIza[\w-]{30,}|\bgh[pousr]_\w{20,}|-----BEGIN [A-Z ]*PRIVATE KEY/,
    'a secret',
  ],
  [{ test: hasRandomText }, 'a secret'],
]

/** 32 letters in one, of those that keys are written in, with a digit and a capital. */
function hasRandomText(text: string): boolean {
  const runs = text.match(/[A-Za-z0-9+/_-]{32,}/g) ?? []
  return runs.some((run) => /\d/.test(run) && /[A-Z]/.test(run))
}

function privateParts(value: unknown, at: string): Problem[] {
  return textsIn(value, at).flatMap(({ text, place }) => {
    const form = privateForms.find(([pattern]) => pattern.test(text))
    if (!form) return []
    return [
      {
        at: place,
        code: 'BAD_FORMAT' as const,
        message: `This looks like ${form[1]}, which other organisations must not get.`,
        hint: 'Take it out, or make it a parameter: name this place under "params".',
      },
    ]
  })
}

function textsIn(value: unknown, place: string): { text: string; place: string }[] {
  if (typeof value === 'string') return [{ text: value, place }]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => {
    const below = placeOf(place, key)
    return [
      ...(Array.isArray(value) ? [] : [{ text: key, place: below }]),
      ...textsIn(inner, below),
    ]
  })
}

function pretty(value: unknown): string {
  return `${JSON.stringify(sorted(value), null, 2)}\n`
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  )
}
