-- Authority over accounts is proven call by call. The server's role may call the functions that make keys,
-- sessions, logins and memberships of every organisation; one injected statement inside an organisation
-- must not be able to. So each of them asks for a proof: a MAC, under a key of its own, over the name of the
-- function, whom it is about, and an expiry. Only kernel/accounts makes proofs, in transactions in which
-- nothing of a tenant runs, so what is injected elsewhere sees none and can make none.
--
-- Without a proof remain: what answers a secret's digest (find_session, find_key, find_token) and what is
-- no secret and answers for one key (find_org, find_org_by_slug, find_host).

-- As kernel.context_key: two rows while RUNWAY_SECRET_KEY is being changed, and no grants.
create table kernel.accounts_key (
  id text primary key,
  inner_block bytea not null check (length(inner_block) = 64),
  outer_block bytea not null check (length(outer_block) = 64),
  added_at timestamptz not null default now()
);

-- Refuses unless the transaction's `runway.proof`, `<expiry, epoch seconds>.<HMAC-SHA256, hex>`, is for this
-- deed about this subject: an organisation, a login, an email, the digest of a token. Not for the server to call.
create function kernel.check_proof(deed text, subject text)
returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  proof text := current_setting('runway.proof', true);
  expiry text := split_part(proof, '.', 1);
  signed bytea := convert_to(deed || '.' || subject || '.' || expiry, 'UTF8');
begin
  -- Written out as in kernel.org(). What is missing makes `signed` null, which no key has signed.
  perform 1 from kernel.accounts_key k
  where encode(sha256(k.outer_block || sha256(k.inner_block || signed)), 'hex') = split_part(proof, '.', 2);
  if found and expiry::bigint > extract(epoch from clock_timestamp()) then
    return;
  end if;
  raise exception 'no proof of authority for %', deed using errcode = '42501';
end
$$;

-- The functions of 0002 with the proof before everything else. ----------------------------------

create or replace function kernel.create_org(org uuid, slug text, name text, plan text, region text,
  currency text, country text, time_zone text, locale text) returns boolean
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  select kernel.check_proof('create_org', $1::text);
  with made as (
    insert into directory.org (id, slug, name, plan, region, currency, country, time_zone, locale)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    on conflict (slug) do nothing
    returning 1
  )
  select exists (select from made)
$$;

create or replace function kernel.activate_org(org uuid) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  select kernel.check_proof('activate_org', $1::text);
  update directory.org set state = 'active' where id = $1 and state = 'creating'
$$;

create or replace function kernel.change_org(org uuid, name text, plan text, currency text, country text,
  time_zone text, locale text) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  select kernel.check_proof('change_org', $1::text);
  update directory.org o set name = coalesce($2, o.name), plan = coalesce($3, o.plan),
      currency = coalesce($4, o.currency), country = coalesce($5, o.country),
      time_zone = coalesce($6, o.time_zone), locale = coalesce($7, o.locale)
    where o.id = $1
$$;

create or replace function kernel.find_login(email text)
returns table (id uuid, password_hash text, verified boolean)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select kernel.check_proof('find_login', $1);
  select l.id, l.password_hash, l.verified from directory.login l where l.email = $1
$$;

create or replace function kernel.find_login_by_id(login uuid)
returns table (id uuid, email text, password_hash text)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select kernel.check_proof('find_login_by_id', $1::text);
  select l.id, l.email, l.password_hash from directory.login l where l.id = $1
$$;

create or replace function kernel.create_login(login uuid, email text, password_hash text) returns boolean
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  select kernel.check_proof('create_login', $2);
  with made as (
    insert into directory.login (id, email, password_hash) values ($1, $2, $3)
    on conflict (email) do nothing
    returning 1
  )
  select exists (select from made)
$$;

create or replace function kernel.set_password(login uuid, password_hash text) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  select kernel.check_proof('set_password', $1::text);
  update directory.login set password_hash = $2 where id = $1
