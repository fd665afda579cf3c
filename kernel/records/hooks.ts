import {
  type AfterChange,
  type FieldValues,
  type HookChange,
  type HookOutcome,
  InternalError,
  InvalidError,
  StateConflictError,
} from '@runwaycrm/sdk'
import type { RequestContext } from '../context/request-context.ts'
import type { Entity } from '../model/model.ts'
import { inTerms } from '../model/words.ts'

export type HookOperation = HookChange['operation']
export type AfterOperation = AfterChange['operation']

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
  appliesAfter(ctx: RequestContext, entity: Entity, operation: AfterOperation): boolean
  /** Calls those that follow a write, one after the other. What they throw goes to the caller. */
  runAfter(ctx: RequestContext, entity: Entity, change: AfterChange): Promise<void>
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
  /** Calls one that follows a write; it may read and write records in the transaction of the context. */
  readonly callAfter?: (
    ctx: RequestContext,
    plugin: string,
    handler: string,
    change: AfterChange,
  ) => Promise<void>
  readonly clock?: () => number
}

/** A hook runs inside a transaction that holds locks, so it has to be quick. */
const limitMs = 50

/** Of this thread: on a busy machine a hook may wait hundreds of milliseconds through no fault of its own. */
function cpuTimeMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

export function createHookRunner({
  call,
  callAfter = async () => {},
  clock = cpuTimeMs,
}: HookRunnerDeps): HookRunner {
  const hooksOf = (
    ctx: RequestContext,
    entity: Entity,
    when: 'before' | 'after',
    operation: HookOperation | AfterOperation,
  ) =>
    (ctx.model.hooks.get(entity.ref) ?? []).filter(
      ({ definition }) => definition[when] === operation,
    )

  return {
    appliesAfter: (ctx, entity, operation) => hooksOf(ctx, entity, 'after', operation).length > 0,
    async runAfter(ctx, entity, change) {
      for (const { plugin, definition } of hooksOf(ctx, entity, 'after', change.operation))
        await callAfter(ctx, plugin, definition.handler, change)
    },
    applies: (ctx, entity, operation) => hooksOf(ctx, entity, 'before', operation).length > 0,
    run(ctx, entity, change) {
      let values = change.values
      let set: FieldValues = {}
      for (const hook of hooksOf(ctx, entity, 'before', change.operation)) {
        const begin = clock()
        const outcome = call(ctx, hook.ref, hook.plugin, hook.definition.handler, {
          ...change,
          values,
        })
        const tookMs = clock() - begin
        if (tookMs > limitMs)
          throw new InternalError(undefined, { details: { hook: hook.ref, tookMs, limitMs } })
        if (outcome?.refuse) {
          const message = inTerms(ctx, hook.plugin, outcome.refuse.message)
          throw refusal({ ...outcome.refuse, message })
        }
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
export const noHooks: HookRunner = {
  applies: () => false,
  run: () => ({}),
  appliesAfter: () => false,
  runAfter: async () => {},
}

function refusal({ message, field }: { message: string; field?: string }): Error {
  if (!field) return new StateConflictError(message)
  return new InvalidError(message, { errors: [{ path: field, code: 'BAD_FORMAT', message }] })
}
