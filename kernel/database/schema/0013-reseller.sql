-- Resellers: an organisation whose own layer and brand stand beneath those of its customers. What a
-- customer gets of it is a copy made at publish, so nobody reads another organisation's rows for it.

alter table directory.org add column reseller_id uuid references directory.org (id);
create index org_by_reseller on directory.org (reseller_id) where reseller_id is not null;

-- What the reseller offers now. `n` rises with every offer: it counts into the epoch of its customers.
create table directory.reseller_layer (
  org_id uuid primary key references directory.org (id),
  n bigint not null default 1,
  document jsonb not null,
  brand jsonb not null
);

-- All of these answer for, and change, the organisation of the signed context alone.

-- Puts an organisation that is still being made under its reseller. False when there is none that could be one.
create function kernel.join_reseller(reseller uuid) returns boolean
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  with joined as (
    update directory.org o set reseller_id = r.id
      from directory.org r join directory.reseller_layer l on l.org_id = r.id
      where o.id = kernel.org() and o.state = 'creating' and o.reseller_id is null
        and r.id = $1 and r.state = 'active' and r.reseller_id is null
      returning 1
  )
  select exists (select from joined)
$$;

-- Renews the offer of a reseller; with `starting` the organisation becomes one. True when it is one.
create function kernel.offer_layer(document jsonb, brand jsonb, starting boolean) returns boolean
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  with offered as (
    insert into directory.reseller_layer as l (org_id, document, brand)
    select o.id, $1, $2 from directory.org o
      where o.id = kernel.org() and o.reseller_id is null
        and ($3 or exists (select from directory.reseller_layer r where r.org_id = o.id))
    on conflict (org_id) do update
      set document = excluded.document, brand = excluded.brand, n = l.n + 1
    returning 1
  )
  select exists (select from offered)
$$;

create function kernel.reseller_layer() returns table (document jsonb, brand jsonb)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select l.document, l.brand
    from directory.org o join directory.reseller_layer l on l.org_id = o.reseller_id
    where o.id = kernel.org()
$$;

-- How many offers of its reseller an organisation has seen; 0 without one.
create function kernel.reseller_epoch() returns bigint
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select coalesce((select l.n
    from directory.org o join directory.reseller_layer l on l.org_id = o.reseller_id
    where o.id = kernel.org()), 0)
$$;

-- Whose models change when the reseller publishes.
create function kernel.customers() returns table (org_id uuid)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select o.id from directory.org o where o.reseller_id = kernel.org() and o.state = 'active'
$$;

do $$
declare
  called text;
begin
  foreach called in array array[
    'join_reseller(uuid)', 'offer_layer(jsonb, jsonb, boolean)', 'reseller_layer()', 'reseller_epoch()', 'customers()'
  ] loop
    execute format('revoke all on function kernel.%s from public', called);
    execute format('grant execute on function kernel.%s to runway_server', called);
  end loop;
end
$$;
