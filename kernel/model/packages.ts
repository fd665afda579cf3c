import {
  type Actor,
  countsOf,
  InvalidError,
  type Manifest,
  NotFoundError,
  type Principal,
  StateConflictError,
} from '@runwaycrm/sdk'
import type { Database, Statement, Tx } from '../database/postgres.ts'
import type { Problem } from '../manifest/problem.ts'
import { placeOf } from '../manifest/problem.ts'
import { manifestFrom, refuseProblems } from './check-document.ts'
import { composeModel } from './compose-model.ts'
import { refuseExcess } from './excess-rights.ts'
import { createLayer, type Layer, ownLayer } from './layer.ts'
import { type MergedOverride, needingReview } from './merge-overrides.ts'
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
import { fillParams } from './package-params.ts'

export interface InstalledPackage {
  readonly id: string
  readonly version: string
  readonly title: string
  readonly description?: string
  /** How many definitions it has, by point. */
  readonly contributes: Readonly<Record<string, number>>
  readonly requires: Readonly<Record<string, string>>
  /** What the organisation said for its parameters. */
  readonly params: Readonly<Record<string, unknown>>
  readonly installedAt: string
  readonly installedBy: Actor
}

export interface PackageChange {
  readonly id: string
  readonly version: string
  /** The version that was there before. */
  readonly from: string | null
  /** Overrides of the organisation that need somebody to look at them. */
  readonly review: readonly MergedOverride[]
  readonly before: Model
  readonly after: Model
}

export interface PackageOptions {
  readonly params?: Readonly<Record<string, unknown>>
  /** Who gives no rights that they lack themselves; without one it is the deployment's operator. */
  readonly by?: Principal
  /** Looks at what would become of it, and changes nothing. */
  readonly dryRun?: boolean
}

/** Declarative packages in an organisation's stack, between the plugins and its own layer. */
export interface Packages {
  list(orgId: string): Promise<readonly InstalledPackage[]>
  /**
   * Installs a package, or another version of it. An upgrade is never stopped by the organisation's own
   * overrides: those that need a look come back. Parameters keep what was said before.
   *
   * @throws InvalidError with everything that is wrong with the document, ForbiddenError
   */
  install(
    orgId: string,
    document: unknown,
    actor: Actor,
    options?: PackageOptions,
  ): Promise<PackageChange>
  /**
   * Takes it out of the stack; its data stays under its storage ids.
   *
   * @throws NotFoundError, StateConflictError while something needs it, ForbiddenError
   */
  remove(
    orgId: string,
    id: string,
    options?: Omit<PackageOptions, 'params'>,
  ): Promise<PackageChange>
}

export function createPackages(deps: {
  readonly db: Database
  readonly models: OrgModels
  /** What else belongs into the transaction that changes the stack. */
  readonly inChange?: (tx: Tx, orgId: string, model: Model, before: Model) => Promise<void>
  readonly onChanged?: (orgId: string) => void
}): Packages {
  const { db, models, inChange, onChanged } = deps

  /** Decided and done in the transaction that holds the stack; a dry run only decides. */
  async function change(
    orgId: string,
    { by, dryRun = false }: Omit<PackageOptions, 'params'>,
    decide: (row: OrgRow, installed: readonly PackageRow[]) => StackChange,
  ): Promise<PackageChange> {
    const changed = await db.transaction(orgId, async (tx) => {
      const { row, installed } = await read(tx, orgId)
      const { packages, isNew, check, statement, ...about } = decide(row, installed)
      const before = models.of(row)
      const after = models.of({ ...row, packages })
      check?.(before, after)
      if (by) refuseExcess(by, before, after, { restores: isNew })
      const review = needingReview(row.document.overrides, models.base({ ...row, packages }))
      if (!dryRun) {
        await tx.run([statement, raiseEpoch(orgId)])
        await inChange?.(tx, orgId, after, before)
      }
      return { ...about, review, before, after }
    })
    if (!dryRun) onChanged?.(orgId)
    return changed
  }

  return {
    async list(orgId) {
      const { rows } = await db.query<PackageRow>(orgId, selectPackages(orgId))
      return rows.map(describe)
    },
    async install(orgId, document, actor, { params, ...options } = {}) {
      const written = manifestOf(document)
      return change(orgId, options, (row, installed) => {
        const known = installed.find(({ id }) => id === written.id)
        const kept = Object.entries(known?.params ?? {}).filter(([name]) =>
          Object.hasOwn(written.params ?? {}, name),
        )
        const { manifest, values, problems } = fillParams(written, {
          ...Object.fromEntries(kept),
          ...params,
        })
        refuseProblems(problems)
        // Values were filled in: what they make of the manifest must fit as well.
        const layer = createLayer(manifestFrom(manifest, manifest.id), 'package')
        const others = row.packages.filter(({ id }) => id !== layer.id)
        refuseMisfits(layer, { ...row, packages: others }, models)
        const { id } = layer
        const { version } = layer.manifest
        return {
          ...{ id, version, from: known?.version ?? null },
          packages: [...others, layer],
          isNew: known === undefined,
          check: (before, after) => refuseProblems(lostAddresses(layer, before, after)),
          statement: {
            text: `insert into tenant.installed_package (org_id, id, version, document, params, installed_by)
              values ($1, $2, $3, $4, $5, $6)
              on conflict (org_id, id) do update set version = excluded.version,
                document = excluded.document, params = excluded.params,
                installed_at = now(), installed_by = excluded.installed_by`,
            values: [
              orgId,
              id,
              version,
              JSON.stringify(layer.manifest),
              JSON.stringify(values),
              JSON.stringify(actor),
            ],
          },
        }
      })
    },
    remove: (orgId, id, options = {}) =>
      change(orgId, options, (row, installed) => {
        const known = installed.find((one) => one.id === id)
        if (!known) throw new NotFoundError()
        const needing = row.packages.find((other) =>
          Object.hasOwn(other.manifest.requires ?? {}, id),
        )
        if (needing) throw new StateConflictError(`${needing.id} requires it; remove that first.`)
        return {
          ...{ id, version: known.version, from: known.version },
          packages: row.packages.filter((one) => one.id !== id),
          isNew: false,
          statement: {
            text: 'delete from tenant.installed_package where org_id = $1 and id = $2',
            values: [orgId, id],
          },
        }
      }),
  }
}

