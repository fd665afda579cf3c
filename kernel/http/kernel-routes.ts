import type { Accounts } from '../accounts/accounts.ts'
import type { Contexts } from '../accounts/contexts.ts'
import type { CallHandler } from '../actions/call-handler.ts'
import type { RequestContext } from '../context/request-context.ts'
import type { Database } from '../database/postgres.ts'
import { streamState } from '../events/outbox.ts'
import { exportLayer } from '../model/export-layer.ts'
import { ownLayer } from '../model/layer.ts'
import type { Model } from '../model/model.ts'
import type { Revisions } from '../model/revisions.ts'
import type { PreviewFormula } from '../records/preview-formula.ts'
import type { Search } from '../search/search.ts'
import type { PublicLinks } from '../secrets/public-links.ts'
import { type ActionRoutesDeps, actionRoutes } from './action-routes.ts'
import { type ArchiveRoutesDeps, archiveRoutes } from './archive-routes.ts'
import { authRoutes } from './auth-routes.ts'
import type { Authenticator } from './authenticate.ts'
import { type BrandingRoutesDeps, brandingRoutes } from './branding-routes.ts'
import { type ChangeRoutesDeps, changeRoutes } from './change-routes.ts'
import type { Check } from './check-schema.ts'
import { type DefinitionRoutesDeps, definitionRoutes } from './definition-routes.ts'
import { docsRoutes } from './docs-routes.ts'
import { formulaRoutes } from './formula-route.ts'
import { type JobRoutesDeps, jobRoutes } from './job-routes.ts'
import { type PackageRoutesDeps, packageRoutes } from './package-routes.ts'
import { pluginRoutes } from './plugin-routes.ts'
import { probeRoutes } from './probe-routes.ts'
import { type RecordRoutesDeps, recordRoutes } from './record-routes.ts'
import type { JsonSchema, RouteDeclaration } from './route.ts'
import { searchRoutes } from './search-routes.ts'
import { type SettingsRoutesDeps, settingsRoutes } from './settings-routes.ts'
import { type StudioRoutesDeps, studioRoutes } from './studio-routes.ts'

export interface KernelRoutesDeps extends SettingsRoutesDeps {
  readonly db: Database
  readonly accounts: Accounts
  readonly contexts: Contexts
  readonly orgStates: StudioRoutesDeps['orgStates'] & BrandingRoutesDeps['orgStates']
  readonly reader: RecordRoutesDeps['reader'] & DefinitionRoutesDeps['reader']
  readonly writer: RecordRoutesDeps['writer'] & {
    transaction<T>(ctx: RequestContext, work: (ctx: RequestContext) => Promise<T>): Promise<T>
  }
  readonly search: Search
  readonly history: RecordRoutesDeps['history']
  readonly provenance: RecordRoutesDeps['provenance']
  readonly timeline: RecordRoutesDeps['timeline']
  readonly bulkByFilter: RecordRoutesDeps['bulkByFilter']
  readonly ledger: ChangeRoutesDeps['ledger']
  readonly revert: ChangeRoutesDeps['revert']
  readonly jobs: JobRoutesDeps['jobs']
  readonly changeJobs: JobRoutesDeps['changeJobs']
  readonly actions: ActionRoutesDeps['actions']
  readonly revisions: Revisions
  readonly archivePurge: ArchiveRoutesDeps['archivePurge']
  readonly archiveFiles: ArchiveRoutesDeps['archiveFiles']
  readonly usesElsewhere: DefinitionRoutesDeps['usesElsewhere']
  readonly packages: PackageRoutesDeps['packages']
  readonly planBetween: PackageRoutesDeps['planBetween']
  readonly previewFormula: PreviewFormula
  readonly plugins: {
    readonly model: Pick<Model, 'routes' | 'messages' | 'entities'>
    readonly callHandler: CallHandler
    readonly files: { of(orgId: string, plugin: string): { path(id: string): Promise<string> } }
    readonly links: PublicLinks
  }
  readonly log: { warn(details: object, message: string): void }
  readonly config: {
    readonly rateLimit: number
    readonly publicUrl: string
    readonly mapTiles: string | null
    readonly mapCredit: string | null
  }
  readonly cookie: Authenticator['cookie']
  compile(schema: JsonSchema): Check
  isDraining(): boolean
  /** All that is served in the end, for the OpenAPI document. */
  declared(): readonly RouteDeclaration[]
}

/** Every route that the kernel itself brings, and those of the deployment's plugins. */
export function kernelRoutes(deps: KernelRoutesDeps): RouteDeclaration[] {
  const { accounts, actions, contexts, reader, revisions } = deps
  const { mapTiles, mapCredit } = deps.config
  const records = recordRoutes(deps)
  return [
    ...probeRoutes(deps),
    ...authRoutes(deps),
    ...records.routes,
    ...searchRoutes(deps),
    ...changeRoutes(deps),
    ...jobRoutes(deps),
    ...actionRoutes({ actions }),
    ...studioRoutes({
      revisions,
      orgStates: deps.orgStates,
      reader,
      actions,
      map: mapTiles === null ? null : { tiles: mapTiles, credit: mapCredit },
      systemContext: (orgId) => contexts.system(orgId),
      emailOf: async ({ org, principal }) =>
        principal.userId === null ? null : accounts.emailOf(org.id, principal.userId),
      async lastEvent(orgId) {
        const { rows } = await deps.db.query<{ last: number }>(orgId, streamState(orgId))
        return rows[0]!.last
      },
      async abilityOf(ctx, userId) {
        const principal = await accounts.userPrincipal(ctx.org.id, userId)
        return principal && contexts.abilityIn(ctx, principal)
      },
      async exportLayer(ctx, { id, version, title, ...parts }) {
        const request = {
          id: id ?? `${ctx.org.slug.replace(/[^a-z0-9]/g, '')}.own`,
          version: version ?? '1.0.0',
          title: title ?? ctx.org.name,
          ...parts,
        }
        return exportLayer(await revisions.document(ctx.org.id), request, beneath(ctx.model))
      },
    }),
    ...packageRoutes(deps),
    ...definitionRoutes({
      db: deps.db,
      revisions,
      reader,
      systemContext: (orgId) => contexts.system(orgId),
      usesElsewhere: deps.usesElsewhere,
    }),
    ...archiveRoutes(deps),
    ...settingsRoutes(deps),
    ...brandingRoutes(deps),
    ...formulaRoutes(deps),
    ...pluginRoutes({
      ...deps.plugins,
      contexts,
      accounts: deps.accounts,
      isLimited: deps.config.rateLimit > 0,
      publicUrl: deps.config.publicUrl,
      compile: deps.compile,
      log: deps.log,
    }),
    ...docsRoutes({ declared: deps.declared, templates: records.templates }),
  ]
}

/** The model without the own layer, as far as an export looks at it. */
function beneath(model: Model): Model {
  return { ...model, stack: model.stack.filter((layer) => layer.id !== ownLayer) }
}