$$;

create or replace function kernel.verify_login(login uuid) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  select kernel.check_proof('verify_login', $1::text);
  update directory.login set verified = true where id = $1
$$;

create or replace function kernel.claim_login(login uuid) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  select kernel.check_proof('claim_login', $1::text);
  delete from directory.session s using directory.login l
    where l.id = $1 and not l.verified and s.login_id = l.id;
  update directory.login set password_hash = null, verified = true where id = $1 and not verified;
$$;

create or replace function kernel.memberships_of(login uuid)
returns table (org_id uuid, user_id uuid, slug text, name text)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select kernel.check_proof('memberships_of', $1::text);
  select m.org_id, m.user_id, o.slug, o.name
    from directory.membership m join directory.org o on o.id = m.org_id
    where m.login_id = $1 and o.state = 'active'
    order by m.last_used_at desc nulls last, m.created_at
$$;

create or replace function kernel.add_membership(login uuid, org uuid, member uuid) returns boolean
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  select kernel.check_proof('add_membership', $2::text);
  with made as (
    insert into directory.membership (login_id, org_id, user_id) values ($1, $2, $3)
    on conflict do nothing
    returning 1
  )
  select exists (select from made)
$$;

create or replace function kernel.has_membership(org uuid, member uuid) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select kernel.check_proof('has_membership', $1::text);
  select exists (select from directory.membership m where m.org_id = $1 and m.user_id = $2)
$$;

create or replace function kernel.open_session(session uuid, token_hash bytea, login uuid, org uuid, member uuid,
  method text, address text, agent text) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  select kernel.check_proof('open_session', $4::text);
  insert into directory.session (id, token_hash, login_id, org_id, user_id, method, address, agent)
    values ($1, $2, $3, $4, $5, $6, $7, left($8, 300));
  update directory.membership set last_used_at = now() where login_id = $3 and org_id = $4;
$$;

create or replace function kernel.rotate_session(session uuid, old_hash bytea, new_hash bytea, org uuid,
  member uuid, privilege text, grace interval) returns boolean
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  select kernel.check_proof('rotate_session', $4::text);
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

create or replace function kernel.note_privilege(session uuid, privilege text) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  select kernel.check_proof('note_privilege', $1::text);
  update directory.session s set privilege = $2 where s.id = $1 and s.privilege is null
$$;

create or replace function kernel.sessions_of(login uuid)
returns table (id uuid, org_id uuid, method text, address text, agent text, created_at timestamptz,
  last_seen_at timestamptz)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select kernel.check_proof('sessions_of', $1::text);
  select s.id, s.org_id, s.method, s.address, s.agent, s.created_at, s.last_seen_at
    from directory.session s
    where s.login_id = $1 and kernel.session_lives(s.last_seen_at, s.created_at)
    order by s.last_seen_at desc, s.id
$$;

create or replace function kernel.end_session(login uuid, session uuid) returns boolean
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  select kernel.check_proof('end_session', $1::text);
  with gone as (
    delete from directory.session s where s.login_id = $1 and s.id = $2 returning 1
  )
  select exists (select from gone)
$$;

create or replace function kernel.end_sessions(login uuid, kept uuid) returns integer
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  select kernel.check_proof('end_sessions', $1::text);
  with gone as (
    delete from directory.session s where s.login_id = $1 and s.id is distinct from $2 returning 1
  )
  select count(*)::integer from gone
$$;

create or replace function kernel.add_key(key text, org uuid, secret_hash bytea, name text, roles text[],
  scopes text[], created_by jsonb) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  select kernel.check_proof('add_key', $2::text);
  insert into directory.api_key (id, org_id, secret_hash, name, roles, scopes, created_by)
    values ($1, $2, $3, $4, $5, $6, $7)
$$;

