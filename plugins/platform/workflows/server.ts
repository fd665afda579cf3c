import { defineHandlers } from '@runwaycrm/sdk'
import { alert } from './alert.ts'
import { cause } from './cause.ts'
import { dryRun } from './dry-run.ts'
import { hear, wanted } from './hear.ts'
import { cancel, park, pause, proceed, replay, retry, start } from './manage.ts'
import { cancelRun, listWorkflows, retryRun, runDetail, startWorkflow } from './routes.ts'
import { advanceRun } from './run-slice.ts'
import { sweepRuns } from './sweep-runs.ts'
import { tick } from './tick.ts'
import { undo } from './undo.ts'

export const handlers = defineHandlers({
  cause,
  wanted,
  hear,
  advanceRun,
  alert,
  park,
  sweepRuns,
  tick,
  start,
  cancel,
  pause,
  proceed,
  retry,
  replay,
  undo,
  dryRun,
  listWorkflows,
  startWorkflow,
  cancelRun,
  retryRun,
  runDetail,
})
