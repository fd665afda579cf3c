import type { ConditionRun, Operand } from '../access/condition-tree.ts'
import type { RequestContext } from '../context/request-context.ts'

/** What a prepared query is run for. */
export interface QueryRun {
  readonly ctx: RequestContext
  /** Right sides of the leaves of the request's conditions, in the order of the leaves. */
  readonly operands: readonly Operand[]
  /** Ids, positions of a cursor and the like, by the place that the query gave them. */
  readonly values: readonly unknown[]
}

/** Where the value of one parameter comes from when the query is run. */
export type Slot = (run: QueryRun) => unknown

/** The parameters of a statement while its text is being put together. */
export interface Params {
  readonly slots: readonly Slot[]
  /** @returns the placeholder, `$3`. */
  add(slot: Slot): string
  /** The same placeholder for the same key. */
  share(key: string, slot: Slot): string
}

/** @param used how many parameters the statement has already. */
export function createParams(used = 0): Params {
  const slots: Slot[] = []
  const shared = new Map<string, string>()
  const add = (slot: Slot) => {
    slots.push(slot)
    return `$${used + slots.length}`
  }
  return {
    slots,
    add,
    share(key, slot) {
      let placeholder = shared.get(key)
      if (placeholder === undefined) {
        placeholder = add(slot)
        shared.set(key, placeholder)
      }
      return placeholder
    },
  }
}

export function valuesOf(slots: readonly Slot[], run: QueryRun): unknown[] {
  const values = new Array<unknown>(slots.length)
  for (let index = 0; index < slots.length; index++) values[index] = slots[index]!(run)
  return values
}

/** For conditions that a request brought. */
export function requestRun({ principal, now, org }: RequestContext): ConditionRun {
  const { userId, teammates } = principal
  return { userId, teammates, now, timeZone: org.timeZone }
}

/** For conditions of the ability: its principal decides, also when somebody acts on their behalf. */
export function abilityRun(ctx: RequestContext): ConditionRun {
  const { userId, teammates } = ctx.ability.principal ?? ctx.principal
  return { userId, teammates, now: ctx.now, timeZone: ctx.org.timeZone }
}
