-- The working keys of the organisation that was entered, for a look at who has which rights.
create function kernel.working_keys() returns table (id text, name text, roles text[], scopes text[])
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select k.id, k.name, k.roles, k.scopes from directory.api_key k
    where k.org_id = kernel.org() and k.revoked_at is null order by k.id
$$;
revoke all on function kernel.working_keys() from public;
grant execute on function kernel.working_keys() to runway_server;
