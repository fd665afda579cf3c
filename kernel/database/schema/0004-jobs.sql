-- Jobs, the relay of events, schedules, and the trace of actions.
-- What a job is and what happened lies in the tenant's own tables. The directory knows only which
-- organisation has something to do and when, so that workers find it without seeing what it is:
-- every function that looks over organisations answers with (org, id) pairs, and every function that
-- changes something for one organisation takes it from the signed context, never from a parameter.

-- Jobs -------------------------------------------------------------------------------------------

-- `lease_token` rises with every claim. Whoever holds an older one is refused: it was taken for dead.
-- `run_as` is {type, id, userId, name}; the rights are read again when the job runs.
create table tenant.job (
  org_id uuid not null,
  id uuid not null,
  plugin text not null,
  job text not null,
  payload jsonb,
  run_as jsonb not null,
  state text not null default 'ready'
    check (state in ('ready', 'running', 'done', 'dead', 'cancelled')),
  run_at timestamptz not null,
  attempts integer not null default 0,
  max_attempts integer not null check (max_attempts > 0),
  dedupe_key text,
  lease_token bigint,
  error text,
  trace_id text,
  created_at timestamptz not null default now(),
  finished_at timestamptz,
  primary key (org_id, id)
) with (fillfactor = 80);
call kernel.protect('tenant.job');
-- One waiting or running job per key: the key goes when the job ends. No index holds anything else that
-- changes, so that starting and ending a job rewrites none.
create unique index job_dedupe on tenant.job (org_id, dedupe_key, plugin, job)
  where dedupe_key is not null;

create table directory.ready_job (
  org_id uuid not null,
  id uuid not null,
  due timestamptz not null,
  lease_until timestamptz,
  token bigint not null default 0,
  primary key (org_id, id)
) with (fillfactor = 70);
-- Leases are not indexed, so claiming and renewing touch no index. Rows are found by `id = any(...)` and not
-- by joins: plans are kept, and one that was made while the table was empty must stand a hundred
-- thousand rows.
create index ready_job_of_org on directory.ready_job (org_id, due, id);
create index ready_job_due on directory.ready_job (due);

create function kernel.enqueue_jobs(jobs uuid[], dues timestamptz[]) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  insert into directory.ready_job (org_id, id, due)
    select (select kernel.org()), n.id, n.due from unnest($1, $2) n (id, due)
$$;

-- At most `wanted` due jobs, spread evenly over organisations, beginning behind `after` so that the
-- next call goes on where this one ended. Of one organisation at most `per_org`, less what runs already:
-- `running[i]` jobs of `running_orgs[i]`.
create function kernel.claim_jobs(wanted integer, per_org integer, lease_ms integer, after uuid,
  running_orgs uuid[], running integer[])
returns table (org_id uuid, id uuid, token bigint)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off
as $$
declare
  moment constant timestamptz := clock_timestamp();
  nobody constant uuid := '00000000-0000-0000-0000-000000000000';
  begun constant uuid := coalesce($4, nobody);
  present uuid := begun;
  wrapped boolean := false;
  orgs uuid[] := '{}';
  room integer[] := '{}';
  left_over integer;
  share integer;
begin
  if $1 < 1 or not exists (
    select from directory.ready_job r
      where r.due <= moment and (r.lease_until is null or r.lease_until <= moment)
  ) then
    return;
  end if;
  -- Hops from organisation to organisation along the index instead of reading all due jobs of the
  -- largest one. A few at a time, several jobs each: the worker enters each of them, and the next call
  -- serves the next few.
  while cardinality(orgs) < greatest(least($1, 4), $1 / 8) loop
    select r.org_id into present from directory.ready_job r
      where r.org_id > present order by r.org_id limit 1;
    if not found then
      exit when wrapped or begun = nobody;
      wrapped := true;
      present := nobody;
      continue;
    end if;
    exit when wrapped and present > begun;
    left_over := $2 - coalesce($6[array_position($5, present)], 0);
    if left_over > 0 and exists (
      select from directory.ready_job r
        where r.org_id = present and r.due <= moment
          and (r.lease_until is null or r.lease_until <= moment)
    ) then
      orgs := orgs || present;
      room := room || left_over;
    end if;
  end loop;
  share := greatest(1, $1 / greatest(1, cardinality(orgs)));
  for place in 1 .. cardinality(orgs) loop
    return query
      update directory.ready_job r
        set lease_until = moment + $3 * interval '1 millisecond', token = r.token + 1
        where r.org_id = orgs[place] and r.id = any (array(
          select p.id from directory.ready_job p
            where p.org_id = orgs[place] and p.due <= moment
              and (p.lease_until is null or p.lease_until <= moment)
            order by p.due, p.id limit least(share, room[place])
            for update skip locked
        ))
        returning r.org_id, r.id, r.token;
  end loop;
