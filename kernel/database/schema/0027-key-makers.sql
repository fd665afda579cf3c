-- Who made keys of the organisation that was entered, revoked ones among them: what a key did, its maker did.
create function kernel.key_makers(keys text[]) returns table (id text, created_by jsonb)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select k.id, k.created_by from directory.api_key k
    where k.org_id = kernel.org() and k.id = any ($1)
$$;
revoke all on function kernel.key_makers(text[]) from public;
grant execute on function kernel.key_makers(text[]) to runway_server;
