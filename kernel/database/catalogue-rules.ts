/**
 * The rules of the data model as questions to the catalogue. Each answers with one row per thing that
 * breaks it: `object` and what is `wrong`. `$1` is the server's login, `$2` the owner of everything.
 */
export interface CatalogueRule {
  readonly name: string
  readonly sql: string
}

/** Tables of an organisation, those split into partitions included, the partitions themselves not. */
const tenantTables = `
  pg_class t join pg_namespace n on n.oid = t.relnamespace
    and n.nspname = 'tenant' and t.relkind in ('r', 'p') and not t.relispartition`

const orgColumn = `(select a.attnum from pg_attribute a
  where a.attrelid = t.oid and a.attname = 'org_id' and not a.attisdropped)`

const ourSchemas = `('kernel', 'tenant', 'directory', 'ref')`

/**
 * The one exception, written out: two tables that functions of search read as a role of their own, which
 * nobody can log in as, and which may not write to them. Their GIN indexes have the organisation inside
 * each element.
 */
const searchTables = `(to_regclass('tenant.search'), to_regclass('tenant.search_word'))`
const searchFunctions = `('search', 'search_near', 'search_any', 'forget_search', 'forget_search_words')`
const isSearchPolicy = `(p.polname = 'search' and p.polrelid in ${searchTables}
  and p.polroles = array['runway_search'::regrole::oid] and p.polpermissive and p.polcmd = '*'
  and pg_get_expr(p.polqual, p.polrelid) is not distinct from 'true'
  and pg_get_expr(p.polwithcheck, p.polrelid) is not distinct from 'false')`
const isSearchIndex = `exists (
  select from (values ('search_by_term', 'search', 'terms', 'bigint[]'),
      ('search_word_near', 'search_word', 'near', 'integer[]')) known (index, owner, key, type)
    join pg_attribute a on a.attrelid = i.indrelid and a.attname = known.key
      and a.atttypid = known.type::regtype
    join pg_class x on x.oid = i.indexrelid
    join pg_am m on m.oid = x.relam
    where i.indexrelid = to_regclass('tenant.' || known.index)
      and i.indrelid = to_regclass('tenant.' || known.owner)
      and m.amname = 'gin' and i.indnatts = 1 and i.indkey[0] = a.attnum)`
const isSearchGrant = `(c.oid in ${searchTables} and a.privilege_type in ('SELECT', 'DELETE'))`

const canonicalPolicy = '(org_id = ( SELECT kernel.org() AS org))'

/** What the server may do with tables of a schema; anything more is a mistake. */
const allowedTableRights = `
  case n.nspname
    when 'tenant' then array['SELECT', 'INSERT', 'UPDATE', 'DELETE']
    when 'ref' then array['SELECT']
    when 'kernel' then case when c.relname in ('schema_version', 'model_table')
      then array['SELECT'] else array[]::text[] end
    else array[]::text[]
  end`

