import {
  type ActionDefinition,
  type ActionSummary,
  ApprovalUnavailableError,
  ForbiddenError,
  type GuardCall,
  InternalError,
  InvalidError,
  type Log,
  NotFoundError,
  RunwayError,
} from '@runwaycrm/sdk'
import { actorOf, type RequestContext } from '../context/request-context.ts'
import { isUuid } from '../database/uuid.ts'
import { canonicalJson, sha256 } from '../model/canonical-json.ts'
import type { Contribution, Entity } from '../model/model.ts'
import { inOwnLanguage, wordsIn, wordsOf } from '../model/words.ts'
import {
  type ActionRecords,
  authorise,
  labelOf,
  mayRun,
  needsApproval,
  placeRecords,
} from './authorise.ts'
import type { CallHandler } from './call-handler.ts'
import { type ChangeScope, type ChangeSets, createChangeScope } from './change-scope.ts'
import { checkInput, checkOutput } from './check-values.ts'
import { askGuards, type GuardOutcome } from './guards.ts'
import type { ActionTrace, Trace } from './trace.ts'

type Action = Contribution<ActionDefinition>

export type ActionAnswer =
  | {
      readonly output: unknown
      /** What it wrote, to be taken back as one; absent when it wrote nothing, or joined another deed. */
      readonly changeSetId?: string
    }
  | { readonly approvalId: string; readonly expiresAt: string }

/** An action as its caller may know it. */
export interface ActionInfo {
  readonly ref: string
  readonly label: string
  readonly description: string
  readonly icon?: string
  readonly order: number
  readonly risk: ActionDefinition['risk']
  readonly input: object
  readonly on: { readonly entity: string; readonly as: string; readonly multiple: boolean } | null
  /** Entities of which it makes records, where it is on none. */
  readonly makes?: readonly string[]
  /** Members of the answer that are in no other: whoever runs it must see them. */
  readonly shownOnce?: readonly string[]
}

export interface ActionDetail extends ActionInfo {
  /** JSON Schema of the answer, with its words. */
  readonly output: object
}

export interface RunOptions {
  /** The deed that this one is part of: its writes join that change set. */
  readonly change?: ChangeScope
  readonly depth?: number
}

export interface Actions {
  /**
   * Every deed goes through here, whatever door it came by.
   *
   * @throws NotFoundError, InvalidError, ScopeMissingError, ForbiddenError, ApprovalUnavailableError,
   *   what a guard denies with, and what the handler throws.
   */
  run(
    ctx: RequestContext,
    ref: string,
    input: unknown,
    records?: ActionRecords | null,
    options?: RunOptions,
  ): Promise<ActionAnswer>
  /** What the principal may run, in order. */
  list(ctx: RequestContext): readonly ActionInfo[]
  /** The same with what each answers. */
  describe(ctx: RequestContext): readonly ActionDetail[]
}

export interface ActionsDeps {
  readonly callHandler: CallHandler
  readonly writer: ChangeSets
  /** The ids among these that the principal may read. */
  readonly visibleIds: (
    ctx: RequestContext,
    entity: Entity,
    ids: readonly string[],
  ) => Promise<ReadonlySet<string>>
  readonly trace: Trace
  readonly log: Log
  readonly now?: () => Date
}

