-- Erasing a member: what lets them in, and their name where it stands beside what they did. And an organisation whose
-- import failed leaves no name behind.

-- Takes from one organisation what lets its member in: membership, sessions and links, and the keys they made.
-- `emails` are addresses whose invitations go too; without a member, that is all. Who is a member nowhere else loses
-- the login itself; elsewhere everything stays. Answers how many rows went, and the keys that were revoked.
create function kernel.forget_member(org uuid, member uuid, emails text[])
returns table (gone integer, keys text[])
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_variable
declare
  login uuid;
  address text;
  amount integer;
begin
  perform kernel.check_proof('forget_member', org::text);
  select l.id, l.email into login, address
    from directory.membership m join directory.login l on l.id = m.login_id
    where m.org_id = org and m.user_id = member
    for update of l;
  delete from directory.token t
    where t.org_id = org
      and (t.email = any (emails) or t.email = address or t.data ->> 'userId' = member::text);
  get diagnostics gone = row_count;
  update directory.token t set data = jsonb_set(t.data, '{invitedBy,name}', '"Erased"')
    where t.org_id = org and t.data #>> '{invitedBy,id}' = member::text;
  with revoked as (
    update directory.api_key k set revoked_at = now()
      where k.org_id = org and k.revoked_at is null
        and k.created_by @> jsonb_build_object('type', 'user', 'id', member)
      returning k.id
  )
  select coalesce(array_agg(r.id), '{}') into keys from revoked r;
  update directory.api_key k set created_by = jsonb_set(k.created_by, '{name}', '"Erased"')
    where k.org_id = org and k.created_by @> jsonb_build_object('type', 'user', 'id', member);
  if login is not null then
    delete from directory.session s where s.login_id = login and s.org_id = org;
    get diagnostics amount = row_count;
    gone := gone + amount;
    delete from directory.membership m where m.login_id = login and m.org_id = org;
    gone := gone + 1;
    if not exists (select from directory.membership m where m.login_id = login) then
      delete from directory.session s where s.login_id = login;
      delete from directory.token t where t.org_id is null and t.email = address;
      delete from directory.login_attempt a where a.subject = sha256(convert_to(address, 'UTF8'));
      delete from directory.login l where l.id = login;
      gone := gone + 1;
    end if;
  end if;
  return next;
end
$$;

-- Revisions are never changed, but for the name of an author who is erased. In the organisation of the signed context.
create function kernel.forget_author(member uuid) returns integer
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  with forgotten as (
    update tenant.layer_revision r set author = jsonb_set(r.author, '{name}', '"Erased"')
      where r.org_id = kernel.org() and r.author @> jsonb_build_object('type', 'user', 'id', $1)
        and r.author ->> 'name' <> 'Erased'
      returning 1
  )
  select count(*)::integer from forgotten
$$;

-- An organisation that nobody ever got into: its slug is free again.
create function kernel.drop_org(org uuid) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  select kernel.check_proof('drop_org', $1::text);
  delete from directory.org o where o.id = $1 and o.state = 'creating';
$$;

do $$
declare
  called text;
begin
  foreach called in array array[
    'forget_member(uuid, uuid, text[])', 'forget_author(uuid)', 'drop_org(uuid)'
  ] loop
    execute format('revoke all on function kernel.%s from public', called);
    execute format('grant execute on function kernel.%s to runway_server', called);
  end loop;
end
$$;
