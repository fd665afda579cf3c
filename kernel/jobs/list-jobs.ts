import type { Principal } from '@runwaycrm/sdk'
import type { Database } from '../database/postgres.ts'
import { lowestUuidAt } from '../database/uuid.ts'

/** A job as whoever it runs for may know it. */
export interface ListedJob {
  readonly id: string
  /** `platform.imports:process`; those of the kernel begin with `kernel:`. */
  readonly job: string
  readonly state: 'waiting' | 'running' | 'done' | 'failed' | 'cancelled'
  readonly createdAt: string
  readonly finishedAt: string | null
  /** What the plugin calls its work: the id of an import, of an export. */
  readonly about: string | null
  readonly changeSetId: string | null
  readonly label: string | null
  /** Records written and to be written, where a change set counts them. */
  readonly done: number | null
  readonly total: number | null
  /** Records that were refused; the change set names them. */
  readonly failed: number | null
}

const shownMs = 24 * 3_600_000
/** How long one that has ended is still told of. */
const endedMinutes = 60
const most = 50

/** One's own jobs of the last day that wait, run or ended a moment ago, newest first. */
export function createJobList({ db }: { readonly db: Pick<Database, 'query'> }) {
  return async function list(
    orgId: string,
    { type, id }: Pick<Principal, 'type' | 'id'>,
    options: { readonly now: Date; readonly withSystem: boolean },
  ): Promise<readonly ListedJob[]> {
    const { rows } = await db.query<ListedJob>(orgId, {
      name: 'job_list',
      // Ids are uuidv7, so a day is a range of the primary key.
      text: `select j.id, j.plugin || ':' || j.job as job,
          case j.state when 'ready' then 'waiting' when 'dead' then 'failed' else j.state end as state,
          j.created_at as "createdAt", j.finished_at as "finishedAt",
          j.payload->>'id' as about, c.id as "changeSetId", c.label,
          (select sum(n.value::int)::int from jsonb_each_text(c.counts) n) as done,
          (c.job->>'matched')::int as total, (c.job->>'refused')::int as failed
        from tenant.job j
        left join tenant.change_set c on c.org_id = j.org_id
          and c.id = case j.plugin when 'kernel' then (j.payload->>'changeSetId')::uuid end
        where j.org_id = $1 and j.id > $2
          and ((j.run_as->>'type' = $3 and j.run_as->>'id' = $4)
            or ($5 and j.plugin = 'kernel' and j.run_as->>'type' = 'system'))
          and (j.finished_at is null or j.finished_at > now() - make_interval(mins => $6))
          and j.run_at <= now() + interval '1 minute'
        order by j.id desc limit $7`,
      values: [
        orgId,
        lowestUuidAt(options.now.getTime() - shownMs),
        type,
        id,
        options.withSystem,
        endedMinutes,
        most,
      ],
    })
    return rows
  }
}
export type JobList = ReturnType<typeof createJobList>
