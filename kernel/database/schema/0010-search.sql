-- Search: what can be found of each record, as normalised words, and the words of each organisation with
-- their misspellings. Written behind the outbox, never by whoever writes a record.
-- Row level security keeps operators that are not leakproof (&& and @> on arrays) away from indexes, so one
-- function looks things up, as a role that owns nothing else and that nobody can log in as. It answers
-- with ids alone; the compiler reads the records again under the ability of whoever asked.

-- `title` and `words` are normalised (kernel/search/words.ts), `words` begins with a space and with the words of the
-- title. `terms` are 64-bit hashes of (organisation, word): the organisation is inside each element, so a
-- GIN index on them alone never mixes organisations and needs no extension.
create table tenant.search (
  org_id uuid not null,
  record_id uuid not null,
  entity text collate "C" not null,
  version bigint not null,
  title text collate "C" not null,
  words text collate "C" not null,
  terms bigint[] not null,
  primary key (org_id, record_id)
);
call kernel.protect('tenant.search');
create index search_by_title on tenant.search (org_id, title, record_id);
create index search_by_term on tenant.search using gin (terms)
  with (fastupdate = on, gin_pending_list_limit = 512);

-- Each word once. `near` are hashes of (organisation, the word with one or two letters left out): two words
-- that share one are a typo or two apart. Null for what is not typed by hand.
create table tenant.search_word (
  org_id uuid not null,
  word text collate "C" not null,
  term bigint not null,
  near integer[],
  primary key (org_id, word)
);
call kernel.protect('tenant.search_word');
create index search_word_near on tenant.search_word using gin (near)
  with (fastupdate = on, gin_pending_list_limit = 512);

-- How far the filling of an organisation is. `mark` names the searched fields of its model: another mark,
-- and all is written again, entity by entity in order of their names, records by id.
create table tenant.search_state (
  org_id uuid not null,
  mark text not null,
  entity text collate "C",
  after uuid,
  is_ready boolean not null default false,
  primary key (org_id)
);
call kernel.protect('tenant.search_state');

-- For which set of plugins the mark was looked at.
alter table directory.org_stream add column search_mark text;

-- The one role that sees these two tables past the organisation's policy; see catalogue-rules.ts.
grant usage on schema kernel, tenant to runway_search;
grant select, delete on tenant.search, tenant.search_word to runway_search;
grant execute on function kernel.org() to runway_search;
create policy search on tenant.search to runway_search using (true) with check (false);
create policy search on tenant.search_word to runway_search using (true) with check (false);

-- Records of the organisation in the signed context that may match, the best first, at most 2,000.
-- `query` is the words in the order of typing, joined by spaces; `words` the same once each, with their hashes in
-- `terms`. With `is_open` the last word is still being typed. `entities` is where to look. `rank`: 1 the title
-- itself, .9 its beginning, .8 the beginning of a word in it, .7 all words in it, .3 in other fields.
create function kernel.search(query text, words text[], terms bigint[], is_open boolean,
  entities text[], most integer)
returns table (entity text, record_id uuid, rank real)
language plpgsql stable security definer rows 100 set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
#variable_conflict use_variable
declare
  org constant uuid := kernel.org();
  highest constant text := chr(1114111);
  amount constant integer := coalesce(cardinality(words), 0);
  wanted constant integer := least(greatest(coalesce(most, 0), 0), 2000);
  opened_most constant integer := 200;
  last_word constant text := words[amount];
  whole constant bigint[] := case when is_open then terms[1:amount - 1] else terms end;
  opened bigint[] := '{}';
  is_wide boolean := false;
  is_common boolean;
  found_titles integer;
