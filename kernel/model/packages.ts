import { type Actor, InvalidError, NotFoundError, StateConflictError } from '@runwaycrm/sdk'
import type { Database, Tx } from '../database/postgres.ts'
import { checkEnvelope } from '../manifest/check-plugin.ts'
import { toIssue } from './check-document.ts'
import { composeModel } from './compose-model.ts'
import { createLayer, type Layer } from './layer.ts'
import { type MergedOverride, mergeOverrides } from './merge-overrides.ts'
import type { Model } from './model.ts'
import type { OrgModels } from './org-models.ts'

import {
  lockOrg,
  type OrgRow,
  type OrgStateRow,
  raiseEpoch,
  selectOrgRow,
  toOrgRow,
} from './org-row.ts'

export interface InstalledPackage {
  readonly id: string
  readonly version: string
  readonly installedAt: string
  readonly installedBy: Actor
}

/** Declarative packages in an organisation's stack, between the plugins and its own layer. */
export interface Packages {
  list(orgId: string): Promise<readonly InstalledPackage[]>
  /**
   * Installs a package, or another version of it. An upgrade is never stopped by the organisation's own
   * overrides: those that need a look come back.
   *
   * @throws InvalidError with everything that is wrong with the document.
   */
  install(
    orgId: string,
    document: unknown,
    actor: Actor,
  ): Promise<{ readonly epoch: number; readonly review: readonly MergedOverride[] }>
  /** Takes it out of the stack; its data stays under its storage ids. @throws NotFoundError */
  remove(orgId: string, id: string): Promise<{ readonly epoch: number }>
}

export function createPackages(deps: {
  readonly db: Database
  readonly models: OrgModels
  /** What else belongs into the transaction that changes the stack. */
  readonly inChange?: (tx: Tx, orgId: string, model: Model, before: Model) => Promise<void>
  readonly onChanged?: (orgId: string) => void
}): Packages {
  const { db, models, inChange, onChanged } = deps

  return {
    async list(orgId) {
      return (await db.query<InstalledPackage>(orgId, selectPackages(orgId))).rows
    },
    async install(orgId, document, actor) {
      const layer = packageOf(document)
      const result = await db.transaction(orgId, async (tx) => {
        await tx.one(lockOrg(orgId))
        const { rows } = await tx.one<OrgStateRow>(selectOrgRow(orgId))
        if (!rows[0]) throw new NotFoundError()
        const row = toOrgRow(rows[0])
        const others = row.packages.filter(({ id }) => id !== layer.id)
        refuseMisfits(layer, { ...row, packages: others }, models)
        const base = models.base({ ...row, packages: [...others, layer] })
        const [, raised] = await tx.run([
          {
            text: `insert into tenant.installed_package (org_id, id, version, document, installed_by)
              values ($1, $2, $3, $4, $5)
              on conflict (org_id, id) do update set version = excluded.version,
                document = excluded.document, installed_at = now(), installed_by = excluded.installed_by`,
            values: [
              orgId,
              layer.id,
              layer.manifest.version,
              JSON.stringify(layer.manifest),
              JSON.stringify(actor),
            ],
          },
          raiseEpoch(orgId),
        ])
        await inChange?.(
          tx,
          orgId,
          models.of({ ...row, packages: [...others, layer] }),
          models.of(row),
        )
        const review = mergeOverrides(row.document.overrides, base).filter(
          ({ fate }) => fate === 'review' || fate === 'parked',
        )
        return { epoch: Number(raised?.rows[0]?.['epoch']), review }
      })
      onChanged?.(orgId)
      return result
    },
    async remove(orgId, id) {
      const epoch = await db.transaction(orgId, async (tx) => {
        await tx.one(lockOrg(orgId))
        const { rows } = await tx.one<OrgStateRow>(selectOrgRow(orgId))
        if (!rows[0]) throw new NotFoundError()
        const row = toOrgRow(rows[0])
        const needing = row.packages.find((other) =>
          Object.hasOwn(other.manifest.requires ?? {}, id),
        )
        if (needing) throw new StateConflictError(`${needing.id} requires it; remove that first.`)
        const [removed, raised] = await tx.run([
          {
            text: 'delete from tenant.installed_package where org_id = $1 and id = $2',
            values: [orgId, id],
          },
          raiseEpoch(orgId),
        ])
        if (removed?.rowCount === 0) throw new NotFoundError()
        const packages = row.packages.filter((one) => one.id !== id)
        await inChange?.(tx, orgId, models.of({ ...row, packages }), models.of(row))
        return Number(raised?.rows[0]?.['epoch'])
      })
      onChanged?.(orgId)
      return { epoch }
    },
  }
}

/** @throws InvalidError */
function packageOf(document: unknown): Layer {
  const id =
    typeof document === 'object' && document !== null ? String(Reflect.get(document, 'id')) : ''
  const { manifest, problems } = checkEnvelope(document, id)
  if (!manifest) throw new InvalidError(undefined, { errors: problems.map(toIssue) })
  if (manifest.tier !== 'declarative' || ['t', 'r', 'kernel'].includes(manifest.id)) {
    const message = 'Only declarative packages can be installed into an organisation.'
    throw new InvalidError(message, {
      errors: [{ path: 'tier', code: 'OUT_OF_RANGE', message }],
    })
  }
  return createLayer(manifest, 'package')
}

/** @throws InvalidError */
function refuseMisfits(
  layer: Layer,
  others: Pick<OrgRow, 'packages' | 'states'>,
  models: OrgModels,
): void {
  const model = composeModel([layer], models.base({ ...others, reseller: null }))
  const problems = model.problems.filter(
    ({ at, notice }) => !notice && (at === layer.id || at.startsWith(`${layer.id}/`)),
  )
  if (problems.length > 0) throw new InvalidError(undefined, { errors: problems.map(toIssue) })
}

const selectPackages = (orgId: string) => ({
  text: `select id, version, installed_at as "installedAt", installed_by as "installedBy"
    from tenant.installed_package where org_id = $1 order by id`,
  values: [orgId],
})
