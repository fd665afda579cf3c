import type { HandlerContext } from '@runwaycrm/sdk'
import { workflowsOf } from './definitions.ts'
import { startRuns } from './start-runs.ts'

/** A schedule of a workflow is due: `t:report#triggers/monthly/settings/cron`. */
export async function tick(
  { schedule, tick: due }: { readonly schedule: string; readonly tick: string },
  ctx: HandlerContext,
): Promise<void> {
  const [ref = '', place = ''] = schedule.split('#')
  const key = place.split('/')[1] ?? ''
  const workflow = workflowsOf(ctx).get(ref)
  if (!workflow?.triggers?.[key]) return
  await startRuns(ctx, [
    {
      ...{ ref, workflow, subject: null, depth: 1 },
      origin: { trigger: key, type: 'schedule', at: due },
      // Handed on twice, it is the same run.
      cause: `${ref} ${key} ${due}`,
    },
  ])
}
