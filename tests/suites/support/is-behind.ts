import type pg from 'pg'

/**
 * Whether something of an organisation is still on its way: an event without a number, one that search has not
 * heard of, a job that could run. A machine that is busy may be silent for a while and not be done.
 */
export async function isBehind(admin: pg.ClientBase, orgId: string): Promise<boolean> {
  const { rows } = await admin.query<{ behind: boolean }>(
    `select exists (select from tenant.outbox o where o.org_id = $1 and o.seq is null)
      or exists (select from directory.org_stream e left join directory.search_stream s using (org_id)
        where e.org_id = $1 and e.seq > coalesce(s.seq, 0))
      or exists (select from directory.ready_job j where j.org_id = $1 and j.due <= now()) as behind`,
    [orgId],
  )
  return rows[0]!.behind
}
