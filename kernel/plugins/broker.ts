import {
  type EntityInfo,
  type EnvironmentName,
  type FieldValues,
  type HandlerContext,
  type Log,
  type Manifest,
  type Principal,
  StateConflictError,
  type Tables,
} from '@runwaycrm/sdk'
import type { CallHandler, CallOptions } from '../actions/call-handler.ts'
import { checkInput } from '../actions/check-values.ts'
import { type Actions, summaryOf } from '../actions/pipeline.ts'
import type { RequestContext } from '../context/request-context.ts'
import type { Database } from '../database/postgres.ts'
import type { TablesScope } from '../database/tables.ts'
import { uuidv7 } from '../database/uuid.ts'
import type { Bus } from '../events/bus.ts'
import { outboxStatement } from '../events/outbox.ts'
import type { Queue } from '../jobs/queue.ts'
import type { Entity } from '../model/model.ts'
import { inOwnLanguage } from '../model/words.ts'
import type { Writer } from '../records/change-set.ts'
import type { Codecs } from '../records/fields.ts'
import type { Reader } from '../records/read.ts'
import { needAction, needEnvironment, needService, reachableHosts } from './capabilities.ts'
import { brokerConditions } from './conditions.ts'
import type { PluginFiles } from './files.ts'
import type { Outbound } from './outbound.ts'
import { brokerRecords } from './records.ts'
import { readSettings } from './settings.ts'

export interface PluginSecrets {
  get(orgId: string, plugin: string, name: string): Promise<string | null>
  set(orgId: string, plugin: string, name: string, value: string): Promise<void>
  delete(orgId: string, plugin: string, name: string): Promise<void>
}

export interface BrokerDeps {
  readonly db: Database
  readonly reader: Reader
  readonly writer: Writer
  readonly codecs: Codecs
  /** A function, because actions call handlers and handlers run actions. */
  readonly actions: () => Actions
  readonly queue: Queue
  readonly bus: Bus
  readonly tables: (scope: TablesScope) => Tables
  readonly outbound: Outbound
  readonly secrets: PluginSecrets
  readonly files: PluginFiles
  /** What somebody set, by reference of the contribution. */
  readonly settingsOf: (orgId: string) => Promise<ReadonlyMap<string, FieldValues>>
  readonly describe: (ctx: RequestContext, entity: Entity) => EntityInfo
  /** Events wait in the outbox. */
  readonly onCommitted: (orgId: string) => void
  /** Services that the kernel itself offers; a function, because what offers them is made later. */
  readonly kernelServices?: () => KernelServices
  /** What the operator configured. */
  readonly environment?: Readonly<Partial<Record<EnvironmentName, string | null>>>
  /** The whole address of a link that needs no sign-in. */
  readonly linkTo?: (
    plugin: string,
    path: string,
    target: { readonly orgId: string; readonly subject: string },
    lifetime?: number | Date,
  ) => string
  readonly log: Log
  readonly callHandler: CallHandler
}

/** By interface and version, as `kernel.credentials@1`. A method acts for the principal of its context. */
export type KernelServices = Readonly<
  Record<string, Readonly<Record<string, (ctx: RequestContext, input: never) => Promise<unknown>>>>
>

export interface BrokeredCall {
  /** As the caller gave it: what other plugins are asked to do has the principal's rights. */
  readonly ctx: RequestContext
  /** With the rights of the principal and the plugin together. */
  readonly acting: RequestContext
  readonly manifest: Manifest
  readonly options: CallOptions
}

export type Brokered = Pick<
  HandlerContext,
  | 'records'
  | 'batch'
  | 'changes'
  | 'conditions'
  | 'actions'
  | 'events'
  | 'jobs'
  | 'tables'
  | 'http'
  | 'secrets'
  | 'settings'
  | 'environment'
  | 'publicLink'
  | 'services'
  | 'files'
  | 'model'
>

/** The identity that hears of a deed's progress: a member through all of their sessions, or a key. */
export function audienceOf(principal: Pick<Principal, 'type' | 'id' | 'userId'>): string {
  return principal.userId ?? `${principal.type}:${principal.id}`
}