/** Validate, authorise, guard, run, validate, record, trace. */
export function createActions(deps: ActionsDeps): Actions {
  const now = deps.now ?? (() => new Date())

  async function perform(
    ctx: RequestContext,
    action: Action,
    call: {
      readonly input: unknown
      readonly hash: string
      readonly records: ActionRecords | null
    },
    change: ChangeScope,
    depth: number,
  ): Promise<ActionAnswer> {
    await checkRecords(ctx, action, call.records)
    const outcome = await guard(ctx, action, call)
    if (outcome.decision === 'defer') {
      return { approvalId: outcome.approvalId, expiresAt: outcome.expiresAt }
    }
    const { plugin, definition } = action
    const acting = Object.freeze({ ...ctx, door: 'action' as const })
    const output = await deps.callHandler(acting, plugin, definition.handler, call.input, {
      change,
      depth,
    })
    const issues = checkOutput(definition.output, output)
    if (issues.length > 0) {
      throw new InternalError(undefined, { details: { action: action.ref, output: issues } })
    }
    return { output }
  }

  /** Missing and invisible are one and the same answer. */
  async function checkRecords(
    ctx: RequestContext,
    action: Action,
    records: ActionRecords | null,
  ): Promise<void> {
    const entity = records && ctx.model.entities.get(records.entity)
    if (!records || !entity) return
    const ids = records.ids.filter(isUuid)
    const visible = ids.length > 0 ? await deps.visibleIds(ctx, entity, ids) : new Set<string>()
    const message = 'There is no such record, or you may not read it.'
    const errors = records.ids.flatMap((id, index) => {
      if (visible.has(id)) return []
      const { as, multiple } = action.definition.on!
      return [
        {
          path: multiple ? `input.${as}[${index}]` : `input.${as}`,
          code: 'UNKNOWN_RECORD' as const,
          message,
        },
      ]
    })
    if (errors.length > 0) throw new InvalidError(message, { errors })
  }

  async function guard(
    ctx: RequestContext,
    action: Action,
    call: {
      readonly input: unknown
      readonly hash: string
      readonly records: ActionRecords | null
    },
  ): Promise<GuardOutcome> {
    const { definition } = action
    const isApproved = !needsApproval(definition, ctx.principal)
    const approvals = [...ctx.model.services.values()].find(
      (service) => service.definition.interface === 'approvals',
    )
    if (!isApproved && !approvals) throw new ApprovalUnavailableError()
    const question: GuardCall = {
      action: action.ref,
      risk: definition.risk as GuardCall['risk'],
      input: call.input,
      inputHash: call.hash,
      principal: ctx.principal,
      records: call.records,
      approval: isApproved ? (definition.approval ?? null) : 'always',
    }
    const outcome = await askGuards(deps, ctx, question)
    // Whoever offers approvals has to have been asked: silence is no consent.
    if (!isApproved && outcome.decision === 'allow' && !outcome.by.has(approvals!.plugin)) {
      throw new ForbiddenError('This needs an approval, and nobody was asked for it.')
    }
    return outcome
  }

  return {
    async run(ctx, ref, input, records = null, options = {}) {
      const action = ctx.model.actions.get(ref)
      if (!action) throw new NotFoundError('There is no such action.')
      const begun = performance.now()
      const at = now()
      const change =
        options.change ??
        createChangeScope(deps.writer, {
          label: labelOf(inOwnLanguage(ctx), action),
          door: 'action',
        })
      let hash = ''
      let answer: ActionAnswer | null = null
      let failure: unknown = null
      try {
        // Who may not do it is not told what it would take.
        authorise(ctx, action)
        const placed = placeRecords(ctx, action, input ?? {}, records)
        hash = sha256(canonicalJson(placed.input) ?? '')
        const checked = checkInput(action.definition.input, placed.input, 'input')
        const call = { input: checked, hash, records: placed.records }
        answer = await perform(ctx, action, call, change, options.depth ?? 0)
      } catch (error) {
        failure = error
        throw error
      } finally {
        if (!options.change) await change.close()
        deps.trace.note(ctx.org.id, {
          action: ref,
          actor: actorOf(ctx.principal),
          door: ctx.door,
          ...outcomeOf(answer, failure),
          ms: performance.now() - begun,
          inputHash: hash,
          changeSetId: change.id,
          traceId: ctx.traceId,
          at,
        })
      }
      // Only a closed one is known to hold something.
      const isOwn = !options.change && change.id !== null
      return isOwn && 'output' in answer ? { ...answer, changeSetId: change.id } : answer
    },

    list: (ctx) => offered(ctx, (action) => infoOf(ctx, action)),
    describe: (ctx) =>
      offered(ctx, (action) => {
        const { plugin, key, definition } = action
        const output = wordsIn(ctx, plugin, `actions.${key}.output`, definition.output)
        return { ...infoOf(ctx, action), output }
      }),
  }
}

function outcomeOf(
  answer: ActionAnswer | null,
  failure: unknown,
): Pick<ActionTrace, 'outcome' | 'code'> {
  if (answer) return { outcome: 'output' in answer ? 'done' : 'deferred', code: null }
  if (!(failure instanceof RunwayError)) return { outcome: 'failed', code: null }
  return { outcome: failure.status < 500 ? 'refused' : 'failed', code: failure.code }
}

/** What it is, for plugins that run any of them. */
export function summaryOf(ctx: RequestContext, action: Action): ActionSummary {
  const { risk, approval, cost, on } = action.definition
  return {
    ref: action.ref,
    cost: cost ?? null,
    label: labelOf(ctx, action),
    risk: risk as ActionSummary['risk'],
    approval: approval ?? null,
    on: on ? { entity: on.entity, as: on.as, multiple: on.multiple ?? false } : null,
  }
}

/** What the principal may run, as it is told, in order. */
function offered<T extends ActionInfo>(ctx: RequestContext, tell: (action: Action) => T): T[] {
  return [...ctx.model.actions.values()]
    .filter((action) => !action.definition.hidden && mayRun(ctx, action))
    .map(tell)
    .sort((a, b) => a.order - b.order || (a.ref < b.ref ? -1 : 1))
}

function infoOf(ctx: RequestContext, action: Action): ActionInfo {
  const { ref, plugin, key, definition } = action
  const { icon, order = 1000, risk, on } = definition
  const shownOnce = shownOnceIn(definition.output)
  const makes = on ? [] : madeBy(definition)
  return {
    ref,
    label: labelOf(ctx, action),
    description: wordsOf(ctx, plugin, `actions.${key}.description`, definition.description),
    ...(icon === undefined ? {} : { icon }),
    order,
    risk,
    input: wordsIn(ctx, plugin, `actions.${key}.input`, definition.input),
    on: on ? { entity: on.entity, as: on.as, multiple: on.multiple ?? false } : null,
    ...(makes.length > 0 ? { makes } : {}),
    ...(shownOnce.length > 0 ? { shownOnce } : {}),
  }
}

const madeBy = ({ needs = {} }: ActionDefinition): readonly string[] =>
  Object.keys(needs).filter((entity) => needs[entity]?.includes('create'))

function shownOnceIn(output: object): readonly string[] {
  const { properties = {} } = output as { readonly properties?: Readonly<Record<string, object>> }
  return Object.keys(properties).filter((name) => 'x-shown-once' in properties[name]!)
}
