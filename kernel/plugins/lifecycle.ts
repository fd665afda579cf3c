import {
  type Actor,
  type Capabilities,
  countsOf,
  NotFoundError,
  StateConflictError,
  type Tier,
} from '@runwaycrm/sdk'
import type { Database, Tx } from '../database/postgres.ts'
import { defaultPluginState, type PluginState } from '../model/enabled-layers.ts'
import type { Model } from '../model/model.ts'
import type { OrgModels } from '../model/org-models.ts'
import { lockOrg, type OrgStateRow, raiseEpoch, selectOrgRow, toOrgRow } from '../model/org-row.ts'
import type { Deployment } from './load-plugins.ts'

/** A plugin as one organisation has it. */
export interface OrgPlugin {
  readonly id: string
  readonly title: string
  readonly description: string | null
  /** Null for one that is missing. */
  readonly version: string | null
  readonly tier: Tier | null
  /** `missing`: the organisation used it, and this installation does not have it any more. */
  readonly state: PluginState | 'missing'
  readonly reason: string | null
  /** How many definitions it has, by point. */
  readonly contributes: Readonly<Record<string, number>>
  /** What it asked to be allowed; its handlers may do no more. */
  readonly capabilities: Capabilities
  readonly requires: Readonly<Record<string, string>>
  /** Enabled plugins that do not work without it. */
  readonly neededBy: readonly string[]
}

/** What may follow what. Purging is separate: it deletes data and leaves no row. */
const next: Readonly<Record<PluginState, readonly PluginState[]>> = {
  available: ['installed', 'enabled'],
  installed: ['enabled', 'archived'],
  enabled: ['disabled', 'suspended'],
  disabled: ['enabled', 'archived'],
  suspended: ['enabled', 'disabled'],
  archived: ['installed', 'enabled'],
}

export interface Lifecycle {
  list(orgId: string): Promise<readonly OrgPlugin[]>
  /**
   * Puts a plugin into another state for one organisation: a row and a new epoch, never a restart.
   * Disabling also takes what needs it out of the model, until it is enabled again; data stays.
   *
   * @throws NotFoundError when no such plugin is ready.
   * @throws StateConflictError when the state cannot follow the present one; LastAdminError when the roles
   *   of all admins would go with it.
   */
  change(
    orgId: string,
    plugin: string,
    to: { readonly state: PluginState; readonly reason?: string },
    actor: Actor,
  ): Promise<{ readonly epoch: number }>
}

export function createLifecycle(deps: {
  readonly db: Database
  readonly deployment: Pick<Deployment, 'layers'>
  readonly models: OrgModels
  /** What else belongs into the transaction that changes the stack. */
  readonly inChange?: (tx: Tx, orgId: string, after: Model, before: Model) => Promise<void>
  readonly onChanged?: (orgId: string) => void
}): Lifecycle {
  const { db, deployment, models, inChange, onChanged } = deps
  const layers = deployment.layers.filter(({ origin }) => origin === 'plugin')

  function describe(rows: readonly StateRow[]): OrgPlugin[] {
    const byId = new Map(rows.map((row) => [row.plugin, row]))
    const stateOf = (id: string) => byId.get(id)?.state ?? defaultPluginState
    const there = layers.map(({ id, manifest }) => ({
      id,
      title: manifest.title,
      description: manifest.description ?? null,
      version: manifest.version,
      tier: manifest.tier,
      state: stateOf(id),
      reason: byId.get(id)?.reason ?? null,
      contributes: countsOf(manifest),
      capabilities: manifest.capabilities ?? {},
      requires: manifest.requires ?? {},
      neededBy: layers
        .filter((other) => Object.hasOwn(other.manifest.requires ?? {}, id))
        .map((other) => other.id)
        .filter((other) => stateOf(other) === 'enabled'),
    }))
    const known = new Set(layers.map(({ id }) => id))
    return [...there, ...rows.filter(({ plugin }) => !known.has(plugin)).map(missing)]
  }

  return {
    async list(orgId) {
      return describe((await db.query<StateRow>(orgId, selectStates(orgId))).rows)
    },
    async change(orgId, plugin, to, actor) {
      const epoch = await db.transaction(orgId, async (tx) => {
        await tx.one(lockOrg(orgId))
        const { rows } = await tx.one<StateRow>(selectStates(orgId))
        const plugins = new Map(describe(rows).map((known) => [known.id, known]))
        const known = plugins.get(plugin)
        if (!known) throw new NotFoundError()
        if (known.state === 'missing') throw new StateConflictError(known.reason!)
        if (!next[known.state].includes(to.state)) {
          throw new StateConflictError(`It is ${known.state} and cannot become ${to.state}.`)
        }
        if (to.state === 'enabled') refuseUnmet(plugin, plugins)
        await lookAhead(tx, orgId, plugin, to.state)
        const [, raised] = await tx.run([
          {
            text: `insert into tenant.plugin_state (org_id, plugin, state, reason, changed_by)
              values ($1, $2, $3, $4, $5)
              on conflict (org_id, plugin) do update set state = excluded.state,
                reason = excluded.reason, changed_at = now(), changed_by = excluded.changed_by`,
            values: [orgId, plugin, to.state, to.reason ?? null, JSON.stringify(actor)],
          },
          raiseEpoch(orgId),
        ])
        return Number(raised?.rows[0]?.['epoch'])
      })
      onChanged?.(orgId)
      return { epoch }
    },
  }

  async function lookAhead(
    tx: Tx,
    orgId: string,
    plugin: string,
    state: PluginState,
  ): Promise<void> {
    const { rows } = await tx.one<OrgStateRow>(selectOrgRow(orgId))
    if (!rows[0] || !inChange) return
    const row = toOrgRow(rows[0])
    const states = new Map(row.states).set(plugin, state)
    await inChange(tx, orgId, models.of({ ...row, states }), models.of(row))
  }

  /** @throws StateConflictError */
  function refuseUnmet(plugin: string, plugins: ReadonlyMap<string, OrgPlugin>): void {
    const requires = layers.find(({ id }) => id === plugin)?.manifest.requires ?? {}
    const unmet = Object.keys(requires).filter(
      (id) => id !== 'kernel' && plugins.get(id)?.state !== 'enabled',
    )
    if (unmet.length > 0) throw new StateConflictError(`Enable ${unmet.join(', ')} first.`)
  }
}

/** Its rows stay, so that everything is as it was when it comes back. */
function missing({ plugin }: StateRow): OrgPlugin {
  return {
    id: plugin,
    title: plugin,
    description: null,
    version: null,
    tier: null,
    state: 'missing',
    reason: `${plugin} is not part of this installation any more. Its data is kept; whoever runs the installation can bring it back.`,
    contributes: {},
    capabilities: {},
    requires: {},
    neededBy: [],
  }
}

interface StateRow {
  readonly plugin: string
  readonly state: PluginState
  readonly reason: string | null
}

const selectStates = (orgId: string) => ({
  text: 'select plugin, state, reason from tenant.plugin_state where org_id = $1',
  values: [orgId],
})
