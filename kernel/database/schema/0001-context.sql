-- The ground that everything stands on: schemas, the signed context of the organisation, and the
-- procedure that puts a table under the one policy. Runs as runway_owner.

create schema kernel;
create schema tenant;
create schema directory;
create schema ref;

grant usage on schema kernel, tenant, ref to runway_server;

-- A new function is nobody's until it is granted.
alter default privileges for role runway_owner revoke execute on functions from public;

-- Sorting and comparing text without regard to case; LIKE does not work with it.
create collation kernel.ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false);

create table kernel.schema_version (
  version integer primary key,
  name text not null,
  applied_at timestamptz not null default now()
);
grant select on kernel.schema_version to runway_server;

-- The tables made from the model of a deployment, with a hash of what each should be: what `start`
-- compares before it serves, and what keeps a plugin from naming a table of the kernel.
create table kernel.model_table (
  name text primary key,
  ref text not null,
  hash text not null,
  applied_at timestamptz not null default now()
);
grant select on kernel.model_table to runway_server;

-- The key of the context, as the two padded blocks of HMAC, so that a check costs two hashes. Two rows
-- while the key is being changed. No grants: only kernel.org() reads it.
create table kernel.context_key (
  id text primary key,
  inner_block bytea not null check (length(inner_block) = 64),
  outer_block bytea not null check (length(outer_block) = 64),
  added_at timestamptz not null default now()
);

-- A key of at most 64 bytes as one of the blocks: byte 54 gives the inner, byte 92 the outer one.
create function kernel.hmac_block(key bytea, pad integer)
returns bytea
language plpgsql immutable strict parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  block bytea := decode(repeat(lpad(to_hex(pad), 2, '0'), 64), 'hex');
begin
  for i in 0 .. length(key) - 1 loop
    block := set_byte(block, i, get_byte(key, i) # pad);
  end loop;
  return block;
end
$$;

-- The organisation whose rows may be seen: the one in the signed context of this transaction, or null
-- without a context, so that every tenant table shows nothing. A context that is not ours, or too old,
-- is an error and not an empty answer: somebody is trying.
create function kernel.org()
returns uuid
language plpgsql stable parallel safe security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  context text := current_setting('runway.context', true);
  signed bytea;
  mac text;
begin
  -- After a transaction that had one, the setting is the empty string.
  if context is null or context = '' then
    return null;
  end if;
  signed := convert_to(left(context, -65), 'UTF8');
  mac := right(context, 64);
  -- HMAC-SHA256 (RFC 2104), written out because a function of its own takes as long as the rest. What
  -- carries our signature has our form, so nothing else of it needs checking but its age.
  perform 1 from kernel.context_key k
  where encode(sha256(k.outer_block || sha256(k.inner_block || signed)), 'hex') = mac;
  if found and split_part(context, '.', 2)::bigint > extract(epoch from clock_timestamp()) then
    return left(context, 36)::uuid;
  end if;
  raise exception 'bad org context' using errcode = '42501';
end
$$;
grant execute on function kernel.org() to runway_server;

-- Puts a table of an organisation under the one policy and grants it to the server. To be called right
-- after `create table`; calling it again changes nothing.
create procedure kernel.protect(target regclass)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  execute format('alter table %s enable row level security', target);
  execute format('alter table %s force row level security', target);
  if not exists (select from pg_policy where polrelid = target and polname = 'org') then
    execute format(
      'create policy org on %s using (org_id = (select kernel.org())) with check (org_id = (select kernel.org()))',
      target
    );
  end if;
  execute format('grant select, insert, update, delete on %s to runway_server', target);
end
$$;
