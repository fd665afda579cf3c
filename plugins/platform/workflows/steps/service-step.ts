import type { HandlerContext } from '@runwaycrm/sdk'
import type { WaitedEvent } from '../run-state.ts'
import { done, type StepExecutor, settingsOf } from './step-call.ts'

/** What a plugin's service answers that brings a step: `workflow-step.<name>`. */
export interface StepService {
  /** Inside the transaction of the step. */
  begin(input: StepServiceInput): Promise<StepServiceAnswer>
  /** What was waited for has come, or the time is over. */
  resume(
    input: StepServiceInput & {
      readonly payload: unknown
      readonly timedOut: boolean
    },
  ): Promise<StepServiceAnswer>
}
export interface StepServiceInput {
  readonly settings: unknown
  readonly run: string
  readonly workflow: { readonly ref: string; readonly label: string; readonly step: string }
  readonly record: { readonly entity: string; readonly id: string } | null
  readonly key: string
  readonly isDryRun: boolean
}
export type StepServiceAnswer =
  /** `to` names the step to go on with; null ends the run, and without it `next` follows. */
  | { readonly output: unknown; readonly to?: string | null }
  | {
      readonly wait: Partial<WaitedEvent> & {
        readonly event: string
        readonly until?: string | null
      }
    }

/** A step that another plugin brings, by a service of its own. */
export function serviceStep(name: string): StepExecutor {
  return {
    where: 'inside',
    async run(call, ctx: HandlerContext) {
      const settings = settingsOf(call)
      const service = ctx.as(null).services.get<StepService>(name, 1)
      const asked = {
        settings,
        run: call.row.run,
        workflow: {
          ref: call.row.workflow,
          label: call.workflow.label,
          step: call.step.label ?? call.key,
        },
        record: call.row.subject,
        key: call.effectKey,
        isDryRun: call.isDryRun,
      }
      const { resumed } = call.state
      const answer = resumed
        ? await service.resume({
            ...asked,
            payload: resumed.payload,
            timedOut: resumed.by === 'time',
          })
        : await service.begin(asked)
      if ('wait' in answer) {
        const { event, record = null, match = {}, until = resumed?.until ?? null } = answer.wait
        return {
          outcome: {
            kind: 'wait',
            waiting: { for: 'event', until, event: { event, record, match } },
          },
          input: settings,
        }
      }
      const to = answer.to === undefined ? {} : { to: answer.to }
      return { ...done(answer.output, to), input: settings }
    },
  }
}
