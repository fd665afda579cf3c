import {
  type ActionDefinition,
  ForbiddenError,
  invalidAt,
  type Principal,
  ScopeMissingError,
} from '@runwaycrm/sdk'
import { covers, type Operation } from '../access/resolve-rules.ts'
import type { RequestContext } from '../context/request-context.ts'
import type { Contribution } from '../model/model.ts'
import { wordsOf } from '../model/words.ts'

type Action = Contribution<ActionDefinition>

/** What the organisation calls the action. */
export function labelOf(ctx: RequestContext, { plugin, key, definition }: Action): string {
  return wordsOf(ctx, plugin, `actions.${key}.label`, definition.label)
}

/** The records that an action is to work on. */
export interface ActionRecords {
  readonly entity: string
  readonly ids: readonly string[]
}

/** Whether the principal may run it at all, on whatever records. */
export function mayRun(ctx: RequestContext, action: Action): boolean {
  return (
    isPermitted(ctx, action) &&
    needsOf(action).every(([entity, operation]) => ctx.ability.can(operation, entity))
  )
}

/**
 * @throws ScopeMissingError when the key was not given it; ForbiddenError with the reason.
 */
export function authorise(ctx: RequestContext, action: Action): void {
  const permission = `actions:${action.ref}`
  const { principal, ability } = ctx
  if (!isPermitted(ctx, action)) {
    if (principal.scopes && !covers(principal.scopes, permission)) {
      throw new ScopeMissingError(`The key lacks the scope ${permission}.`)
    }
    throw new ForbiddenError(`Your role does not allow "${labelOf(ctx, action)}".`)
  }
  for (const [entity, operation] of needsOf(action)) {
    if (ability.can(operation, entity)) continue
    const scope = ability.missingScope(operation, entity)
    if (scope !== null) throw new ScopeMissingError(`The key lacks the scope ${scope}.`)
    throw new ForbiddenError(
      ability.reason(operation, entity, null) ?? `This needs the right to ${operation} ${entity}.`,
    )
  }
}

/** By name, or because it only reads and the role allows all of those. */
function isPermitted({ ability }: RequestContext, { ref, definition }: Action): boolean {
  return (
    ability.allows(`actions:${ref}`) ||
    (definition.risk === 'read' && ability.allows('actions:read'))
  )
}

function needsOf(action: Action): [entity: string, operation: Operation][] {
  return Object.entries(action.definition.needs ?? {}).flatMap(([entity, operations]) =>
    operations.map((operation): [string, Operation] => [entity, operation as Operation]),
  )
}

/**
 * Whether a person has to say yes first. What the definition says holds; without it, agents may not
 * touch the outside world or destroy something alone.
 */
export function needsApproval(definition: ActionDefinition, principal: Principal): boolean {
  if (definition.approval) return definition.approval === 'always'
  const isRisky = definition.risk === 'external' || definition.risk === 'destructive'
  return isRisky && principal.type === 'agent'
}

/**
 * Puts the records of a call where the action takes them.
 *
 * @returns the input, and the records that it names.
 * @throws InvalidError when the action works on others, on one at a time or on none.
 */
export function placeRecords(
  ctx: RequestContext,
  action: Action,
  input: unknown,
  records: ActionRecords | null,
): { readonly input: unknown; readonly records: ActionRecords | null } {
  const { on } = action.definition
  if (!records) return { input, records: on ? recordsIn(on, input) : null }
  if (!on || on.entity !== records.entity) {
    throw wrongRecords('entity', `"${labelOf(ctx, action)}" does not work on these records.`)
  }
  if (!on.multiple && records.ids.length !== 1) {
    throw wrongRecords('ids', `"${labelOf(ctx, action)}" works on one record at a time.`)
  }
  const ids = on.multiple ? records.ids : records.ids[0]
  return { input: { ...(input as object), [on.as]: ids }, records }
}

function recordsIn(on: NonNullable<ActionDefinition['on']>, input: unknown): ActionRecords | null {
  const value = (input as Record<string, unknown> | null)?.[on.as]
  const ids = (Array.isArray(value) ? value : [value]).filter((id) => typeof id === 'string')
  return ids.length > 0 ? { entity: on.entity, ids } : null
}

function wrongRecords(property: string, message: string) {
  return invalidAt(`records.${property}`, 'OUT_OF_RANGE', message)
}
