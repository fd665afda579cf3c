import {
  type HandlerContext,
  type Log,
  longestDryRunMs,
  type Manifest,
  type Principal,
  RunwayError,
  StateConflictError,
} from '@runwaycrm/sdk'
import type { Ability } from '../access/build-ability.ts'
import { isFullAdmin } from '../access/give-role.ts'
import { narrowAbility } from '../access/narrow-ability.ts'
import {
  type CallHandler,
  type CallOptions,
  HandlerMissingError,
  HandlerTimeoutError,
} from '../actions/call-handler.ts'
import { actorOf, type RequestContext } from '../context/request-context.ts'
import { transactionTimeout } from '../database/transaction.ts'
import { inTerms, localeOf, messageOf, termOf, type Words } from '../model/words.ts'
import { actingAs } from './acting.ts'
import { type BrokerDeps, broker } from './broker.ts'
import { grantOf } from './capabilities.ts'
import type { Deployment } from './load-plugins.ts'

export interface HandlerCallerDeps extends Omit<BrokerDeps, 'callHandler'> {
  readonly deployment: Pick<Deployment, 'handler' | 'plugins'>
  /** What somebody else may do in the same organisation. */
  readonly abilityIn: (ctx: RequestContext, principal: Principal) => Ability
  /** In [0, 1). */
  readonly random?: () => number
}

const usualTimeoutMs = 30_000
const deepest = 8

/**
 * The one way in which code of plugins runs. A handler gets its input and a context made for this call:
 * it acts for the principal of `ctx`, with no more rights than the principal has and no more than the
 * plugin's capabilities say. When the call has ended or is too late, the context answers nothing more.
 */
export function createHandlerCaller(deps: HandlerCallerDeps): CallHandler {
  const random = deps.random ?? Math.random

  const callHandler: CallHandler = async (ctx, plugin, name, input, options = {}) => {
    const manifest = deps.deployment.plugins.get(plugin)?.manifest
    const handler = deps.deployment.handler(plugin, name)
    if (!manifest || !handler) throw new HandlerMissingError(plugin, name)
    if ((options.depth ?? 0) >= deepest) {
      throw new StateConflictError(`More than ${deepest} handlers wait for one another.`)
    }
    const timeoutMs = timeoutOf(manifest, name, options)
    const late = new AbortController()
    const timer = setTimeout(
      () => late.abort(new HandlerTimeoutError(plugin, name, timeoutMs)),
      timeoutMs,
    )
    const signal = AbortSignal.any([ctx.signal, late.signal])
    const call = { isOver: false, signal }
    try {
      signal.throwIfAborted()
      const context = makeContext(ctx, manifest, call, options)
      const run = handler as (input: unknown, ctx: HandlerContext) => unknown
      return await orAborted((async () => run(input, context))(), signal)
    } catch (error) {
      throw error instanceof RunwayError ? inTermsOf(ctx, plugin, error) : error
    } finally {
      clearTimeout(timer)
      call.isOver = true
    }
  }

  function makeContext(
    ctx: RequestContext,
    manifest: Manifest,
    call: { readonly isOver: boolean; readonly signal: AbortSignal },
    options: CallOptions,
  ): HandlerContext {
    const { signal } = call
    const acting = Object.freeze({
      ...ctx,
      signal,
      ability: narrowAbility(ctx.ability, grantOf(manifest)),
    })
    const brokered = broker({ ...deps, callHandler }, { ctx, acting, manifest, options })
    const also = (inner: RequestContext) => makeContext(inner, manifest, call, options)
    return Object.freeze({
      org: ctx.org,
      brand: { ...ctx.brand, name: ctx.brand?.name ?? ctx.org.name },
      principal: ctx.principal,
      actor: actorOf(ctx.principal),
      isAdmin: isFullAdmin(ctx.principal, ctx.model.roles),
      language: localeOf(ctx),
      plugin: Object.freeze({ id: manifest.id, version: manifest.version }),
      traceId: ctx.traceId,
      now: ctx.now,
      random,
      signal,
      log: logFor(deps.log, ctx, manifest.id),
      t: (key, values, language) => messageOf(wordsFor(ctx, language), manifest.id, key, values),
      label(ref, language) {
        const entity = ctx.model.entities.get(ref) ?? ctx.model.entityByPlural.get(ref)
        return entity ? termOf(wordsFor(ctx, language), entity) : { one: ref, many: ref }
      },
      isDryRun: ctx.isDryRun === true,
      effectKey: ctx.effectKey ?? null,
      as: (principal) => also(actingAs(ctx, manifest, principal, deps.abilityIn)),
      transaction: (work, more = {}) => inTransaction(deps, ctx, more, options, also, work),
      ...whileOpen(brokered, () => {
        signal.throwIfAborted()
        if (call.isOver) throw new StateConflictError('The handler has returned already.')
      }),
    } satisfies HandlerContext)
  }

  return callHandler
}