begin
  if org is null or amount = 0 or amount > 16 or wanted = 0 or cardinality(terms) <> amount then
    return;
  end if;

  -- Titles that begin so, the shortest first. The limit inside bounds what is looked at.
  return query
    select s.entity, s.record_id, (case when s.title = query then 1 else .9 end)::real
      from (
        select i.entity, i.record_id, i.title from tenant.search i
          where i.org_id = org and i.title >= query and i.title < query || highest
          order by i.title, i.record_id limit 5000
      ) s
      where s.entity = any (entities)
      limit wanted;
  get diagnostics found_titles = row_count;
  if found_titles = wanted then
    return;
  end if;

  if is_open then
    opened := array(
      select w.term from tenant.search_word w
        where w.org_id = org and w.word >= last_word and w.word < last_word || highest
        order by w.word limit opened_most + 1
    );
    is_wide := cardinality(opened) > opened_most;
  end if;
  -- A word that stands in every fiftieth of the newest records is not looked up, which would collect all of
  -- them first: it is soon met by going back from the newest.
  select count(*) >= 10 into is_common
    from (
      select * from tenant.search i where i.org_id = org order by i.record_id desc limit 500
    ) c
    where c.entity = any (entities) and c.terms @> whole
      and (not is_open or position(' ' || last_word in c.words) > 0);
  if is_common then
    return query
      select c.entity, c.record_id, (case
        when starts_with(c.title, query) then .9
        when position(' ' || query in ' ' || c.title) > 0 then .8
        when amount > 1 and not exists (
          select from unnest(words) w where position(' ' || w in ' ' || c.title) = 0
        ) then .7
        else .3
      end)::real as place
        from (
          select n.entity, n.record_id, n.title
            from (
              select * from tenant.search i where i.org_id = org order by i.record_id desc limit 20000
            ) n
            where n.entity = any (entities) and n.terms @> whole
              and (not is_open or position(' ' || last_word in n.words) > 0)
            limit 2 * wanted
        ) c
        order by place desc, c.record_id desc
        limit wanted - found_titles;
    return;
  end if;

  -- Records with all of the words; a record of above comes again. What very many words begin with is looked
  -- for in what the others found, and alone in the first of them.
  return query
    select c.entity, c.record_id, (case
        when starts_with(c.title, query) then .9
        when position(' ' || query in ' ' || c.title) > 0 then .8
        when amount > 1 and not exists (
          select from unnest(words) w where position(' ' || w in ' ' || c.title) = 0
        ) then .7
        else .3
      end)::real as place
      from (
        (select * from (
            select * from tenant.search i
              where cardinality(whole) > 0 and i.terms @> whole and (not is_open or is_wide)
              offset 0
          ) found limit case when is_wide then 10000 else 4 * wanted end)
        union all
        (select * from (
            select * from tenant.search i
              where cardinality(whole) > 0 and i.terms @> whole and i.terms && opened
                and is_open and not is_wide
              offset 0
          ) found limit 4 * wanted)
        union all
        (select * from (
            select * from tenant.search i
              where cardinality(whole) = 0 and i.terms && opened offset 0
          ) found limit 4 * wanted)
      ) c
      where c.org_id = org and c.entity = any (entities)
        and (not is_wide or position(' ' || last_word in c.words) > 0)
      order by place desc, c.record_id desc
      limit wanted - found_titles;
end
$$;

-- Words of the organisation that share one of `near`, or that begin with `prefix` (null for none): what
-- somebody may have meant. At most 1,000 and 200.
create function kernel.search_near(near integer[], prefix text) returns table (word text)
language plpgsql stable security definer rows 100 set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
#variable_conflict use_variable
declare
  org constant uuid := kernel.org();
begin
  if org is null then
    return;
  end if;
  return query
    (select w.word from (
        select i.org_id, i.word from tenant.search_word i where i.near && near offset 0
      ) w where w.org_id = org limit 1000)
    union
    (select w.word from tenant.search_word w
      where w.org_id = org and w.word >= prefix and w.word < prefix || chr(1114111)
      order by w.word limit 200);
end
$$;

-- Records that have one of the terms of each group: `terms[i]` belongs to group `group_of[i]` of `amount`.
create function kernel.search_any(terms bigint[], group_of integer[], amount integer,
  entities text[], most integer)
returns table (entity text, record_id uuid)
language plpgsql stable security definer rows 100 set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
#variable_conflict use_variable
declare
  org constant uuid := kernel.org();
  conditions text := '';
