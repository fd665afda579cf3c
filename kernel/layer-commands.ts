import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { type Actor, DraftConflictError, type Manifest } from '@runwaycrm/sdk'
import { readLayer, readPackage, writeLayer } from './layer-folder.ts'
import type { Opened } from './main.ts'
import { checkContributions } from './manifest/check-plugin.ts'
import { refuseProblems } from './model/check-document.ts'
import { toFile } from './model/export-layer.ts'
import { emptyDocument, manifestOf } from './model/layer-document.ts'
import { operationsBetween } from './model/layer-operations.ts'
import type { Model } from './model/model.ts'
import type { PlanItem } from './model/plan-item.ts'
import { toReviewItem } from './model/resolve-review.ts'

/** Whoever runs the installation: no roles hold them back. */
const operator: Actor = Object.freeze({ type: 'system', id: null, name: 'Command line' })

type Rooms = Pick<Opened, 'house'>

/** Where a command says something: the answer for scripts, and words for people beside it. */
export interface Voice {
  out(line: string): void
  say(line: string): void
}

/** Folds a declarative plugin's folder into one file that `plugin install` takes. */
export async function packPlugin(
  { out }: Voice,
  model: Model,
  folder: string,
  file: string | undefined,
): Promise<void> {
  const manifest = await readPackage(folder)
  if (manifest.tier !== 'declarative') {
    throw new Error(
      `${manifest.id} has code: it is part of an installation, and goes into plugins/. Only declarative plugins are packed.`,
    )
  }
  // What waits for values is checked with them, when it is installed.
  if (!manifest.params) refuseProblems(checkContributions(manifest, model.points))
  const target = file ?? `${manifest.id}-${manifest.version}.json`
  await writeFile(target, toFile(manifest))
  out(JSON.stringify({ id: manifest.id, version: manifest.version, file: path.resolve(target) }))
}

export interface InstallOptions {
  readonly dryRun: boolean
  readonly params: Readonly<Record<string, unknown>>
}

/** Installs a packed plugin, or another version of it, into one organisation. */
export async function installPlugin(
  { out, say }: Voice,
  { house }: Rooms,
  orgId: string,
  place: string,
  { dryRun, params }: InstallOptions,
): Promise<void> {
  const manifest = await readPackage(place)
  const change = await house.packages.install(orgId, manifest, operator, { dryRun, params })
  const { id, version, from, before, after } = change
  const items = await house.planBetween(orgId, before, after)
  const review = change.review.map(toReviewItem)
  sayPlan(say, items)
  for (const { point, target, path: leaf, fate } of review) {
    say(
      `review       ${point}/${target}/${leaf.join('/')} ${fate === 'parked' ? 'is gone' : 'changed on both sides'}`,
    )
  }
  out(JSON.stringify({ id, version, from, ...(dryRun ? { dryRun } : {}), items, review }))
}

/** Writes what the organisation published as files for a repository. */
export async function pullLayer(
  { out }: Voice,
  { house }: Rooms,
  { orgId, slug }: { readonly orgId: string; readonly slug: string },
  folder: string,
): Promise<void> {
  const { revision } = await house.revisions.draft(orgId)
  const document = await house.revisions.document(orgId)
  const files = await writeLayer(folder, manifestOf(document), { org: slug, revision })
  out(JSON.stringify({ org: slug, revision, files, folder: path.resolve(folder) }))
}

export interface PushOptions {
  readonly dryRun: boolean
  readonly publish: boolean
  readonly message: string
}

/**
 * Brings the organisation's draft to what the folder says: what changed in the folder since it was pulled
 * becomes edits, so that what others changed meanwhile stays.
 *
 * @returns 0, or 1 when somebody changed the same.
 */
export async function pushLayer(
  { out, say }: Voice,
  { house }: Rooms,
  { orgId, slug }: { readonly orgId: string; readonly slug: string },
  folder: string,
  { dryRun, publish, message }: PushOptions,
): Promise<number> {
  const { revisions } = house
  const { manifest, source } = await readLayer(folder)
  const isPulledHere = source?.org === slug
  const base = await revisions.document(
    orgId,
    isPulledHere && source.revision > 0 ? source.revision : undefined,
  )
  const known = isPulledHere && source.revision === 0 ? emptyDocument : base
  const operations = operationsBetween(known, wantedOf(manifest))
  try {
    if (!dryRun && operations.length > 0) await revisions.edit(orgId, operations, operator)
    const plan = await revisions.plan(orgId, dryRun ? operations : [])
    sayPlan(say, plan.items)
    const published = publish && !dryRun && plan.items.length > 0
    const made = published
      ? await revisions.publish(orgId, { hash: plan.hash, message }, operator)
      : null
    if (made)
      await writeLayer(folder, manifestOf(await revisions.document(orgId)), {
        org: slug,
        revision: made.revision,
      })
    out(JSON.stringify({ org: slug, edits: operations.length, ...plan, ...made }))
    return 0
  } catch (error) {
    if (!(error instanceof DraftConflictError)) throw error
    const { conflicts } = error.extra as { conflicts: readonly Conflict[] }
    say(
      'Somebody else changed the same. Nothing was pushed. Pull, take over what you need, and push again.',
    )
    for (const { target, path: leaf, now, index } of conflicts) {
      const value = operations[index]?.value ?? null
      say(
        `conflict     ${[...(target ? [target] : []), ...leaf].join('/')}: there ${shown(now)}, here ${shown(value)}`,
      )
    }
    return 1
  }
}

interface Conflict {
  readonly index: number
  readonly target?: string
  readonly path: readonly string[]
  readonly now: unknown
}

function wantedOf({ contributes = {}, overrides = [], formerKeys }: Manifest) {
  return { contributes, overrides, ...(formerKeys ? { formerKeys } : {}) }
}

function sayPlan(say: Voice['say'], items: readonly PlanItem[]): void {
  if (items.length === 0) say('Nothing changes.')
  for (const { severity, text } of items) say(`${severity.padEnd(12)} ${text}`)
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 80 ? `${text.slice(0, 77)}...` : text
}
