import type { HandlerContext } from '@runwaycrm/sdk'
import { action } from './action.ts'
import { choose, condition, setVariables, stop } from './flow.ts'
import { formula } from './formula.ts'
import { notify } from './notify.ts'
import { http, sendMail } from './outside.ts'
import { forEach, parallel, runWorkflow } from './parts.ts'
import { createRecord, deleteRecord, findRecords, updateRecord } from './records.ts'
import { serviceStep } from './service-step.ts'
import { StepError, type StepExecutor } from './step-call.ts'
import { wait, waitForEvent } from './wait.ts'

const own = 'platform.workflows'

/** Those that the engine itself carries out. */
const executors: Readonly<Record<string, StepExecutor>> = {
  [`${own}:action`]: action,
  [`${own}:condition`]: condition,
  [`${own}:switch`]: choose,
  [`${own}:set`]: setVariables,
  [`${own}:formula`]: formula,
  [`${own}:stop`]: stop,
  [`${own}:wait`]: wait,
  [`${own}:wait-for-event`]: waitForEvent,
  [`${own}:create-record`]: createRecord,
  [`${own}:update-record`]: updateRecord,
  [`${own}:delete-record`]: deleteRecord,
  [`${own}:find-records`]: findRecords,
  [`${own}:parallel`]: parallel,
  [`${own}:for-each`]: forEach,
  [`${own}:run-workflow`]: runWorkflow,
  [`${own}:http`]: http,
  [`${own}:mail`]: sendMail,
  [`${own}:notify`]: notify,
}

interface StepType {
  readonly label: string
  /** The service of the plugin that carries it out. */
  readonly service?: string
}

/** @throws StepError when no enabled plugin brings the type. */
export function executorOf(ctx: HandlerContext, type: string): StepExecutor {
  const found = executors[type]
  if (found) return found
  const { service } = ctx.model.contributions<StepType>('stepTypes').get(type) ?? {}
  if (!service) throw new StepError('NOT_FOUND', `No enabled plugin brings the step "${type}".`)
  return serviceStep(service)
}