end
$$;

-- The ones that are still held; whatever is missing was taken away.
create function kernel.renew_jobs(orgs uuid[], jobs uuid[], tokens bigint[], lease_ms integer)
returns table (org_id uuid, id uuid)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
begin
  for place in 1 .. cardinality($1) loop
    return query
      update directory.ready_job r
        set lease_until = clock_timestamp() + $4 * interval '1 millisecond'
        where r.org_id = $1[place] and r.id = $2[place] and r.token = $3[place]
        returning r.org_id, r.id;
  end loop;
end
$$;

-- Attempts that ended: again at a later moment, or never with null. Says which of them were held.
create function kernel.end_jobs(jobs uuid[], tokens bigint[], dues timestamptz[])
returns table (id uuid)
language sql volatile security definer set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
  with gone as (
    delete from directory.ready_job r
      where r.org_id = kernel.org() and r.id = any ($1)
        and r.token = $2[array_position($1, r.id)] and $3[array_position($1, r.id)] is null
      returning r.id
  ), again as (
    update directory.ready_job r set due = $3[array_position($1, r.id)], lease_until = null
      where r.org_id = kernel.org() and r.id = any ($1)
        and r.token = $2[array_position($1, r.id)] and $3[array_position($1, r.id)] is not null
      returning r.id
  )
  select id from gone union all select id from again
$$;

-- Cancelled, whoever holds it.
create function kernel.drop_job(job uuid) returns boolean
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  with gone as (
    delete from directory.ready_job r where r.org_id = kernel.org() and r.id = $1 returning 1
  )
  select exists (select from gone)
$$;

-- When the next job is due that nobody holds; null when there is none.
create function kernel.next_job_due() returns timestamptz
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select r.due from directory.ready_job r
    where r.lease_until is null or r.lease_until <= now()
    order by r.due limit 1
$$;

-- Events -----------------------------------------------------------------------------------------

-- Batches of outbox rows that the relay has not handed on.
create table directory.unsent_outbox (
  org_id uuid not null,
  batch_id uuid not null,
  due timestamptz not null default clock_timestamp(),
  primary key (org_id, batch_id)
);

-- One row per organisation: the last number given to an event, who hands on its events, when old rows
-- are to be removed, and for which set of plugins its schedules were written.
create table directory.org_stream (
  org_id uuid primary key,
  seq bigint not null default 0,
  claimed_until timestamptz,
  token bigint not null default 0,
  sweep_due timestamptz,
  schedules_mark text
) with (fillfactor = 50);
create index org_stream_sweep on directory.org_stream (sweep_due) where sweep_due is not null;

create function kernel.note_outbox(org uuid, batch uuid) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  insert into directory.unsent_outbox (org_id, batch_id) values ($1, $2) on conflict do nothing
$$;

-- Organisations with events to hand on that nobody works on; among `chosen`, or among all with null.
create function kernel.claim_outbox(wanted integer, lease_ms integer, chosen uuid[])
returns table (org_id uuid, token bigint)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  moment constant timestamptz := clock_timestamp();
  present uuid := '00000000-0000-0000-0000-000000000000';
  orgs uuid[] := '{}';
