import { done, StepError, type StepExecutor, settingsOf } from './step-call.ts'

interface ActionSettings {
  readonly action?: string
  readonly input?: Readonly<Record<string, unknown>>
}

/** Any action of the model. What only reads and writes records is committed with the step's result. */
export const action: StepExecutor = {
  where(call, ctx) {
    const { action: ref = '' } = (call.step.settings ?? {}) as ActionSettings
    return ctx.model.action(ref)?.risk === 'external' ? 'outside' : 'inside'
  },
  async run(call, ctx) {
    const { action: ref, input = {} } = settingsOf<ActionSettings>(call)
    const info = ref === undefined ? null : ctx.model.action(ref)
    if (!ref || !info) {
      throw new StepError('NOT_FOUND', `No enabled plugin has the action "${ref ?? ''}".`)
    }
    const { subject } = call.row
    const { on } = info
    const isImplied = on !== null && subject?.entity === on.entity && input[on.as] === undefined
    const whole = isImplied ? { ...input, [on.as]: on.multiple ? [subject.id] : subject.id } : input
    if (call.isDryRun && info.risk === 'external') {
      return { ...done({ assumed: true }), input: { action: ref, input: whole } }
    }
    const output = await ctx.actions.run(ref, whole, { effectKey: call.effectKey })
    return { ...done(output), input: { action: ref, input: whole } }
  },
}
