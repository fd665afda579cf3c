import { randomBytes, randomUUID } from 'node:crypto'
import type { HookOutcome } from '@runwaycrm/sdk'
import type { FastifyInstance } from 'fastify'
import { createAccounts } from './accounts/accounts.ts'
import { createContexts } from './accounts/contexts.ts'
import { createJobContexts } from './accounts/job-contexts.ts'
import { createActions } from './actions/pipeline.ts'
import { createTrace } from './actions/trace.ts'
import { type Config, publicUrlOf } from './config.ts'
import { assertServerRole } from './database/check-role.ts'
import { assertSchemaCurrent } from './database/migrate.ts'
import { createDatabase } from './database/postgres.ts'
import { createTables } from './database/tables.ts'
import { createDatabaseBus } from './events/bus.ts'
import { createRelay } from './events/relay.ts'
import { createBulkByFilter } from './http/bulk-by-filter.ts'
import { createChangeJobs } from './http/change-job.ts'
import { describeEntity } from './http/describe-entity.ts'
import { linkAddress } from './http/link-routes.ts'
import { createLive } from './http/live.ts'
import { createRevertJob } from './http/revert-job.ts'
import { createServer } from './http/server.ts'
import { createJobList } from './jobs/list-jobs.ts'
import { asPlugin, createQueue } from './jobs/queue.ts'
import { createSchedules } from './jobs/schedules.ts'
import { createSweeper } from './jobs/sweep.ts'
import { createWorker } from './jobs/worker.ts'
import { endJob, endKernelJob, kernelJobs } from './kernel-jobs.ts'
import { type Logger, toLog } from './logging.ts'
import { authorOf } from './model/author-of.ts'
import type { Model } from './model/model.ts'
import { createOrgStates } from './model/model-cache.ts'
import { createOrgModels } from './model/org-models.ts'
import { changeOrgProfile } from './model/org-profile.ts'
import { createPackages } from './model/packages.ts'
import { type CountWhere, planChange } from './model/plan-change.ts'
import { createRevisions } from './model/revisions.ts'
import { storageId } from './model/storage-names.ts'
import { hostsOf } from './plugins/capabilities.ts'
import { createFiles, filesUrlOf } from './plugins/files.ts'
import { createHandlerCaller } from './plugins/handler-context.ts'
import { layerService } from './plugins/layer-service.ts'
import { createLifecycle } from './plugins/lifecycle.ts'
import { loadPlugins, reportPlugins } from './plugins/load-plugins.ts'
import { createOutbound } from './plugins/outbound.ts'
import { plainServices } from './plugins/plain-services.ts'
import { readAsMember } from './plugins/read-as-member.ts'
import { runActionAs } from './plugins/run-action-as.ts'
import { createJobEnder, createJobRunner } from './plugins/run-job.ts'
import { attachByService, methodOf } from './plugins/services.ts'
import { readSettings } from './plugins/settings.ts'
import { createSettingsStore } from './plugins/settings-store.ts'
import { createSubscribers } from './plugins/subscribers.ts'
import { prepareDatabase } from './prepare-database.ts'
import { type FileUse, holdingOf } from './records/attach-files.ts'
import { createWriter } from './records/change-set.ts'
import { changedSince } from './records/changed-since.ts'
import { createCodecs } from './records/fields.ts'
import { createHistory } from './records/history.ts'
import { createHookRunner } from './records/hooks.ts'
import { keepAdmins } from './records/keep-admins.ts'
import { createLedger } from './records/ledger.ts'
import { createFormulaPreview } from './records/preview-formula.ts'
import { createProvenance } from './records/provenance.ts'
import { createReader } from './records/read.ts'
import { asSystem } from './records/relations.ts'
import { createRevert } from './records/revert.ts'
import { createTimeline } from './records/timeline.ts'
import { createValuesInPublish } from './records/values-in-publish.ts'
import { createSeeds } from './run-seeds.ts'
import { createIndexFiller } from './search/fill-index.ts'
import { createIndexLoop } from './search/index-loop.ts'
import { createSearch } from './search/search.ts'
import { createPublicLinks } from './secrets/public-links.ts'
import { createVault } from './secrets/vault.ts'
import { createStudioParts } from './studio/studio-parts.ts'
import { createTransfers } from './transfers.ts'

export interface BootOptions {
  readonly config: Config
  readonly log: Logger
  readonly database: { readonly serverUrl: string; readonly adminUrl: string | null }
  /** Folders whose subfolders are groups of plugins. */
  readonly pluginRoots: readonly string[]
  /** The built studio, or null to serve the API alone. */
  readonly studioDir?: string | null
  readonly databaseLog?: (message: string) => void
}

