-- Where values came from, and a ledger in months, so that what is kept for a while only can go.

-- Said by whoever opened the change set, when it does not follow from actor and door: values found outside
-- (`external`) and where they were found.
alter table tenant.change_set add column origin text, add column source text;

-- The ledger by month of `at`. Nobody reads or writes a part directly: the policy of the whole would not hold there.
alter table tenant.ledger rename to ledger_whole;
alter index tenant.ledger_pkey rename to ledger_whole_pkey;
alter index tenant.ledger_by_record rename to ledger_whole_by_record;

create table tenant.ledger (
  org_id uuid not null,
  id uuid not null,
  change_set_id uuid not null,
  entity text collate "C" not null,
  record_id uuid not null,
  op text collate "C" not null,
  version bigint not null,
  at timestamptz not null,
  actor jsonb not null,
  fields jsonb,
  primary key (org_id, change_set_id, id, at)
) partition by range (at);
call kernel.protect('tenant.ledger');
create index ledger_by_record on tenant.ledger (org_id, record_id, version);

-- What is older than the first month: the past of an organisation that came in as a file.
create table tenant.ledger_earlier partition of tenant.ledger default;
alter table tenant.ledger_earlier enable row level security;
alter table tenant.ledger_earlier force row level security;

-- The part of one month, made when it is missing. A part that the default holds rows of already stays there.
create procedure kernel.add_ledger_month(month date)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  part text := 'ledger_' || to_char(month, 'YYYY_MM');
begin
  if to_regclass('tenant.' || part) is not null then return; end if;
  begin
    execute format('create table tenant.%I partition of tenant.ledger for values from (%L) to (%L)',
      part, month::timestamp at time zone 'UTC', (month + interval '1 month') at time zone 'UTC');
  exception when check_violation then
    return;
  end;
  execute format('alter table tenant.%I enable row level security', part);
  execute format('alter table tenant.%I force row level security', part);
end
$$;

-- This month and the three that follow; called by the server every now and then. Makes nothing twice.
create function kernel.prepare_ledger() returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  month date := date_trunc('month', now() at time zone 'UTC')::date;
begin
  for i in 0..3 loop
    call kernel.add_ledger_month((month + make_interval(months => i))::date);
  end loop;
end
$$;
revoke all on function kernel.prepare_ledger() from public;
grant execute on function kernel.prepare_ledger() to runway_server;
revoke all on procedure kernel.add_ledger_month(date) from public;

-- Forced policies hide every row from the owner too.
alter table tenant.ledger_whole no force row level security;
do $$
declare
  month date;
begin
  for month in select distinct date_trunc('month', at at time zone 'UTC')::date from tenant.ledger_whole loop
    call kernel.add_ledger_month(month);
  end loop;
end
$$;
select kernel.prepare_ledger();
alter table tenant.ledger no force row level security;
insert into tenant.ledger select org_id, id, change_set_id, entity, record_id, op, version, at, actor, fields
  from tenant.ledger_whole;
alter table tenant.ledger force row level security;
drop table tenant.ledger_whole;