begin
  if org is null or amount not between 1 and 16 then
    return;
  end if;
  for place in 1 .. amount loop
    -- The planner has to see how many there are: numbers, and nothing else, go into the text.
    conditions := conditions || format(' and i.terms && %L::bigint[]', array(
      select u.t from unnest(terms, group_of) u (t, o) where u.o = place
    ));
  end loop;
  return query execute
    'select s.entity, s.record_id
      from (select * from tenant.search i where true' || conditions || ' offset 0) s
      where s.org_id = $1 and s.entity = any ($2) limit $3'
    using org, entities, least(greatest(coalesce(most, 0), 0), 2000);
end
$$;

-- Removes records of the organisation in the signed context from the index, and from its words those that
-- no other record has. Returns how many records were there. For erasing: nothing of them stays.
create function kernel.forget_search(records uuid[]) returns integer
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
declare
  org constant uuid := kernel.org();
  left_over text[];
  gone integer;
begin
  if org is null then
    return 0;
  end if;
  with removed as (
    delete from tenant.search s where s.org_id = org and s.record_id = any (records)
      returning s.record_id, s.words
  )
  select count(distinct r.record_id)::integer, array_agg(distinct w.word)
    into gone, left_over
    from removed r cross join lateral string_to_table(r.words, ' ') w (word);
  perform kernel.forget_search_words(left_over);
  return gone;
end
$$;

-- Removes from the words of the organisation those of `words` that none of its records has.
create function kernel.forget_search_words(words text[]) returns integer
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
declare
  org constant uuid := kernel.org();
  one record;
  gone integer := 0;
begin
  if org is null then
    return 0;
  end if;
  for one in
    select w.word, w.term from tenant.search_word w where w.org_id = org and w.word = any (words)
  loop
    if not exists (select from tenant.search s where s.terms @> array[one.term]) then
      delete from tenant.search_word w where w.org_id = org and w.word = one.word;
      gone := gone + 1;
    end if;
  end loop;
  return gone;
end
$$;

-- Batches of the organisation that nobody has handed on yet, the newest first: what the index cannot know.
create function kernel.fresh_batches(wanted integer) returns table (batch_id uuid)
language sql stable security definer rows 5 set search_path = pg_catalog, pg_temp as $$
  select u.batch_id from directory.unsent_outbox u
    where u.org_id = kernel.org() order by u.batch_id desc limit $1
$$;

-- Organisations whose searched fields were looked at for another set of plugins, or never.
create function kernel.stale_search(mark text, wanted integer) returns table (org_id uuid)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select o.id from directory.org o left join directory.org_stream s on s.org_id = o.id
    where o.state = 'active' and s.search_mark is distinct from $1
    order by o.id limit $2
$$;

create function kernel.note_search(mark text) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
  insert into directory.org_stream as s (org_id, search_mark)
    select kernel.org(), $1 where kernel.org() is not null
    on conflict (org_id) do update set search_mark = excluded.search_mark
$$;

do $$
declare
  called text;
begin
  foreach called in array array[
    'search(text, text[], bigint[], boolean, text[], integer)', 'search_near(integer[], text)',
    'search_any(bigint[], integer[], integer, text[], integer)',
    'forget_search(uuid[])', 'forget_search_words(text[])', 'fresh_batches(integer)',
    'stale_search(text, integer)', 'note_search(text)'
  ] loop
    execute format('revoke all on function kernel.%s from public', called);
    execute format('grant execute on function kernel.%s to runway_server', called);
  end loop;
  grant create on schema kernel to runway_search;
  foreach called in array array[
    'search(text, text[], bigint[], boolean, text[], integer)', 'search_near(integer[], text)',
    'search_any(bigint[], integer[], integer, text[], integer)',
    'forget_search(uuid[])', 'forget_search_words(text[])'
  ] loop
    execute format('alter function kernel.%s owner to runway_search', called);
  end loop;
  revoke create on schema kernel from runway_search;
end
$$;