/** The parts of a handler's context that reach something. */
export function broker(deps: BrokerDeps, call: BrokeredCall): Brokered {
  const { ctx, acting, manifest, options } = call
  const orgId = ctx.org.id
  const plugin = manifest.id
  const depth = (options.depth ?? 0) + 1
  let effects = 0
  /** Each effect of a deed has a key of its own, the same one when the deed is tried again. */
  const nextEffect = (key = ctx.effectKey) => {
    if (key === undefined) return {}
    effects += 1
    return { effectKey: effects === 1 ? key : `${key}-${effects}` }
  }
  const enqueue: HandlerContext['jobs']['enqueueMany'] = async (key, jobs) => {
    const definition = ctx.model.jobs.get(`${plugin}:${key}`)?.definition
    if (!definition) throw new RangeError(`${plugin} contributes no job "${key}".`)
    const { type, id, userId, name, roles } = ctx.principal
    const runAs = { type, id, userId, name, ...(type === 'workflow' ? { roles } : {}) }
    const requests = jobs.map(({ payload, at, dedupeKey }) => ({
      ...{ plugin, job: key, payload, runAs, traceId: ctx.traceId },
      ...(at ? { at } : {}),
      ...(dedupeKey === undefined ? {} : { dedupeKey }),
      ...(definition.maxAttempts ? { maxAttempts: definition.maxAttempts } : {}),
    }))
    return deps.queue.enqueue(orgId, requests, ctx.tx)
  }
  const stayInside = () => {
    if (ctx.isDryRun) throw new StateConflictError('A dry run reaches nothing outside.')
  }

  return {
    ...brokerRecords(deps, call),

    conditions: brokerConditions(acting, deps.codecs),

    actions: {
      async run(action, input, { effectKey } = {}) {
        needAction(manifest, action)
        const nested = options.change ? { change: options.change, depth } : { depth }
        const inner = { ...ctx, ...(effectKey === undefined ? nextEffect() : { effectKey }) }
        const answer = await deps.actions().run(inner, action, input, null, nested)
        if ('output' in answer) return answer.output
        throw new StateConflictError(`"${action}" waits for an approval.`, { extra: { ...answer } })
      },
    },

    events: {
      async emit(key, payload, record) {
        const event = `${plugin}:${key}`
        const definition = ctx.model.events.get(event)?.definition
        if (!definition) throw new RangeError(`${plugin} contributes no event "${key}".`)
        const checked = checkInput(definition.payload, payload, 'payload') as FieldValues
        const written = { id: uuidv7(), event, payload: checked, ...(record ? { record } : {}) }
        const statement = outboxStatement(orgId, [written], {
          batchId: uuidv7(),
          changeSetId: options.change?.id ?? ctx.changeSet?.id ?? null,
          workflows: ctx.changeSet?.workflows ?? 'run',
        })
        if (ctx.tx) await ctx.tx.one(statement)
        else await deps.db.query(orgId, statement)
        deps.onCommitted(orgId)
      },
      progress(topic, payload) {
        const audience = audienceOf(ctx.principal)
        deps.bus.publish({ kind: 'progress', orgId, topic, audience, payload })
      },
    },

    jobs: {
      async enqueue(key, payload, more = {}) {
        const [job] = await enqueue(key, [{ payload, ...more }])
        return job as string
      },
      enqueueMany: enqueue,
      async cancel(id) {
        stayInside()
        return deps.queue.cancel(orgId, id, plugin)
      },
    },

    tables: deps.tables({ orgId, plugin, model: ctx.model, tx: ctx.tx }),

    http: {
      async fetch(url, init = {}) {
        stayInside()
        const { effectKey } = nextEffect()
        const headers = effectKey ? { 'idempotency-key': effectKey, ...init.headers } : init.headers
        const hosts = reachableHosts(manifest, deps.environment ?? {})
        const asked = { ...init, ...(headers ? { headers } : {}) }
        return deps.outbound.fetch({ hosts, signal: acting.signal }, url, asked)
      },
    },

    secrets: {
      get: (name) => deps.secrets.get(orgId, plugin, name),
      async set(name, value) {
        stayInside()
        await deps.secrets.set(orgId, plugin, name, value)
      },
      async delete(name) {
        stayInside()
        await deps.secrets.delete(orgId, plugin, name)
      },
    },

    async settings<T>(key?: string) {
      return readSettings(ctx.model, plugin, await deps.settingsOf(orgId), key) as T
    },

    publicLink(path, subject, { days, until } = {}) {
      const route = [...ctx.model.routes.values()].find(
        (one) =>
          one.plugin === plugin && one.definition.auth === 'link' && one.definition.path === path,
      )
      if (!route || !deps.linkTo) throw new RangeError(`${plugin} has no route ${path} for links.`)
      return deps.linkTo(plugin, path, { orgId, subject }, until ?? days)
    },

    environment(name) {
      needEnvironment(manifest, name)
      return deps.environment?.[name] ?? null
    },

    services: {
      get<T>(name: string, version: number) {
        const own = deps.kernelServices?.()[`${name}@${version}`]
        if (own) {
          needService(manifest, name, 'kernel')
          const bound = Object.entries(own).map(([method, run]) => [
            method,
            (input: unknown) => {
              acting.signal.throwIfAborted()
              return run(ctx, input as never)
            },
          ])
          return Object.freeze(Object.fromEntries(bound)) as T
        }
        const service = [...ctx.model.services.values()].find(
          ({ definition }) => definition.interface === name && definition.version === version,
        )
        needService(manifest, name, service?.plugin ?? '')
        if (!service) {
          throw new StateConflictError(
            `No plugin offers the service "${name}", version ${version}.`,
          )
        }
        const methods = Object.entries(service.definition.methods).map(([method, handler]) => [
          method,
          (input: unknown) => {
            acting.signal.throwIfAborted()
            const nested = options.change ? { change: options.change, depth } : { depth }
            return deps.callHandler(
              { ...ctx, signal: acting.signal, ...nextEffect() },
              service.plugin,
              handler,
              input,
              nested,
            )
          },
        ])
        return Object.freeze(Object.fromEntries(methods)) as T
      },
    },

    files: deps.files.of(orgId, plugin),

    model: {
      entity(refOrPlural, language) {
        const entity =
          ctx.model.entities.get(refOrPlural) ?? ctx.model.entityByPlural.get(refOrPlural)
        const reader = language === undefined ? inOwnLanguage(acting) : { ...acting, language }
        return entity ? deps.describe(reader, entity) : null
      },
      action(ref) {
        const action = ctx.model.actions.get(ref)
        return action ? summaryOf(inOwnLanguage(ctx), action) : null
      },
      events: () => [...ctx.model.events.keys()],
      contributions<T>(point: string) {
        if (!manifest.contributes?.['points']?.[point])
          throw new RangeError(`${plugin} declares no point "${point}".`)
        const found = ctx.model.contributions.get(point) ?? new Map<string, never>()
        return new Map([...found].map(([ref, one]) => [ref, one.definition as T]))
      },
      entities() {
        const reader = inOwnLanguage(acting)
        return [...ctx.model.entities.values()].map((one) => deps.describe(reader, one))
      },
    },
  }
}
