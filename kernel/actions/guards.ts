import {
  errorClasses,
  ForbiddenError,
  type GuardCall,
  type GuardDecision,
  type GuardDefinition,
  type Log,
  type RunwayError,
} from '@runwaycrm/sdk'
import type { RequestContext } from '../context/request-context.ts'
import type { Contribution } from '../model/model.ts'
import { type CallHandler, HandlerMissingError } from './call-handler.ts'

type Guard = Contribution<GuardDefinition>

export type GuardOutcome =
  | {
      readonly decision: 'allow'
      /** Plugins whose guards were asked. */
      readonly by: ReadonlySet<string>
    }
  | Extract<GuardDecision, { decision: 'defer' }>

const mostMs = 2_000
const ordered = new WeakMap<object, readonly Guard[]>()

/**
 * Asks the guards of the model, the lowest order first. All have to allow. One that throws, is too late
 * or answers something else denies, and so does one that is required and whose code is not there.
 *
 * @throws the error of the code that the guard names; ForbiddenError when a guard failed.
 */
export async function askGuards(
  deps: { readonly callHandler: CallHandler; readonly log: Log },
  ctx: RequestContext,
  call: GuardCall,
): Promise<GuardOutcome> {
  const by = new Set<string>()
  for (const guard of inOrder(ctx.model.guards)) {
    const { risks, required, handler } = guard.definition
    if (risks && !risks.includes(call.risk)) continue
    let answer: unknown
    try {
      answer = await deps.callHandler(ctx, guard.plugin, handler, call, { mostMs })
    } catch (error) {
      if (error instanceof HandlerMissingError && !required) continue
      throw failed(deps.log, guard, call, error)
    }
    if (!isDecision(answer)) throw failed(deps.log, guard, call, 'no decision')
    if (answer.decision === 'deny') throw denial(answer)
    if (answer.decision === 'defer') return answer
    by.add(guard.plugin)
  }
  return { decision: 'allow', by }
}

/** Equal orders go by reference, so that every node asks in the same order. */
function inOrder(guards: ReadonlyMap<string, Guard>): readonly Guard[] {
  let list = ordered.get(guards)
  if (!list) {
    list = [...guards.values()].sort(
      (a, b) => a.definition.order - b.definition.order || (a.ref < b.ref ? -1 : 1),
    )
    ordered.set(guards, list)
  }
  return list
}

function isDecision(answer: unknown): answer is GuardDecision {
  const { decision, code, status, reason, approvalId, expiresAt } = (answer ?? {}) as Record<
    string,
    unknown
  >
  switch (decision) {
    case 'allow':
      return true
    case 'deny':
      return (
        typeof code === 'string' &&
        typeof status === 'number' &&
        status >= 400 &&
        status < 500 &&
        typeof reason === 'string'
      )
    case 'defer':
      return typeof approvalId === 'string' && typeof expiresAt === 'string'
    default:
      return false
  }
}

const classOf = new Map(errorClasses.map((Class) => [new Class().code, Class]))

/** A code that the public surface does not know becomes FORBIDDEN; the reason stays. */
function denial({ code, status, reason }: Extract<GuardDecision, { decision: 'deny' }>) {
  const Class = classOf.get(code)
  const error = Class ? new Class(reason) : null
  return error?.status === status
    ? error
    : new ForbiddenError(reason, { details: { code, status } })
}

function failed(log: Log, guard: Guard, call: GuardCall, error: unknown): RunwayError {
  log.error('a guard failed, so the action was denied', {
    guard: guard.ref,
    action: call.action,
    error,
  })
  return new ForbiddenError('A check of this action did not give an answer, so it was not run.', {
    details: { guard: guard.ref },
    cause: error,
  })
}
