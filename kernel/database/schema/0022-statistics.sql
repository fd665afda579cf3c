-- What the planner believes of records and their copies is out of date when an index was just filled, often behind
-- an import: it would take all of them for one and read them again and again.
drop function kernel.analyze_slots();
create function kernel.analyze_copies(records text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  one regclass;
begin
  select c.oid into one from pg_class c
    where c.relnamespace = 'tenant'::regnamespace and c.relkind = 'r' and c.oid = to_regclass(records);
  if one is not null then
    execute format('analyze (skip_locked) %s, tenant.slot', one);
  end if;
end
$$;
revoke all on function kernel.analyze_copies(text) from public;
grant execute on function kernel.analyze_copies(text) to runway_server;
