-- As before, but a word that stands in every hundredth record or so is met by going back from the newest too: its
-- records would all have to be fetched to be put in order. Whoever does not meet enough of them soon looks in the index.
drop function kernel.search(text, text[], bigint[], boolean, text[], integer);

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
  -- What begins so counts as one word up to so many; records that the index finds are put in order up to so many.
  opened_most constant integer := 200;
  found_most constant integer := 10000;
  -- With so many in the newest records it is soon met by going back from them.
  sampled constant integer[] := array[500, 2000];
  common_least constant integer := 15;
  walked_most constant integer := 20000;
  last_word constant text := words[amount];
  whole constant bigint[] := case when is_open then terms[1:amount - 1] else terms end;
  opened bigint[] := '{}';
  is_wide boolean := false;
  met integer;
  looked_at integer;
  found_titles integer;
  walked uuid[];
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

  -- Most words are in none of the newest few.
  foreach looked_at in array sampled loop
    select count(*) into met
      from (
        select * from tenant.search i where i.org_id = org order by i.record_id desc limit looked_at
      ) c
      where c.entity = any (entities) and c.terms @> whole
        and (not is_open or position(' ' || last_word in c.words) > 0);
    exit when met = 0;
  end loop;
  if met >= common_least then
    walked := array(
      select n.record_id
        from (
          select * from tenant.search i where i.org_id = org order by i.record_id desc limit walked_most
        ) n
        where n.entity = any (entities) and n.terms @> whole
          and (not is_open or position(' ' || last_word in n.words) > 0)
        limit wanted
    );
  end if;

  -- Records with all of the words; a record of above comes again. What very many words begin with is looked
  -- for in what the others found, and alone in the first of them.
  return query
    select p.entity, p.record_id, (p.place / 10.0)::real
      from (
        select c.entity, c.record_id, (case
            when starts_with(c.title, query) then 9
            when position(' ' || query in ' ' || c.title) > 0 then 8
            when amount > 1 and position(' ' || words[1] in ' ' || c.title) > 0 and not exists (
              select from unnest(words) w where position(' ' || w in ' ' || c.title) = 0
            ) then 7
            else 3
          end) as place
          from (
            (select i.* from unnest(walked) w (id) join tenant.search i on i.org_id = org and i.record_id = w.id
              where cardinality(walked) = wanted)
            union all
            (select * from (
                select * from tenant.search i
                  where cardinality(whole) > 0 and i.terms @> whole and (not is_open or is_wide)
                    and coalesce(cardinality(walked), 0) < wanted
                  offset 0
              ) found limit found_most)
            union all
            (select * from (
                select * from tenant.search i
                  where cardinality(whole) > 0 and i.terms @> whole and i.terms && opened
                    and is_open and not is_wide and coalesce(cardinality(walked), 0) < wanted
                  offset 0
              ) found limit found_most)
            union all
            (select * from (
                select * from tenant.search i
                  where cardinality(whole) = 0 and i.terms && opened
                    and coalesce(cardinality(walked), 0) < wanted
                  offset 0
              ) found limit found_most)
          ) c
          where c.org_id = org and c.entity = any (entities)
            and (not is_wide or position(' ' || last_word in c.words) > 0)
          order by place desc, c.record_id desc
          limit wanted - found_titles
      ) p;
end
$$;

-- As before, but a word that nothing is near to, and that very many records have, is looked for in what the others
-- find: its list in the index is the longest to go through.
drop function kernel.search_any(bigint[], integer[], integer, text[], integer);

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
  looked_at constant integer := 400;
  common_least constant integer := 20;
  some_terms bigint[];
  is_common boolean;
  in_index text := '';
  in_rows text := '';
begin
  if org is null or amount not between 1 and 16 then
    return;
  end if;
  for place in 1 .. amount loop
    some_terms := array(select u.t from unnest(terms, group_of) u (t, o) where u.o = place);
    is_common := false;
    if amount > 1 and cardinality(some_terms) = 1 then
      select count(*) >= common_least into is_common
        from (
          select * from tenant.search i where i.org_id = org order by i.record_id desc limit looked_at
        ) n
        where n.terms @> some_terms;
    end if;
    -- The planner has to see how many there are: numbers, and nothing else, go into the text.
    if is_common then
      in_rows := in_rows || format(' and s.terms @> %L::bigint[]', some_terms);
    else
      in_index := in_index || format(' and i.terms && %L::bigint[]', some_terms);
    end if;
  end loop;
  if in_index = '' then
    in_index := replace(in_rows, ' s.', ' i.');
  end if;
  return query execute
    'select s.entity, s.record_id
      from (select * from tenant.search i where true' || in_index || ' offset 0) s
      where s.org_id = $1 and s.entity = any ($2)' || in_rows || ' limit $3'
    using org, entities, least(greatest(coalesce(most, 0), 0), 2000);
end
$$;

do $$
declare
  looked text;
begin
  grant create on schema kernel to runway_search;
  foreach looked in array array[
    'search(text, text[], bigint[], boolean, text[], integer)',
    'search_any(bigint[], integer[], integer, text[], integer)'
  ] loop
    execute format('revoke all on function kernel.%s from public', looked);
    execute format('grant execute on function kernel.%s to runway_server', looked);
    execute format('alter function kernel.%s owner to runway_search', looked);
  end loop;
  revoke create on schema kernel from runway_search;
end
$$;