begin
  if $3 is not null then
    select coalesce(array_agg(o), '{}') into orgs from unnest($3) o
      where exists (select from directory.unsent_outbox u where u.org_id = o);
  else
    while cardinality(orgs) < $1 loop
      select u.org_id into present from directory.unsent_outbox u
        where u.org_id > present order by u.org_id limit 1;
      exit when not found;
      if not exists (
        select from directory.org_stream s where s.org_id = present and s.claimed_until > moment
      ) then
        orgs := orgs || present;
      end if;
    end loop;
  end if;
  if cardinality(orgs) = 0 then
    return;
  end if;
  insert into directory.org_stream as s (org_id)
    select o from unnest(orgs) o
      where not exists (select from directory.org_stream t where t.org_id = o)
    on conflict do nothing;
  return query
    with free as materialized (
      select s.org_id from directory.org_stream s
        where s.org_id = any (orgs) and (s.claimed_until is null or s.claimed_until <= moment)
        order by s.org_id limit $1
        for update skip locked
    )
    update directory.org_stream s
      set claimed_until = moment + $2 * interval '1 millisecond', token = s.token + 1
      from free f
      where s.org_id = f.org_id
      returning s.org_id, s.token;
end
$$;

-- The next batches to hand on, oldest first, for whoever holds the stream; none when it was lost.
create function kernel.unsent_batches(token bigint, wanted integer) returns table (batch_id uuid)
language sql stable security definer rows 10 set search_path = pg_catalog, pg_temp as $$
  select u.batch_id from directory.unsent_outbox u
    where u.org_id = (
      select s.org_id from directory.org_stream s where s.org_id = kernel.org() and s.token = $1
    )
    order by u.due, u.batch_id limit $2
$$;

-- Gives `amount` numbers and returns the first; null when the stream was lost. Prolongs the claim.
create function kernel.take_seq(token bigint, amount integer, lease_ms integer) returns bigint
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  update directory.org_stream s
    set seq = s.seq + $2,
        claimed_until = clock_timestamp() + $3 * interval '1 millisecond',
        sweep_due = coalesce(s.sweep_due, now() + interval '24 hours')
    where s.org_id = kernel.org() and s.token = $1
    returning s.seq - $2 + 1
$$;

-- The batches are handed on. False when the stream was lost meanwhile: somebody hands them on again.
create function kernel.sent_outbox(token bigint, batches uuid[]) returns boolean
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  with held as materialized (
    select s.org_id from directory.org_stream s
      where s.org_id = kernel.org() and s.token = $1
      for update
  ), gone as (
    delete from directory.unsent_outbox u
      using held h
      where u.org_id = h.org_id and u.batch_id = any ($2)
  )
  select exists (select from held)
$$;

-- Lets go of the stream, for others to take after `pause_ms`.
create function kernel.release_outbox(token bigint, pause_ms integer) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  update directory.org_stream s
    set claimed_until = clock_timestamp() + $2 * interval '1 millisecond', token = s.token + 1
    where s.org_id = kernel.org() and s.token = $1
$$;

-- The last number given in this organisation, 0 before the first.
create function kernel.stream_seq() returns bigint
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select coalesce((select s.seq from directory.org_stream s where s.org_id = kernel.org()), 0)
$$;

-- Organisations whose old events, jobs and traces are to be removed. The next call finds others.
create function kernel.claim_sweeps(wanted integer) returns table (org_id uuid)
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  with due as materialized (
    select s.org_id from directory.org_stream s
      where s.sweep_due <= now() order by s.sweep_due limit $1
      for update skip locked
  )
  update directory.org_stream s set sweep_due = now() + interval '1 hour'
    from due d where s.org_id = d.org_id
    returning s.org_id
$$;

-- Nothing to remove is left; the next event sets a new time. With false something will be.
create function kernel.note_sweep(is_clean boolean) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  insert into directory.org_stream as s (org_id, sweep_due)
    select kernel.org(), now() + interval '24 hours' where not $1
    on conflict do nothing;
  update directory.org_stream s
    set sweep_due = case when $1 then null else coalesce(s.sweep_due, now() + interval '24 hours') end
    where s.org_id = kernel.org() and (s.sweep_due is null) <> $1
$$;

-- Schedules --------------------------------------------------------------------------------------