/** What becomes of a stack, and the statement that makes it so. */
interface StackChange extends Pick<PackageChange, 'id' | 'version' | 'from'> {
  readonly packages: readonly Layer[]
  /** It may bring back what an earlier one left behind. */
  readonly isNew: boolean
  /** @throws InvalidError */
  readonly check?: (before: Model, after: Model) => void
  readonly statement: Statement
}

/** Two who change the stack at once do it one after the other. @throws NotFoundError */
async function read(
  tx: Tx,
  orgId: string,
): Promise<{ readonly row: OrgRow; readonly installed: readonly PackageRow[] }> {
  const [, org, packages] = await tx.run([
    lockOrg(orgId),
    selectOrgRow(orgId),
    selectPackages(orgId),
  ])
  const row = org?.rows[0] as OrgStateRow | undefined
  if (!row) throw new NotFoundError()
  return { row: toOrgRow(row), installed: (packages?.rows ?? []) as unknown as PackageRow[] }
}

/** @throws InvalidError */
function manifestOf(document: unknown): Manifest {
  const id =
    typeof document === 'object' && document !== null ? String(Reflect.get(document, 'id')) : ''
  const manifest = manifestFrom(document, id)
  if (manifest.tier !== 'declarative' || ['t', 'r', 'kernel'].includes(manifest.id)) {
    const message = 'Only declarative packages can be installed into an organisation.'
    throw new InvalidError(message, {
      errors: [{ path: 'tier', code: 'OUT_OF_RANGE', message }],
    })
  }
  return manifest
}

/** @throws InvalidError */
function refuseMisfits(
  layer: Layer,
  others: Pick<OrgRow, 'packages' | 'states'>,
  models: OrgModels,
): void {
  const model = composeModel([layer], models.base({ ...others, reseller: null }))
  refuseProblems(
    model.problems.filter(
      ({ at, notice }) => !notice && (at === layer.id || at.startsWith(`${layer.id}/`)),
    ),
  )
}

/** A package stands below the own layer, so it would get an address before the own object that has it now. */
function lostAddresses(layer: Layer, before: Model, after: Model): Problem[] {
  return [...after.entities.values()].flatMap(({ ref, plugin, plural }) => {
    const was = before.entities.get(ref)?.plural
    if (plugin !== ownLayer || was === undefined || was === plural) return []
    return [
      {
        at: placeOf(layer.id, 'entities'),
        code: 'AMBIGUOUS',
        message: `The address "${was}" belongs to an object of your own, ${ref}.`,
        hint: 'The package cannot have it. Remove the object first, or ask for a package with another plural.',
      } as const,
    ]
  })
}

interface PackageRow {
  readonly id: string
  readonly version: string
  readonly document: Manifest
  readonly params: Readonly<Record<string, unknown>>
  readonly installedAt: string
  readonly installedBy: Actor
}

function describe({ document, ...row }: PackageRow): InstalledPackage {
  const { title, description, requires = {} } = document
  return {
    ...row,
    title,
    ...(description === undefined ? {} : { description }),
    contributes: countsOf(document),
    requires,
  }
}

const selectPackages = (orgId: string) => ({
  text: `select id, version, document, params, installed_at as "installedAt", installed_by as "installedBy"
    from tenant.installed_package where org_id = $1 order by id`,
  values: [orgId],
})
