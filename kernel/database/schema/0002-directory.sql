-- Who is who: organisations, logins, memberships, sessions, API keys, single-use tokens, host names.
-- Nothing here belongs to one organisation's business data, and the server's role has no grant on any
-- of it: it calls the functions below, each of which answers for one key only.
create schema if not exists directory;

create table directory.org (
  id uuid primary key,
  slug text not null unique check (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
  name text not null,
  plan text not null,
  region text not null,
  currency text not null default 'USD',
  country text not null default '',
  time_zone text not null default 'UTC',
  locale text not null default 'en',
  -- `creating` until its first user stands; nobody gets in before.
  state text not null default 'creating' check (state in ('creating', 'active', 'suspended', 'archived')),
  created_at timestamptz not null default now()
);

create table directory.login (
  id uuid primary key,
  -- Lower case. One login for all organisations of a person.
  email text not null unique check (email = lower(email)),
  -- PHC string; null until its owner chose a password.
  password_hash text,
  -- Whether its owner was ever reached by mail. Until then the password proves nothing about the email.
  verified boolean not null default false,
  created_at timestamptz not null default now()
);

create table directory.membership (
  login_id uuid not null references directory.login (id),
  org_id uuid not null references directory.org (id),
  -- The record of `kernel:user` in that organisation.
  user_id uuid not null,
  last_used_at timestamptz,
  created_at timestamptz not null default now(),
  primary key (login_id, org_id),
  unique (org_id, user_id)
);

create table directory.session (
  id uuid primary key,
  token_hash bytea not null unique,
  -- The token before the last rotation, for requests that were under way.
  previous_hash bytea unique,
  previous_until timestamptz,
  login_id uuid not null references directory.login (id),
  org_id uuid not null references directory.org (id),
  user_id uuid not null,
  -- `link` sessions came from a single-use address and stay in their organisation.
  method text not null check (method in ('password', 'link')),
  -- Digest of the roles at the last rotation; another one rotates the token.
  privilege text,
  address text not null,
  agent text not null,
  created_at timestamptz not null default now(),
  last_seen_at timestamptz not null default now()
);
create index session_login on directory.session (login_id);

create table directory.api_key (
  -- The twelve characters that stand in the key.
  id text primary key check (id ~ '^[A-Za-z0-9]{12}$'),
  org_id uuid not null references directory.org (id),
  secret_hash bytea not null,
  name text not null,
  roles text[] not null,
  -- Null: whatever the roles allow.
  scopes text[],
  created_by jsonb not null,
  created_at timestamptz not null default now(),
  last_used_at timestamptz,
  revoked_at timestamptz
);
create index api_key_org on directory.api_key (org_id);

create table directory.token (
  id uuid primary key,
  kind text not null check (kind in ('invite', 'reset', 'login')),
  token_hash bytea not null unique,
  email text not null check (email = lower(email)),
  org_id uuid references directory.org (id),
  data jsonb not null default '{}',
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  used_at timestamptz
);
create index token_email on directory.token (kind, email);
create index token_org on directory.token (org_id) where org_id is not null;

create table directory.login_attempt (
  id uuid primary key default gen_random_uuid(),
  -- SHA-256 of what was tried: addresses people mistype are nobody's business.
  subject bytea not null,
  address text not null,
  at timestamptz not null default clock_timestamp()
);
create index login_attempt_subject on directory.login_attempt (subject, address, at);

create table directory.host (
  host text primary key check (host = lower(host)),
  org_id uuid not null references directory.org (id)
);

-- A session ends after 14 days without a request, and 90 days after sign-in whatever happens.
create function kernel.session_lives(last_seen_at timestamptz, created_at timestamptz) returns boolean
language sql stable set search_path = pg_catalog, pg_temp
return last_seen_at > now() - interval '14 days' and created_at > now() - interval '90 days';

-- Organisations ---------------------------------------------------------------------------------

create function kernel.find_org(org uuid)
returns table (id uuid, slug text, name text, plan text, region text, currency text, country text,
  time_zone text, locale text, state text)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select o.id, o.slug, o.name, o.plan, o.region, o.currency, o.country, o.time_zone, o.locale, o.state
    from directory.org o where o.id = $1
$$;

create function kernel.find_org_by_slug(slug text) returns uuid
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select o.id from directory.org o where o.slug = $1
$$;

create function kernel.find_host(host text) returns uuid
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select h.org_id from directory.host h where h.host = $1
$$;

-- False when the slug is taken.
create function kernel.create_org(org uuid, slug text, name text, plan text, region text,
  currency text, country text, time_zone text, locale text) returns boolean
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  with made as (
    insert into directory.org (id, slug, name, plan, region, currency, country, time_zone, locale)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    on conflict (slug) do nothing
    returning 1
  )
  select exists (select from made)
$$;

create function kernel.activate_org(org uuid) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  update directory.org set state = 'active' where id = $1 and state = 'creating'
$$;

-- Null leaves a value as it is.
create function kernel.change_org(org uuid, name text, plan text, currency text, country text,
  time_zone text, locale text) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  update directory.org o set name = coalesce($2, o.name), plan = coalesce($3, o.plan),
      currency = coalesce($4, o.currency), country = coalesce($5, o.country),
      time_zone = coalesce($6, o.time_zone), locale = coalesce($7, o.locale)
    where o.id = $1
$$;

-- Logins and memberships ------------------------------------------------------------------------

create function kernel.find_login(email text)
returns table (id uuid, password_hash text, verified boolean)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select l.id, l.password_hash, l.verified from directory.login l where l.email = $1
$$;

create function kernel.find_login_by_id(login uuid)
returns table (id uuid, email text, password_hash text)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select l.id, l.email, l.password_hash from directory.login l where l.id = $1
$$;

-- False when the email has a login.
create function kernel.create_login(login uuid, email text, password_hash text) returns boolean
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  with made as (
    insert into directory.login (id, email, password_hash) values ($1, $2, $3)
    on conflict (email) do nothing
    returning 1
  )
  select exists (select from made)
$$;

create function kernel.set_password(login uuid, password_hash text) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  update directory.login set password_hash = $2 where id = $1
$$;

create function kernel.verify_login(login uuid) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  update directory.login set verified = true where id = $1
$$;

-- The owner of the mailbox takes over a login that somebody made without proof: what they set is gone.
create function kernel.claim_login(login uuid) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  delete from directory.session s using directory.login l
    where l.id = $1 and not l.verified and s.login_id = l.id;
  update directory.login set password_hash = null, verified = true where id = $1 and not verified;
$$;

-- Most recently used first.
create function kernel.memberships_of(login uuid)
returns table (org_id uuid, user_id uuid, slug text, name text)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select m.org_id, m.user_id, o.slug, o.name
    from directory.membership m join directory.org o on o.id = m.org_id
    where m.login_id = $1 and o.state = 'active'
    order by m.last_used_at desc nulls last, m.created_at
$$;

-- False when the login or the user has a membership in that organisation.
create function kernel.add_membership(login uuid, org uuid, member uuid) returns boolean
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  with made as (
    insert into directory.membership (login_id, org_id, user_id) values ($1, $2, $3)
    on conflict do nothing
    returning 1
  )
  select exists (select from made)
$$;

create function kernel.has_membership(org uuid, member uuid) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select exists (select from directory.membership m where m.org_id = $1 and m.user_id = $2)
$$;

-- Sessions --------------------------------------------------------------------------------------

create function kernel.open_session(session uuid, token_hash bytea, login uuid, org uuid, member uuid,
  method text, address text, agent text) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  insert into directory.session (id, token_hash, login_id, org_id, user_id, method, address, agent)
    values ($1, $2, $3, $4, $5, $6, $7, left($8, 300));
  update directory.membership set last_used_at = now() where login_id = $3 and org_id = $4;
$$;

-- Notes the visit once a minute, so that a busy session does not write on every request.
create function kernel.find_session(token_hash bytea)
returns table (id uuid, login_id uuid, org_id uuid, user_id uuid, method text, privilege text,
  is_current boolean)
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  with found as (
    select s.* from directory.session s
      where s.token_hash = $1 or (s.previous_hash = $1 and s.previous_until > now())
  ), seen as (
    update directory.session s set last_seen_at = now()
      from found f
      where s.id = f.id and s.last_seen_at < now() - interval '1 minute'
        and kernel.session_lives(f.last_seen_at, f.created_at)
  )
  select f.id, f.login_id, f.org_id, f.user_id, f.method, f.privilege, f.token_hash = $1
    from found f
    join directory.membership m
      on m.login_id = f.login_id and m.org_id = f.org_id and m.user_id = f.user_id
    join directory.org o on o.id = f.org_id and o.state = 'active'
    where kernel.session_lives(f.last_seen_at, f.created_at)
$$;

-- A new token for a session; the old one still counts for `grace`. False when somebody else was faster.
create function kernel.rotate_session(session uuid, old_hash bytea, new_hash bytea, org uuid,
  member uuid, privilege text, grace interval) returns boolean
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  with used as (
    update directory.membership m set last_used_at = now()
      from directory.session s
      where s.id = $1 and m.login_id = s.login_id and m.org_id = $4 and s.org_id <> $4
  ), rotated as (
    update directory.session s set token_hash = $3, previous_hash = $2,
        previous_until = now() + $7, org_id = $4, user_id = $5, privilege = $6
      where s.id = $1 and s.token_hash = $2
      returning 1
  )
  select exists (select from rotated)
$$;

-- The first request of a session notes with which roles it began.
create function kernel.note_privilege(session uuid, privilege text) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  update directory.session s set privilege = $2 where s.id = $1 and s.privilege is null
$$;

create function kernel.sessions_of(login uuid)
returns table (id uuid, org_id uuid, method text, address text, agent text, created_at timestamptz,
  last_seen_at timestamptz)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select s.id, s.org_id, s.method, s.address, s.agent, s.created_at, s.last_seen_at
    from directory.session s
    where s.login_id = $1 and kernel.session_lives(s.last_seen_at, s.created_at)
    order by s.last_seen_at desc, s.id
$$;

create function kernel.end_session(login uuid, session uuid) returns boolean
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  with gone as (
    delete from directory.session s where s.login_id = $1 and s.id = $2 returning 1
  )
  select exists (select from gone)
$$;

-- All of a login but one; `null` ends all.
create function kernel.end_sessions(login uuid, kept uuid) returns integer
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  with gone as (
    delete from directory.session s where s.login_id = $1 and s.id is distinct from $2 returning 1
  )
  select count(*)::integer from gone
$$;

-- API keys --------------------------------------------------------------------------------------

create function kernel.add_key(key text, org uuid, secret_hash bytea, name text, roles text[],
  scopes text[], created_by jsonb) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  insert into directory.api_key (id, org_id, secret_hash, name, roles, scopes, created_by)
    values ($1, $2, $3, $4, $5, $6, $7)
$$;

-- The caller compares the hash. Notes the use once a minute, only for the right hash.
create function kernel.find_key(key text, secret_hash bytea)
returns table (id text, org_id uuid, name text, roles text[], scopes text[])
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  with used as (
    update directory.api_key k set last_used_at = now()
      where k.id = $1 and k.secret_hash = $2 and k.revoked_at is null
        and (k.last_used_at is null or k.last_used_at < now() - interval '1 minute')
  )
  select k.id, k.org_id, k.name, k.roles, k.scopes
    from directory.api_key k join directory.org o on o.id = k.org_id and o.state = 'active'
    where k.id = $1 and k.secret_hash = $2 and k.revoked_at is null
$$;

-- Without the secret: for jobs that were enqueued with the key. Answers inside its organisation only.
create function kernel.find_key_of(org uuid, key text)
returns table (id text, org_id uuid, name text, roles text[], scopes text[])
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select k.id, k.org_id, k.name, k.roles, k.scopes
    from directory.api_key k join directory.org o on o.id = k.org_id and o.state = 'active'
    where k.org_id = $1 and k.id = $2 and k.revoked_at is null
$$;

create function kernel.revoke_key(org uuid, key text) returns boolean
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  with revoked as (
    update directory.api_key k set revoked_at = now()
      where k.org_id = $1 and k.id = $2 and k.revoked_at is null
      returning 1
  )
  select exists (select from revoked)
$$;

create function kernel.key_uses(org uuid) returns table (id text, last_used_at timestamptz)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select k.id, k.last_used_at from directory.api_key k
    where k.org_id = $1 and k.last_used_at is not null and k.revoked_at is null
$$;

-- Single-use tokens -----------------------------------------------------------------------------

create function kernel.add_token(token uuid, kind text, token_hash bytea, email text, org uuid,
  data jsonb, lives interval) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  insert into directory.token (id, kind, token_hash, email, org_id, data, expires_at)
    values ($1, $2, $3, $4, $5, $6, now() + $7)
$$;

create function kernel.find_token(kind text, token_hash bytea)
returns table (id uuid, email text, org_id uuid, data jsonb)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select t.id, t.email, t.org_id, t.data from directory.token t
    where t.kind = $1 and t.token_hash = $2 and t.used_at is null and t.expires_at > now()
$$;

-- True for exactly one caller.
create function kernel.use_token(kind text, token_hash bytea) returns boolean
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  with used as (
    update directory.token t set used_at = now()
      where t.kind = $1 and t.token_hash = $2 and t.used_at is null and t.expires_at > now()
      returning 1
  )
  select exists (select from used)
$$;

-- Whatever is still open of one kind for one email, in one organisation or, with null, in all.
create function kernel.drop_tokens(kind text, email text, org uuid) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  update directory.token t set used_at = now()
    where t.kind = $1 and t.email = $2 and ($3 is null or t.org_id = $3) and t.used_at is null
$$;

create function kernel.invitations_of(org uuid)
returns table (id uuid, email text, data jsonb, created_at timestamptz, expires_at timestamptz)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select t.id, t.email, t.data, t.created_at, t.expires_at from directory.token t
    where t.kind = 'invite' and t.org_id = $1 and t.used_at is null and t.expires_at > now()
    order by t.created_at desc, t.id
$$;

create function kernel.drop_invitation(org uuid, token uuid) returns boolean
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  with dropped as (
    update directory.token t set used_at = now()
      where t.kind = 'invite' and t.org_id = $1 and t.id = $2 and t.used_at is null
      returning 1
  )
  select exists (select from dropped)
$$;

-- Attempts --------------------------------------------------------------------------------------

-- Counts the attempt before it is made, one at a time per subject and address, so that a hundred
-- guesses sent at once are a hundred guesses. Returns 0, or the seconds until the next is allowed.
create function kernel.begin_attempt(subject bytea, address text, allowed integer, span interval)
returns integer
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  tried integer;
  oldest timestamptz;
begin
  perform pg_advisory_xact_lock(hashtextextended(encode($1, 'hex') || $2, 7));
  select count(*), min(at) into tried, oldest from (
    select a.at from directory.login_attempt a
      where a.subject = $1 and a.address = $2 and a.at > clock_timestamp() - $4
      order by a.at desc limit $3
  ) recent;
  if tried >= $3 then
    return greatest(1, ceil(extract(epoch from oldest + $4 - clock_timestamp())))::integer;
  end if;
  insert into directory.login_attempt (subject, address) values ($1, $2);
  return 0;
end
$$;

create function kernel.forget_attempts(subject bytea, address text) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  delete from directory.login_attempt a where a.subject = $1 and a.address = $2
$$;

-- What nobody can use any more.
create function kernel.purge_directory() returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  delete from directory.session s where not kernel.session_lives(s.last_seen_at, s.created_at);
  delete from directory.token t where t.expires_at < now() - interval '1 day';
  delete from directory.login_attempt a where a.at < now() - interval '1 day';
$$;

-- Only the server calls these.
do $$
declare
  called text;
begin
  foreach called in array array[
    'session_lives(timestamptz, timestamptz)', 'find_org(uuid)', 'find_org_by_slug(text)',
    'find_host(text)', 'create_org(uuid, text, text, text, text, text, text, text, text)',
    'activate_org(uuid)', 'change_org(uuid, text, text, text, text, text, text)',
    'find_login(text)', 'find_login_by_id(uuid)', 'create_login(uuid, text, text)',
    'set_password(uuid, text)', 'verify_login(uuid)', 'claim_login(uuid)', 'memberships_of(uuid)', 'add_membership(uuid, uuid, uuid)',
    'has_membership(uuid, uuid)',
    'open_session(uuid, bytea, uuid, uuid, uuid, text, text, text)', 'find_session(bytea)',
    'rotate_session(uuid, bytea, bytea, uuid, uuid, text, interval)',
    'note_privilege(uuid, text)', 'sessions_of(uuid)', 'end_session(uuid, uuid)',
    'end_sessions(uuid, uuid)',
    'add_key(text, uuid, bytea, text, text[], text[], jsonb)', 'find_key(text, bytea)',
    'find_key_of(uuid, text)', 'revoke_key(uuid, text)', 'key_uses(uuid)',
    'add_token(uuid, text, bytea, text, uuid, jsonb, interval)', 'find_token(text, bytea)',
    'use_token(text, bytea)', 'drop_tokens(text, text, uuid)', 'invitations_of(uuid)',
    'drop_invitation(uuid, uuid)', 'begin_attempt(bytea, text, integer, interval)',
    'forget_attempts(bytea, text)', 'purge_directory()'
  ] loop
    execute format('revoke all on function kernel.%s from public', called);
    execute format('grant execute on function kernel.%s to runway_server', called);
  end loop;
end
$$;