/** Undoes a transaction whose work went well. */
class DryRunEnd extends Error {
  readonly answer: unknown
  constructor(answer: unknown) {
    super('The dry run is undone.')
    this.answer = answer
  }
}

async function inTransaction<T>(
  deps: HandlerCallerDeps,
  ctx: RequestContext,
  {
    label,
    door,
    parent,
    isApart,
    isDryRun,
    origin,
    source,
  }: NonNullable<Parameters<HandlerContext['transaction']>[1]>,
  options: CallOptions,
  contextOf: (ctx: RequestContext) => HandlerContext,
  work: (inside: HandlerContext) => Promise<T>,
): Promise<T> {
  const isOwn = isApart || origin !== undefined
  const joined = options.change && !ctx.changeSet && !isOwn ? await options.change.join(ctx) : ctx
  const began = {
    ...joined,
    ...(isOwn ? { changeSet: null } : {}),
    ...(isDryRun ? { isDryRun } : {}),
  }
  try {
    const answer = await deps.writer.transaction(
      began,
      async (inner) => {
        if (isDryRun && !ctx.tx) inner.tx.later(transactionTimeout(longestDryRunMs))
        const done = await work(contextOf(inner))
        if (isDryRun) throw new DryRunEnd(done)
        return done
      },
      { label, door, origin, source, ...(parent === undefined ? {} : { parentId: parent }) },
    )
    if (!ctx.tx) deps.queue.wake()
    return answer
  } catch (error) {
    if (isDryRun && error instanceof DryRunEnd) return error.answer as T
    throw error
  }
}

function timeoutOf(manifest: Manifest, name: string, options: CallOptions): number {
  const usual = manifest.handlers?.[name]?.timeoutMs ?? options.usualMs ?? usualTimeoutMs
  return Math.min(usual, options.mostMs ?? usual)
}

/** An error of a plugin names entities as the organisation calls them. */
function inTermsOf(ctx: RequestContext, plugin: string, error: RunwayError): RunwayError {
  error.message = inTerms(ctx, plugin, error.message)
  const errors = error.errors?.map((issue) => ({
    ...issue,
    message: inTerms(ctx, plugin, issue.message),
  }))
  return errors ? Object.assign(error, { errors }) : error
}

/** Trusted code cannot be stopped; nobody waits for it any longer, and its context is closed. */
function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}

/** The same functions, each of which asks first whether the call is still on. Most of them are never looked at. */
function whileOpen<T extends object>(api: T, assertOpen: () => void): T {
  const refuse = () => false
  const guard: ProxyHandler<object> = {
    get: (target, name) => guarded(Reflect.get(target, name)),
    ...{ set: refuse, defineProperty: refuse, deleteProperty: refuse },
  }
  const guarded = (value: unknown): unknown => {
    if (typeof value === 'object' && value !== null) return new Proxy(value, guard)
    if (typeof value !== 'function') return value
    return (...args: unknown[]): unknown => {
      assertOpen()
      return value(...args)
    }
  }
  return Object.fromEntries(Object.entries(api).map(([name, value]) => [name, guarded(value)])) as T
}

function logFor(log: Log, ctx: RequestContext, plugin: string): Log {
  const about = { plugin, orgId: ctx.org.id, traceId: ctx.traceId }
  const at =
    (level: keyof Log): Log['info'] =>
    (message, details) =>
      log[level](message, { ...details, ...about })
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

/** What decides how a text reads: in the organisation's language, or in another one. */
function wordsFor({ model, org }: RequestContext, locale = org.locale): Words {
  return { model, org: { locale } }
}