-- `due` is the tick that is not enqueued yet, `infinity` when there is none.
create table directory.schedule (
  org_id uuid not null,
  ref text not null,
  cron text not null,
  zone text not null,
  due timestamptz not null,
  primary key (org_id, ref)
);
create index schedule_due on directory.schedule (due);

-- The schedules of the organisation as its model has them: [{ref, cron, zone, due}]. The tick of one
-- that did not change stays. `mark` says for which set of plugins this was written.
create function kernel.set_schedules(mark text, wanted jsonb) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  with present as materialized (
    select * from jsonb_to_recordset($2) w (ref text, cron text, zone text, due timestamptz)
  ), gone as (
    delete from directory.schedule s
      where s.org_id = kernel.org() and not exists (select from present p where p.ref = s.ref)
  ), kept as (
    insert into directory.schedule as s (org_id, ref, cron, zone, due)
      select kernel.org(), p.ref, p.cron, p.zone, coalesce(p.due, 'infinity') from present p
      on conflict (org_id, ref) do update
        set cron = excluded.cron, zone = excluded.zone, due = excluded.due
        where s.cron <> excluded.cron or s.zone <> excluded.zone
  )
  insert into directory.org_stream as o (org_id, schedules_mark) values (kernel.org(), $1)
    on conflict (org_id) do update set schedules_mark = excluded.schedules_mark
$$;

create function kernel.due_schedules(wanted integer)
returns table (org_id uuid, ref text, due timestamptz)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select s.org_id, s.ref, s.due from directory.schedule s
    where s.due <= now() order by s.due limit $1
$$;

-- True for exactly one caller per tick: whoever gets it enqueues the job in the same transaction.
create function kernel.advance_schedule(ref text, tick timestamptz, next timestamptz) returns boolean
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  with moved as (
    update directory.schedule s set due = coalesce($3, 'infinity')
      where s.org_id = kernel.org() and s.ref = $1 and s.due = $2
      returning 1
  )
  select exists (select from moved)
$$;

-- Organisations whose schedules were written for another set of plugins.
create function kernel.stale_schedules(mark text, wanted integer) returns table (org_id uuid)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select o.id from directory.org o left join directory.org_stream s on s.org_id = o.id
    where o.state = 'active' and s.schedules_mark is distinct from $1
    order by o.id limit $2
$$;

-- Actions ----------------------------------------------------------------------------------------

-- What was done, by whom, how it ended. No input and no output: both may hold what nobody should read
-- here; the hash shows whether two calls were the same.
create table tenant.action_trace (
  org_id uuid not null,
  id uuid not null,
  at timestamptz not null,
  action text not null,
  actor jsonb not null,
  door text not null,
  outcome text not null check (outcome in ('done', 'deferred', 'refused', 'failed')),
  code text,
  ms integer not null,
  input_hash text not null,
  change_set_id uuid,
  trace_id text not null,
  primary key (org_id, id)
);
call kernel.protect('tenant.action_trace');

-- Only the server calls these.
do $$
declare
  called text;
begin
  foreach called in array array[
    'enqueue_jobs(uuid[], timestamptz[])', 'claim_jobs(integer, integer, integer, uuid, uuid[], integer[])',
    'renew_jobs(uuid[], uuid[], bigint[], integer)',
    'end_jobs(uuid[], bigint[], timestamptz[])', 'drop_job(uuid)', 'next_job_due()',
    'note_outbox(uuid, uuid)', 'claim_outbox(integer, integer, uuid[])',
    'unsent_batches(bigint, integer)', 'take_seq(bigint, integer, integer)',
    'sent_outbox(bigint, uuid[])', 'release_outbox(bigint, integer)', 'stream_seq()',
    'claim_sweeps(integer)', 'note_sweep(boolean)', 'set_schedules(text, jsonb)',
    'due_schedules(integer)', 'advance_schedule(text, timestamptz, timestamptz)',
    'stale_schedules(text, integer)'
  ] loop
    execute format('revoke all on function kernel.%s from public', called);
    execute format('grant execute on function kernel.%s to runway_server', called);
  end loop;
end
$$;