export const catalogueRules: readonly CatalogueRule[] = [
  {
    name: 'org-column',
    sql: `select t.oid::regclass::text as object, 'has no column "org_id uuid not null"' as wrong
      from ${tenantTables}
      where not exists (select from pg_attribute a where a.attrelid = t.oid and a.attname = 'org_id'
        and a.atttypid = 'uuid'::regtype and a.attnotnull)`,
  },
  {
    name: 'primary-key',
    sql: `select t.oid::regclass::text as object, 'has no primary key that begins with org_id' as wrong
      from ${tenantTables}
      where not exists (select from pg_index i
        where i.indrelid = t.oid and i.indisprimary and i.indkey[0] = ${orgColumn})`,
  },
  {
    name: 'index',
    sql: `select i.indexrelid::regclass::text as object,
        'does not begin with org_id' || case when i.indisunique then ', so organisations could probe each other' else '' end as wrong
      from ${tenantTables} join pg_index i on i.indrelid = t.oid
      where i.indkey[0] is distinct from ${orgColumn} and not ${isSearchIndex}`,
  },
  {
    name: 'foreign-key',
    sql: `select t.oid::regclass || '.' || k.conname as object,
        'does not lead from (org_id, ...) to (org_id, ...), so it would reach into other organisations' as wrong
      from ${tenantTables} join pg_constraint k on k.conrelid = t.oid and k.contype = 'f'
      where k.conkey[1] is distinct from ${orgColumn}
        or k.confkey[1] is distinct from (select a.attnum from pg_attribute a
          where a.attrelid = k.confrelid and a.attname = 'org_id')
        or array_length(k.conkey, 1) < 2`,
  },
  {
    name: 'foreign-key',
    sql: `select r.oid::regclass || '.' || k.conname as object,
        'refers to a table of organisations from outside of them' as wrong
      from ${tenantTables} join pg_constraint k on k.confrelid = t.oid and k.contype = 'f'
      join pg_class r on r.oid = k.conrelid
      where r.relnamespace <> t.relnamespace`,
  },
  {
    name: 'row-level-security',
    sql: `select t.oid::regclass::text as object,
        case when t.relrowsecurity then 'does not force row level security on its owner'
          else 'has row level security switched off' end as wrong
      from ${tenantTables} where not (t.relrowsecurity and t.relforcerowsecurity)`,
  },
  {
    name: 'policy',
    sql: `select t.oid::regclass::text as object,
        'must have exactly one policy, ' || $3 || ', for reading and for writing' as wrong
      from ${tenantTables}
      where (select count(*) from pg_policy p where p.polrelid = t.oid and not ${isSearchPolicy}) <> 1
        or not exists (select from pg_policy p where p.polrelid = t.oid
          and p.polpermissive and p.polcmd = '*' and p.polroles = '{0}'
          and pg_get_expr(p.polqual, p.polrelid) = $3
          and pg_get_expr(p.polwithcheck, p.polrelid) = $3)`,
  },
  {
    name: 'sequence',
    sql: `select c.oid::regclass::text as object, 'is a sequence: its numbers tell how much others do' as wrong
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname = 'tenant' and c.relkind = 'S'
      union all
      select t.oid::regclass || '.' || a.attname, 'takes its numbers from a sequence'
      from ${tenantTables} join pg_attribute a on a.attrelid = t.oid and not a.attisdropped
      left join pg_attrdef d on d.adrelid = t.oid and d.adnum = a.attnum
      where a.attidentity <> '' or pg_get_expr(d.adbin, d.adrelid) like '%nextval(%'`,
  },
  {
    name: 'view',
    sql: `select c.oid::regclass::text as object,
        case c.relkind when 'm' then 'is a materialized view, which has no row level security'
          else 'is a view without security_invoker, which reads as its owner' end as wrong
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_'
        and (c.relkind = 'm' or (c.relkind = 'v'
          and not coalesce(c.reloptions @> '{security_invoker=true}'
            or c.reloptions @> '{security_invoker=on}', false)))
        and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e')`,
  },
  {
    name: 'security-definer',
    sql: `select p.oid::regprocedure::text as object,
        case when n.nspname <> 'kernel' then 'is SECURITY DEFINER outside of schema kernel'
          when p.prosqlbody is not null then 'has a body that cannot be compared; write it as a string'
          when p.proconfig is null or not p.proconfig @> '{"search_path=pg_catalog, pg_temp"}'
            then 'does not pin search_path to pg_catalog, pg_temp'
          else 'can be called by PUBLIC' end as wrong
      from pg_proc p join pg_namespace n on n.oid = p.pronamespace
      where p.prosecdef and n.nspname not in ('pg_catalog', 'information_schema')
        and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')
        and (n.nspname <> 'kernel' or p.prosqlbody is not null
          or p.proconfig is null or not p.proconfig @> '{"search_path=pg_catalog, pg_temp"}'
          or exists (select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
            where a.grantee = 0))`,
  },
  {
    name: 'grant',
    sql: `with server as (select r.oid from pg_roles r where pg_has_role($1, r.oid, 'usage'))
      select c.oid::regclass::text as object,
        case when a.grantee = 0 then 'PUBLIC' else a.grantee::regrole::text end || ' may ' || a.privilege_type
          || case when c.relispartition then ' on the partition itself, round the policy' else '' end as wrong
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
      cross join aclexplode(c.relacl) a
      where n.nspname not in ('pg_catalog', 'information_schema') and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
        and a.grantee <> c.relowner
        and (a.grantee in (select oid from server) or (a.grantee = 0 and n.nspname in ${ourSchemas}))
        and (c.relispartition or a.grantee = 0 or a.privilege_type <> all (${allowedTableRights}))
      union all
      select c.oid::regclass || '.' || x.attname,
        case when a.grantee = 0 then 'PUBLIC' else a.grantee::regrole::text end || ' may ' || a.privilege_type || ' this column'
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
      join pg_attribute x on x.attrelid = c.oid and x.attacl is not null
      cross join aclexplode(x.attacl) a
      where n.nspname in ${ourSchemas} and a.grantee <> c.relowner
        and (a.grantee = 0 or a.grantee in (select oid from server))
      union all
      select c.oid::regclass::text, 'runway_search may ' || a.privilege_type
      from pg_class c cross join aclexplode(c.relacl) a
      where a.grantee = 'runway_search'::regrole and not ${isSearchGrant}
      union all
      select c.oid::regclass || '.' || x.attname, 'runway_search may ' || a.privilege_type || ' this column'
      from pg_class c join pg_attribute x on x.attrelid = c.oid and x.attacl is not null
      cross join aclexplode(x.attacl) a
      where a.grantee = 'runway_search'::regrole
      union all
      select 'schema ' || n.nspname, 'runway_search may CREATE'
      from pg_namespace n
      where (n.nspname in ${ourSchemas} or n.nspname = 'public')
        and has_schema_privilege('runway_search', n.oid, 'CREATE')
      union all
      select 'schema ' || n.nspname, 'the server may ' || p
      from pg_namespace n cross join unnest(array['CREATE', 'USAGE']) p
      where (n.nspname in ${ourSchemas} or n.nspname = 'public')
        and has_schema_privilege($1, n.oid, p) and (p = 'CREATE' or n.nspname = 'directory')
      union all
      select 'database ' || current_database(), 'the server may ' || p
      from unnest(array['CREATE', 'TEMPORARY']) p
      where has_database_privilege($1, current_database(), p)`,
  },
  {
    name: 'owner',
    sql: `select what as object, 'belongs to ' || owner::regrole || ' and not to ' || $2 as wrong from (
        select c.oid::regclass::text, c.relowner from pg_class c
          join pg_namespace n on n.oid = c.relnamespace
          where n.nspname in ${ourSchemas} and c.relkind in ('r', 'p', 'v', 'm', 'S', 'f')
        union all
        select p.oid::regprocedure::text, p.proowner from pg_proc p
          join pg_namespace n on n.oid = p.pronamespace where n.nspname in ${ourSchemas}
            and not (p.proname in ${searchFunctions} and n.nspname = 'kernel' and p.prosecdef
              and p.proowner = 'runway_search'::regrole)
        union all
        select 'schema ' || nspname, nspowner from pg_namespace where nspname in ${ourSchemas}
      ) as owned(what, owner) where owner::regrole::text <> $2`,
  },
  {
    name: 'role',
    sql: `select r.rolname::text as object, wrong from pg_roles r cross join lateral (values
        (r.rolsuper, 'is a superuser'),
        (r.rolbypassrls, 'has BYPASSRLS'),
        (r.rolcreaterole, 'may create roles'),
        (r.rolcreatedb, 'may create databases'),
        (r.rolreplication, 'may replicate'),
        (r.rolname in ($2, 'runway_search') and r.rolcanlogin, 'can log in'),
        (r.rolname <> $2 and pg_has_role(r.oid, $2, 'member'), 'is a member of the owner'),
        (r.rolname not in ($2, 'runway_search') and pg_has_role(r.oid, 'runway_search', 'member'),
          'is a member of the role of search'),
        (r.rolname <> $2 and exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace
          where c.relowner = r.oid and n.nspname in ${ourSchemas}), 'owns tables')
      ) as checks(broken, wrong)
      where r.rolname in ($1, $2, 'runway_server', 'runway_search') and broken`,
  },
]

/** What `$3` is in the rule of the policy. */
export const policyExpression = canonicalPolicy