create or replace function kernel.find_key_of(org uuid, key text)
returns table (id text, org_id uuid, name text, roles text[], scopes text[])
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select kernel.check_proof('find_key_of', $1::text);
  select k.id, k.org_id, k.name, k.roles, k.scopes
    from directory.api_key k join directory.org o on o.id = k.org_id and o.state = 'active'
    where k.org_id = $1 and k.id = $2 and k.revoked_at is null
$$;

create or replace function kernel.revoke_key(org uuid, key text) returns boolean
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  select kernel.check_proof('revoke_key', $1::text);
  with revoked as (
    update directory.api_key k set revoked_at = now()
      where k.org_id = $1 and k.id = $2 and k.revoked_at is null
      returning 1
  )
  select exists (select from revoked)
$$;

create or replace function kernel.key_uses(org uuid) returns table (id text, last_used_at timestamptz)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select kernel.check_proof('key_uses', $1::text);
  select k.id, k.last_used_at from directory.api_key k
    where k.org_id = $1 and k.last_used_at is not null and k.revoked_at is null
$$;

create or replace function kernel.add_token(token uuid, kind text, token_hash bytea, email text, org uuid,
  data jsonb, lives interval) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  select kernel.check_proof('add_token', coalesce($5::text, $4));
  insert into directory.token (id, kind, token_hash, email, org_id, data, expires_at)
    values ($1, $2, $3, $4, $5, $6, now() + $7)
$$;

create or replace function kernel.use_token(kind text, token_hash bytea) returns boolean
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  select kernel.check_proof('use_token', encode($2, 'hex'));
  with used as (
    update directory.token t set used_at = now()
      where t.kind = $1 and t.token_hash = $2 and t.used_at is null and t.expires_at > now()
      returning 1
  )
  select exists (select from used)
$$;

create or replace function kernel.drop_tokens(kind text, email text, org uuid) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  select kernel.check_proof('drop_tokens', coalesce($3::text, $2));
  update directory.token t set used_at = now()
    where t.kind = $1 and t.email = $2 and ($3 is null or t.org_id = $3) and t.used_at is null
$$;

create or replace function kernel.invitations_of(org uuid)
returns table (id uuid, email text, data jsonb, created_at timestamptz, expires_at timestamptz)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select kernel.check_proof('invitations_of', $1::text);
  select t.id, t.email, t.data, t.created_at, t.expires_at from directory.token t
    where t.kind = 'invite' and t.org_id = $1 and t.used_at is null and t.expires_at > now()
    order by t.created_at desc, t.id
$$;

create or replace function kernel.drop_invitation(org uuid, token uuid) returns boolean
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  select kernel.check_proof('drop_invitation', $1::text);
  with dropped as (
    update directory.token t set used_at = now()
      where t.kind = 'invite' and t.org_id = $1 and t.id = $2 and t.used_at is null
      returning 1
  )
  select exists (select from dropped)
$$;

create or replace function kernel.begin_attempt(subject bytea, address text, allowed integer, span interval)
returns integer
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
  tried integer;
  oldest timestamptz;
begin
  perform kernel.check_proof('begin_attempt', encode($1, 'hex'));
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

create or replace function kernel.forget_attempts(subject bytea, address text) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  select kernel.check_proof('forget_attempts', encode($1, 'hex'));
  delete from directory.login_attempt a where a.subject = $1 and a.address = $2
$$;

create or replace function kernel.purge_directory() returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  select kernel.check_proof('purge_directory', 'all');
  delete from directory.session s where not kernel.session_lives(s.last_seen_at, s.created_at);
  delete from directory.token t where t.expires_at < now() - interval '1 day';
  delete from directory.login_attempt a where a.at < now() - interval '1 day';
$$;

-- Events ----------------------------------------------------------------------------------------

-- For the organisation of the context only: for another, or without one, there is no org_id to write.
create or replace function kernel.note_outbox(org uuid, batch uuid) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  insert into directory.unsent_outbox (org_id, batch_id)
    values (case when $1 = kernel.org() then $1 end, $2) on conflict do nothing
$$;