/** Everything that runs, put together floor by floor. */
export type House = Awaited<ReturnType<typeof boot>>

/**
 * Loads the plugins, brings the database to this release and puts the parts together. Nothing works
 * in the background until `start`.
 *
 * @throws when the database is too new, the server's role could go round the policies, or the kernel's
 *   own layer is broken. A plugin that fails is reported and left out.
 */
export async function boot(options: BootOptions) {
  const { config, log } = options
  const deployment = await loadPlugins(options.pluginRoots)
  reportPlugins(deployment, log)

  const migration = await prepareDatabase(options, deployment)
  const stopping = new AbortController()
  const db = createDatabase({
    url: options.database.serverUrl,
    secretKey: config.secretKey,
    log: (message, error) => log.warn({ err: error }, message),
  })
  if (!options.database.adminUrl) await assertSchemaCurrent(db, deployment.model)
  await assertServerRole(db)

  const vault = createVault({
    db,
    secretKey: config.secretKey,
    formerSecretKey: config.formerSecretKey,
  })
  const links = createPublicLinks(config.secretKey, config.formerSecretKey)
  const models = createOrgModels(deployment.model)
  const orgStates = createOrgStates({ db, models })
  const contexts = createContexts({ orgStates, signal: stopping.signal })
  const systemContext = (orgId: string) => contexts.system(orgId)

  const busLog = toLog(log)
  const bus = await createDatabaseBus({ db, log: busLog })
  const relay = createRelay({ db, bus, log: busLog })
  const codecs = createCodecs(deployment.fieldTypeHandler)
  const reader = createReader({ db, codecs })
  const hooks = createHookRunner({
    call(ctx, _ref, plugin, handler, change) {
      const run = deployment.handler(plugin, handler) as (
        change: unknown,
        ctx: unknown,
      ) => HookOutcome | undefined
      const settings = readSettings(ctx.model, plugin, ctx.settings ?? new Map())
      const { now, org, principal, door } = ctx
      return run(change, { now, org, principal, door, settings })
    },
    // The plugin's capabilities are its limit: what follows from a write is not the actor's deed.
    async callAfter(ctx, plugin, handler, change) {
      await callHandler({ ...asSystem(ctx), door: 'hook' }, plugin, handler, change, {
        usualMs: 10_000,
      })
    },
  })
  const writer = createWriter({
    db,
    codecs,
    reader,
    hooks,
    onCommitted: ({ orgId }) => relay.poke(orgId),
    attachFiles: (ctx, uses) => attachByService(callHandler, ctx, uses),
  })

  const history = createHistory({ db, codecs, reader })
  const timeline = createTimeline({ db, codecs, reader })
  const ledger = createLedger({ db, codecs })

  const outbound = createOutbound({ allow: hostsOf(Object.values(config.baseUrls)) })
  const files = createFiles(config.dataDir)
  const trace = createTrace({ db, log: busLog })
  const wakeWorkers = () => bus.publish({ kind: 'jobs' })
  const queue = createQueue({ db, onEnqueued: wakeWorkers })
  const actionsLater: { current: ReturnType<typeof createActions> | null } = { current: null }
  const callHandler = createHandlerCaller({
    deployment,
    db,
    reader,
    writer,
    codecs,
    abilityIn: contexts.abilityIn,
    actions: () => actionsLater.current!,
    queue,
    bus,
    tables: createTables(db),
    outbound,
    secrets: {
      get: (orgId, plugin, name) => vault.get(orgId, plugin, name),
      set: (orgId, plugin, name, value) => vault.put(orgId, plugin, name, value),
      delete: async (orgId, plugin, name) => {
        await vault.delete(orgId, plugin, name)
      },
    },
    files,
    settingsOf: async (orgId) => (await orgStates.get(orgId)).settings,
    describe: describeEntity,
    onCommitted: (orgId) => relay.poke(orgId),
    kernelServices: () => ({
      'kernel.credentials@1': accounts.credentialsService,
      'kernel.erasure@1': transfer.erasure,
      ...plainServices(db, { find: ledger.find, revert: revertJob.start }),
      'kernel.records@1': {
        holding: (ctx, use: FileUse) => holdingOf(reader, ctx, use),
        changedSince: changedSince({ db }),
      },
      'kernel.layer@1': layerService({
        revisions,
        revisionOf: async (orgId) => (await stateOf(orgId)).revision,
        authorOf: (orgId, point, ref) => authorOf(db, orgId, point, ref),
      }),
      'kernel.members@1': {
        read: readAsMember({ reader, contexts, userPrincipal: accounts.userPrincipal }),
      },
      'kernel.actions@1': {
        runAs: runActionAs({ contexts, accounts, actions: () => actionsLater.current! }),
      },
    }),
    linkTo: linkAddress(links, publicUrlOf(config)),
    environment: {
      RUNWAY_PUBLIC_URL: publicUrlOf(config),
      SMTP_URL: config.smtpUrl,
      RUNWAY_FILES_URL: filesUrlOf(config),
      ...Object.fromEntries(
        Object.entries(config.baseUrls).map(([name, url]) => [
          `${name.toUpperCase()}_BASE_URL`,
          url,
        ]),
      ),
    },
    log: busLog,
  })
  const actions = createActions({
    callHandler,
    writer,
    visibleIds: async (ctx, entity, ids) =>
      new Set((await reader.getMany(ctx, entity, ids, { fields: ['id'] })).keys()),
    trace,
    log: busLog,
  })
  actionsLater.current = actions

  const onChanged = (orgId: string) => {
    orgStates.forget(orgId)
    contexts.forget(orgId)
    const followed = orgStates.get(orgId).then(({ org, model, revision }) => {
      bus.publish({ kind: 'model', orgId, revision })
      searchIndex.check(org, model)
      return schedules.sync(org, model)
    })
    followed.catch((error) => busLog.warn('a change was not followed up', { orgId, error }))
  }
  /** A reseller's customers have its layer and brand beneath their own. */
  const onOffered = async (orgId: string) => {
    onChanged(orgId)
    const { rows } = await db.query<{ org_id: string }>(orgId, {
      text: 'select org_id from kernel.customers()',
      values: [],
    })
    for (const customer of rows) onChanged(customer.org_id)
  }
  const stateOf = (orgId: string, epoch?: number) => orgStates.get(orgId, epoch)
  const values = createValuesInPublish({ db, queue, codecs, stateOf, bus, onReady: onChanged })
  const countWhere = async (orgId: string, ...[entity, filter]: Parameters<CountWhere>) =>
    reader.count(await systemContext(orgId), entity, filter)
  const planBetween = (orgId: string, before: Model, after: Model) =>
    planChange(before, after, (...where) => countWhere(orgId, ...where))
  const studio = createStudioParts({
    ...{ db, queue, reader, systemContext, dataDir: config.dataDir },
    desk: (orgId) => revisions.desk(orgId),
  })
  const revisions = createRevisions({
    db,
    models,
    inPublish: values.inPublish,
    lookAtValues: values.lookAtValues,
    newStorageId: () => storageId(randomBytes(10)),
    countWhere,
    usesElsewhere: studio.usesElsewhere,
    onPublished: ({ orgId }) => void onOffered(orgId),
    onDraft: (orgId, by) => bus.publish({ kind: 'draft', orgId, by }),
  })
  const packages = createPackages({ db, models, inChange: values.inChange, onChanged })
  const lifecycle = createLifecycle({ db, deployment, models, inChange: keepAdmins, onChanged })
  const settings = createSettingsStore({ db, vault, stateOf, onChanged })
  const orgProfile = {
    async get(orgId: string) {
      const { org, brand } = await stateOf(orgId)
      return { org, brand }
    },
    async change(orgId: string, change: Parameters<typeof changeOrgProfile>[2]) {
      await changeOrgProfile(db, orgId, change)
      await accounts.changeOrg(orgId, change)
      await onOffered(orgId)
      return orgProfile.get(orgId)
    },
  }
  const schedules = createSchedules({
    db,
    log: busLog,
    onEnqueued: wakeWorkers,
    stateOf,
    mark: deployment.model.hash,
  })
  const searchIndex = createIndexFiller({
    db,
    reader,
    queue,
    systemContext,
    stateOf,
    log: busLog,
    mark: deployment.model.hash,
  })
  const indexLoop = createIndexLoop({
    db,
    bus,
    reader,
    systemContext,
    filler: searchIndex,
    log: busLog,
  })
  const sweeper = createSweeper({
    db,
    log: busLog,
    sweepElse: async () => {
      await accounts.purge()
      await db.query(null, { text: 'select kernel.prepare_ledger()', values: [] })
    },
  })

  const callService = async (
    orgId: string,
    name: string,
    version: number,
    method: string,
    input: unknown,
  ) => {
    const ctx = await systemContext(orgId)
    const found = methodOf(ctx.model, name, version, method)
    if (!found) throw new Error(`No enabled plugin offers ${name} ${version}.`)
    return callHandler(ctx, found.plugin, found.handler, input)
  }
  const accounts = createAccounts({
    db,
    secretKey: config.secretKey,
    reader,
    writer,
    config: {
      region: config.region,
      publicUrl: publicUrlOf(config),
      signUp: config.signup,
      operatorKey: config.operatorKey,
      isMailOpen: config.production && config.smtpUrl === null,
    },
    systemContext,
    onAccessChanged: () => bus.publish({ kind: 'access' }),
    sendMail: async (orgId, mail) => {
      await callService(orgId, 'mail', 1, 'send', mail)
    },
    runSeeds: createSeeds({ orgStates, contexts, writer, callHandler }),
    log,
  })

  const transfer = createTransfers({
    db,
    queue,
    reader,
    writer: createWriter({ db, codecs, reader, onCommitted: ({ orgId }) => relay.poke(orgId) }),
    contexts,
    accounts,
    trace,
    files,
    model: deployment.model,
    callHandler,
  })

  const contextOf = createJobContexts({ orgStates, contexts, accounts })
  const jobs = createChangeJobs({ db, writer, queue, bus })
  const bulkByFilter = createBulkByFilter({ reader, writer, jobs })
  const revert = createRevert({ db, codecs, ledger, writer })
  const revertJob = createRevertJob({ db, revert, writer, jobs })
  const subscribers = createSubscribers({
    ...{ db, queue, stateOf, callHandler, codecs, log: busLog },
    contextOf: (orgId, plugin) =>
      contextOf(orgId, asPlugin(plugin), { traceId: randomUUID(), signal: stopping.signal }),
  })
  const jobParts = { db, bulkByFilter, revertJob, searchIndex, subscribers }
  const worker = createWorker({
    db,
    log: busLog,
    run: createJobRunner({
      callHandler,
      contextOf,
      kernelJobs: kernelJobs({ ...jobParts, ...values, ...studio }),
    }),
    onDead: endJob(endKernelJob(jobs), createJobEnder({ callHandler, contextOf })),
  })
  const stopHints = bus.subscribe((hint) => {
    if (hint.kind === 'jobs') worker.poke()
    if (hint.kind === 'access') accounts.expirePrincipals()
    if (hint.kind === 'model') {
      orgStates.forget(hint.orgId)
      contexts.forget(hint.orgId)
    }
  })

  let app: FastifyInstance | null = null
  let live: ReturnType<typeof createLive> | null = null
  if (config.roles.web) {
    app = await createServer({
      config: { ...config, publicUrl: publicUrlOf(config) },
      log,
      db,
      accounts,
      contexts,
      orgStates,
      reader,
      writer,
      search: createSearch({ db, reader, onStale: searchIndex.check }),
      history: history.list,
      provenance: createProvenance({ db, reader }),
      timeline: timeline.list,
      ledger,
      revert: revertJob.start,
      bulkByFilter: bulkByFilter.start,
      changeJobs: jobs,
      jobs: createJobList({ db }),
      actions,
      revisions,
      ...studio,
      packages,
      planBetween,
      settings,
      orgProfile,
      lifecycle,
      previewFormula: createFormulaPreview({ db, codecs }),
      plugins: { model: deployment.model, callHandler, files, links },
      studioDir: options.studioDir ?? null,
      async extend(parts) {
        live = createLive({
          db,
          reader,
          codecs,
          systemContext,
          relay,
          bus,
          contexts,
          forgetPrincipals: accounts.expirePrincipals,
          publicUrl: publicUrlOf(config),
          log: busLog,
        })
        await live.register(parts)
      },
    })
  }

  // The last of them: open pages hear first.
  relay.subscribe('plugins', subscribers.enqueue)

  return {
    app,
    accounts,
    actions,
    callHandler,
    callService,
    contexts,
    db,
    deployment,
    ledger,
    lifecycle,
    migration,
    orgStates,
    packages,
    planBetween,
    queue,
    reader,
    relay,
    revisions,
    transfer,
    vault,
    writer,
    /** Background work: events, jobs, schedules, cleaning up. */
    start(): void {
      relay.start()
      if (!config.roles.worker) return
      worker.start()
      schedules.start()
      searchIndex.start()
      indexLoop.start()
      sweeper.start()
    },
    /** Finishes what is under way, then lets go of everything. */
    async stop(): Promise<void> {
      app?.drain()
      live?.close()
      await app?.close()
      await Promise.all([worker.stop(), schedules.stop(), searchIndex.stop(), sweeper.stop()])
      await indexLoop.stop()
      await relay.stop()
      await trace.flush()
      stopHints()
      stopping.abort()
      await bus.close()
      await outbound.close()
      await db.close()
    },
  }
}
