-- Copies of texts in the order of their code points, in which all texts that begin alike stand together.
do $$
declare
  slot text;
begin
  foreach slot in array array['t1', 't2', 't3', 't4', 't5', 't6'] loop
    execute format('create index slot_%1$s_prefix on tenant.slot (org_id, entity, %1$I collate "C", record_id) where %1$I is not null', slot);
  end loop;
end
$$;

-- The version of the record that the copies are of: a late copy of an older one changes nothing.
alter table tenant.slot add column version bigint not null default 0;

-- Entities belong to organisations, which the planner would take for chance.
create statistics tenant.slot_org_entity (dependencies, ndistinct, mcv) on org_id, entity from tenant.slot;
create statistics tenant.record_org_entity (dependencies, ndistinct, mcv) on org_id, entity from tenant.record;

-- Which fields in `custom` are unique now, for writers that hold a model from before.
create table directory.own_unique (
  org_id uuid not null,
  entity text collate "C" not null,
  field text collate "C" not null,
  primary key (org_id, entity, field)
);

-- Called by every statement that writes values in `custom`, with the unique fields it knows of: whoever does not know of
-- one writes nothing. Writers hold the lock together until they commit, so that a field becomes unique either before a
-- write, which then sees it here, or after it, and then finds its value.
create function kernel.hold_uniques(entity text, known text[]) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  org constant uuid := kernel.org();
begin
  perform pg_advisory_xact_lock_shared(hashtextextended(org::text || $1, 18));
  if exists (select from directory.own_unique u
    where u.org_id = org and u.entity = $1 and u.field <> all ($2)) then
    raise exception 'another field is unique now' using errcode = 'RW001';
  end if;
end
$$;

-- Says which fields are unique from now on, as [{"entity", "field"}]; returns when no writer is left that did not know.
create function kernel.set_uniques(fields jsonb) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  org constant uuid := kernel.org();
  one record;
begin
  for one in
    select distinct w.entity from jsonb_to_recordset($1) as w(entity text, field text)
      where not exists (select from directory.own_unique u
        where u.org_id = org and u.entity = w.entity and u.field = w.field)
      order by w.entity
  loop
    perform pg_advisory_xact_lock(hashtextextended(org::text || one.entity, 18));
  end loop;
  delete from directory.own_unique u where u.org_id = org and not exists (
    select from jsonb_to_recordset($1) as w(entity text, field text) where w.entity = u.entity and w.field = u.field);
  insert into directory.own_unique (org_id, entity, field)
    select org, w.entity, w.field from jsonb_to_recordset($1) as w(entity text, field text)
    on conflict do nothing;
end
$$;

-- What the planner believes of copies is out of date when very many were just written.
create function kernel.analyze_slots() returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
  analyze tenant.slot;
end
$$;

do $$
declare
  called text;
begin
  foreach called in array array['hold_uniques(text, text[])', 'set_uniques(jsonb)', 'analyze_slots()'] loop
    execute format('revoke all on function kernel.%s from public', called);
    execute format('grant execute on function kernel.%s to runway_server', called);
  end loop;
end
$$;
