import {
  type FieldValues,
  type HookChange,
  type HookOutcome,
  InternalError,
  InvalidError,
  StateConflictError,
} from '@runwaycrm/sdk'
import type { RequestContext } from '../context/request-context.ts'
import type { Entity } from '../model/model.ts'

export type HookOperation = HookChange['operation']

/** The hooks of plugins on an entity, in order, as the writer calls them. */
export interface HookRunner {
  applies(ctx: RequestContext, entity: Entity, operation: HookOperation): boolean
  /**
   * Calls each hook with the values as the earlier ones left them. Synchronous: hooks do no I/O.
   *
   * @returns what they set in all.
   * @throws InvalidError or StateConflictError when one refuses, InternalError when one is late.
   */
  run(ctx: RequestContext, entity: Entity, change: HookChange): FieldValues
}

export interface HookRunnerDeps {
  /** Calls one hook of the model; `ref` is its contribution's. */
  readonly call: (
    ctx: RequestContext,
    ref: string,
    plugin: string,
    handler: string,
    change: HookChange,
  ) => HookOutcome | undefined
  readonly clock?: () => number
}

/** A hook runs inside a transaction that holds locks, so it has to be quick. */
const limitMs = 50

/** Of this thread: on a busy machine a hook may wait hundreds of milliseconds through no fault of its own. */
function cpuTimeMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

export function createHookRunner({ call, clock = cpuTimeMs }: HookRunnerDeps): HookRunner {
  const hooksOf = (ctx: RequestContext, entity: Entity, operation: HookOperation) =>
    (ctx.model.hooks.get(entity.ref) ?? []).filter((hook) => hook.definition.before === operation)

  return {
    applies: (ctx, entity, operation) => hooksOf(ctx, entity, operation).length > 0,
    run(ctx, entity, change) {
      let values = change.values
      let set: FieldValues = {}
      for (const hook of hooksOf(ctx, entity, change.operation)) {
        const begin = clock()
        const outcome = call(ctx, hook.ref, hook.plugin, hook.definition.handler, {
          ...change,
          values,
        })
        const tookMs = clock() - begin
        if (tookMs > limitMs)
          throw new InternalError(undefined, { details: { hook: hook.ref, tookMs, limitMs } })
        if (outcome?.refuse) throw refusal(outcome.refuse)
        if (outcome?.set) {
          set = { ...set, ...outcome.set }
          values = { ...values, ...outcome.set }
        }
      }
      return set
    },
  }
}

/** For tests and for deployments without hooks. */
export const noHooks: HookRunner = { applies: () => false, run: () => ({}) }

function refusal({ message, field }: { message: string; field?: string }): Error {
  if (!field) return new StateConflictError(message)
  return new InvalidError(message, { errors: [{ path: field, code: 'BAD_FORMAT', message }] })
}
