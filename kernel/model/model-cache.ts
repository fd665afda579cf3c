import { type Brand, type FieldValues, NotFoundError, type OrgInfo } from '@runwaycrm/sdk'
import type { Database } from '../database/postgres.ts'
import { toDocument } from './layer-document.ts'
import type { Model } from './model.ts'
import type { OrgModels } from './org-models.ts'
import {
  type OrgRow,
  type OrgStateRow,
  type OrgWithDraftRow,
  selectEpoch,
  selectOrgRow,
  selectOrgWithDraft,
  toOrgRow,
} from './org-row.ts'
import { settingValues } from './settings.ts'

/** An organisation at one epoch: who it is, its model and its settings. */
export interface OrgState {
  readonly org: OrgInfo
  readonly brand: Brand
  readonly hasOwnBrand: boolean
  readonly model: Model
  readonly revision: number
  readonly epoch: number
  readonly settings: ReadonlyMap<string, FieldValues>
}

export interface OrgStates {
  /**
   * The state of an organisation, from the cache when that is new enough.
   *
   * @param epoch the least epoch that will do, as the caller just read it. Without one, a state that was
   *   looked at within the last second will do.
   * @throws NotFoundError when there is no such organisation.
   */
  get(orgId: string, epoch?: number): Promise<OrgState>
  /** The model that publishing the draft would give; the published one when there is no draft. */
  draft(orgId: string): Promise<Model>
  /** Drops what is cached, e.g. when the bus says that something was published. */
  forget(orgId: string): void
  readonly stats: { readonly orgs: number; readonly bytes: number }
}

interface Cached {
  readonly state: OrgState
  readonly bytes: number
  checkedAt: number
}

const checkedForMs = 1_000

/**
 * @param maxBytes how much the cache may hold, by estimate; the least recently used go first.
 * @param now milliseconds since the epoch.
 */
export function createOrgStates(deps: {
  readonly db: Pick<Database, 'query'>
  readonly models: OrgModels
  readonly maxBytes?: number
  readonly now?: () => number
}): OrgStates {
  const { db, models, maxBytes = 256 * 1024 * 1024, now = Date.now } = deps
  const cache = new Map<string, Cached>()
  const loading = new Map<string, Promise<Cached>>()
  let bytes = 0

  function drop(orgId: string): void {
    bytes -= cache.get(orgId)?.bytes ?? 0
    cache.delete(orgId)
  }

  /** What is being read was asked for before the change, so nobody who comes after it gets that. */
  function forget(orgId: string): void {
    drop(orgId)
    loading.delete(orgId)
  }

  function keep(orgId: string, cached: Cached): void {
    drop(orgId)
    cache.set(orgId, cached)
    bytes += cached.bytes
    for (const oldest of cache.keys()) {
      if (bytes <= maxBytes || oldest === orgId) break
      drop(oldest)
    }
  }

  /** A Map keeps the order of insertion, so whatever is used goes to its end. */
  function touch(orgId: string, cached: Cached): OrgState {
    cache.delete(orgId)
    cache.set(orgId, cached)
    return cached.state
  }

  async function load(orgId: string): Promise<Cached> {
    const checkedAt = now()
    const { rows } = await db.query<OrgStateRow>(orgId, selectOrgRow(orgId))
    if (!rows[0]) throw new NotFoundError()
    const row = toOrgRow(rows[0])
    const model = models.of(row)
    const state = toState(row, model)
    const pictures = JSON.stringify(row.brand).length
    return { state, bytes: estimateBytes(model, models.deployment) + pictures, checkedAt }
  }

  /** Many requests of one organisation wait for one question. */
  function loadOnce(orgId: string): Promise<Cached> {
    const running = loading.get(orgId)
    if (running) return running
    /** @returns false when it was forgotten meanwhile, and perhaps is asked for anew. */
    const ends = () => loading.get(orgId) === begun && loading.delete(orgId)
    const begun: Promise<Cached> = load(orgId).then(
      (cached) => {
        if (ends()) keep(orgId, cached)
        return cached
      },
      (error: unknown) => {
        if (ends() && error instanceof NotFoundError) drop(orgId)
        throw error
      },
    )
    loading.set(orgId, begun)
    return begun
  }

  async function isCurrent(orgId: string, cached: Cached): Promise<boolean> {
    if (now() - cached.checkedAt < checkedForMs) return true
    const { rows } = await db.query<{ epoch: number }>(orgId, selectEpoch(orgId))
    if (rows[0]?.epoch !== cached.state.epoch) return false
    cached.checkedAt = now()
    return true
  }

  return {
    async get(orgId, epoch) {
      const cached = cache.get(orgId)
      if (cached) {
        const fits =
          epoch === undefined ? await isCurrent(orgId, cached) : cached.state.epoch >= epoch
        if (fits) return touch(orgId, cached)
      }
      const loaded = await loadOnce(orgId)
      if (epoch === undefined || loaded.state.epoch >= epoch) return loaded.state
      // The question that was under way began before that epoch.
      return (await loadOnce(orgId)).state
    },
    async draft(orgId) {
      const { rows } = await db.query<OrgWithDraftRow>(orgId, selectOrgWithDraft(orgId))
      if (!rows[0]) throw new NotFoundError()
      const row = toOrgRow(rows[0])
      return models.of(rows[0].draft ? { ...row, document: toDocument(rows[0].draft) } : row)
    },
    forget,
    get stats() {
      return { orgs: cache.size, bytes }
    },
  }
}

function toState(row: OrgRow, model: Model): OrgState {
  return Object.freeze({
    org: row.org,
    brand: row.brand,
    hasOwnBrand: row.hasOwnBrand,
    model,
    revision: row.revision,
    epoch: row.epoch,
    settings: settingValues(model.settings, row.settings),
  })
}

/** Descriptions and messages in two languages; by the length of `GET /model`, not measured on a heap. */
const wordsBytes = 700_000

/**
 * What an organisation costs beside what it shares with the deployment, measured once on a heap: its
 * own maps, the entities that it touched, and its layers.
 */
export function estimateBytes(model: Model, deployment: Model): number {
  let bytes = 2_000
  if (model === deployment) return bytes
  bytes += 80 * model.entities.size + 8_000
  for (const [ref, entity] of model.entities) {
    if (deployment.entities.get(ref) !== entity) bytes += 1_500 + 100 * entity.byApiName.size
  }
  // With words of its own, the descriptions of all its entities are its own too.
  if (model.messages !== deployment.messages) bytes += wordsBytes
  const shared = new Set(deployment.stack)
  for (const layer of model.stack) if (!shared.has(layer)) bytes += 1_000 + 3 * layer.size
  return bytes
}
