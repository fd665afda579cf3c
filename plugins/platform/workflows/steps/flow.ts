import type { Rule } from '../definition.ts'
import { type Explained, ruleScope, testRule } from '../test-rule.ts'
import { done, type StepExecutor, settingsOf } from './step-call.ts'

/** Goes one of two ways. */
export const condition: StepExecutor = {
  where: 'memory',
  async run(call, ctx) {
    const { when, then, else: other } = (call.step.settings ?? {}) as Branches
    const why = await testRule(when, ruleScope(ctx, call.workflow, call.scope))
    const to = (why.holds ? then : other) ?? call.step.next ?? null
    return { ...done({ holds: why.holds }, { to }), why }
  },
}
interface Branches {
  readonly when?: Rule
  readonly then?: string
  readonly else?: string
}

/** Goes the way of the first case that holds. */
export const choose: StepExecutor = {
  where: 'memory',
  async run(call, ctx) {
    const { cases = {}, otherwise } = (call.step.settings ?? {}) as Cases
    const why: Record<string, Explained> = {}
    const ordered = Object.entries(cases).sort(
      ([a, one], [b, other]) => (one.order ?? 0) - (other.order ?? 0) || (a < b ? -1 : 1),
    )
    for (const [name, { when, to }] of ordered) {
      why[name] = await testRule(when, ruleScope(ctx, call.workflow, call.scope))
      if (why[name].holds) {
        return { ...done({ case: name }, { to: to ?? call.step.next ?? null }), why }
      }
    }
    return { ...done({ case: null }, { to: otherwise ?? call.step.next ?? null }), why }
  },
}
interface Cases {
  readonly cases?: Readonly<
    Record<string, { readonly when?: Rule; readonly to?: string; readonly order?: number }>
  >
  readonly otherwise?: string
}

/** Keeps values under names, for the steps that follow. */
export const setVariables: StepExecutor = {
  where: 'memory',
  run(call) {
    const { values = {} } = settingsOf<{ values?: Record<string, unknown> }>(call)
    return { ...done(values, { vars: values }), input: values }
  },
}

/** Ends the run, well or not. */
export const stop: StepExecutor = {
  where: 'memory',
  run(call) {
    const { result = null, fails, reason } = settingsOf<Stop>(call)
    const failure = fails ? reason || 'The workflow ended here as failed.' : undefined
    return done(result, { end: { result, ...(failure === undefined ? {} : { failure }) } })
  },
}
interface Stop {
  readonly result?: unknown
  readonly fails?: boolean
  readonly reason?: string
}
