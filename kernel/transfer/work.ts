import type { Statement, Tx } from '../database/postgres.ts'
import type { Queue } from '../jobs/queue.ts'
import { convertFieldJob } from '../records/convert-fields.ts'
import { fillSlotsJob } from '../records/fill-slots.ts'
import { isObject, refused } from './lines.ts'
import type { Work } from './org-file.ts'

/** Without these an index would stay incomplete, and values that a new type waits for would not come. */
const carried: readonly string[] = [convertFieldJob, fillSlotsJob]
const runAs = { type: 'system', id: null, userId: null, name: 'Import' } as const

export function selectWork(orgId: string): Statement {
  return {
    text: `select job, payload from tenant.job
      where org_id = $1 and plugin = 'kernel' and job = any($2) and state in ('ready', 'running') order by id`,
    values: [orgId, carried],
  }
}

/** Begins it again; it is done once the import is. @throws InvalidError */
export async function resumeWork(
  tx: Tx,
  queue: Pick<Queue, 'enqueue'>,
  orgId: string,
  work: unknown,
): Promise<void> {
  const jobs = (Array.isArray(work) ? work : []).map((one: unknown) => {
    const { job, payload } = (isObject(one) ? one : {}) as Partial<Work>
    if (job === undefined || !carried.includes(job)) throw refused(`Nobody does "${String(job)}".`)
    return { plugin: 'kernel', job, payload: payload ?? {}, runAs }
  })
  await queue.enqueue(orgId, jobs, tx)
}
