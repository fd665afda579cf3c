-- As before, but of what an index finds a thousand are put in order, not ten: words that stand in very many
-- records took most of a request's time.
drop function kernel.search(text, text[], bigint[], boolean, text[], integer);
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
  found_most constant integer := greatest(1000, wanted);
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
          ) found limit found_most)
        union all
        (select * from (
            select * from tenant.search i
              where cardinality(whole) > 0 and i.terms @> whole and i.terms && opened
                and is_open and not is_wide
              offset 0
          ) found limit found_most)
        union all
        (select * from (
            select * from tenant.search i
              where cardinality(whole) = 0 and i.terms && opened offset 0
          ) found limit found_most)
      ) c
      where c.org_id = org and c.entity = any (entities)
        and (not is_wide or position(' ' || last_word in c.words) > 0)
      order by place desc, c.record_id desc
      limit wanted - found_titles;
end
$$;

revoke all on function kernel.search(text, text[], bigint[], boolean, text[], integer) from public;
grant execute on function kernel.search(text, text[], bigint[], boolean, text[], integer) to runway_server;
grant create on schema kernel to runway_search;
alter function kernel.search(text, text[], bigint[], boolean, text[], integer) owner to runway_search;
revoke create on schema kernel from runway_search;
