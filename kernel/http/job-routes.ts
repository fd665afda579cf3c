import { NotFoundError, StateConflictError } from '@runwaycrm/sdk'
import type { JobList } from '../jobs/list-jobs.ts'
import type { ChangeJobs } from './change-job.ts'
import type { Call, RouteDeclaration } from './route.ts'

export interface JobRoutesDeps {
  readonly jobs: JobList
  readonly changeJobs: Pick<ChangeJobs, 'cancel'>
}

/** Long work of whoever asks; admins see what the platform does to their organisation besides. */
export function jobRoutes({ jobs, changeJobs }: JobRoutesDeps): RouteDeclaration[] {
  const shared = { auth: 'principal', permission: null, tag: 'jobs', rate: 'normal' } as const
  const own = (call: Call) => {
    const { org, principal, ability, now } = call.context()
    const withSystem = ability.allows('studio:read')
    return jobs(org.id, principal, { now, withSystem })
  }
  return [
    {
      ...shared,
      method: 'GET',
      path: '/jobs',
      summary: 'Long work of one’s own that waits, runs or ended within the hour',
      idempotency: 'safe',
      query: {},
      body: null,
      response: { 200: { type: 'object' } },
      handler: async (call) => ({ status: 200, body: { data: await own(call) } }),
    },
    {
      ...shared,
      method: 'POST',
      path: '/jobs/:id/cancel',
      summary: 'Stop a change of all matching records; what is written stays and can be reverted',
      idempotency: 'natural',
      query: {},
      body: { type: 'object', additionalProperties: false },
      bodyOptional: true,
      response: { 200: { type: 'object' } },
      handler: async (call) => {
        const ctx = call.context()
        const job = (await own(call)).find(({ id }) => id === call.params['id']?.toLowerCase())
        if (!job) throw new NotFoundError()
        if (job.changeSetId === null)
          throw new StateConflictError('This work is stopped where it was begun, or not at all.')
        if (!(await changeJobs.cancel(ctx, job)))
          throw new StateConflictError('It has ended already; revert its change set to undo it.')
        return { status: 200, body: { ...job, state: 'cancelled' } }
      },
    },
  ]
}
