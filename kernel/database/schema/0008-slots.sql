-- Indexed copies of values that are kept in `custom`: row level security lets no operator on JSON use an index. One row per
-- record of an entity that has indexed fields, written with the record; which column holds which field, the layer says.
create table tenant.slot (
  org_id uuid not null,
  entity text collate "C" not null,
  record_id uuid not null,
  -- Folded as texts are sorted, where they are; others as they are.
  t1 text collate "und-x-icu", t2 text collate "und-x-icu", t3 text collate "und-x-icu",
  t4 text collate "und-x-icu", t5 text collate "und-x-icu", t6 text collate "und-x-icu",
  f1 float8, f2 float8, f3 float8, f4 float8,
  i1 bigint, i2 bigint,
  d1 date,
  z1 timestamptz(3), z2 timestamptz(3),
  u1 uuid, u2 uuid, u3 uuid, u4 uuid,
  b1 boolean,
  primary key (org_id, entity, record_id)
);
call kernel.protect('tenant.slot');
do $$
declare
  slot text;
begin
  foreach slot in array array['t1', 't2', 't3', 't4', 't5', 't6', 'f1', 'f2', 'f3', 'f4', 'i1', 'i2', 'd1', 'z1', 'z2',
    'u1', 'u2', 'u3', 'u4', 'b1'] loop
    execute format('create index slot_%1$s on tenant.slot (org_id, entity, %1$I, record_id) where %1$I is not null', slot);
  end loop;
end
$$;

-- Which field a slot holds, and whether it does so for every record yet. Until then nobody asks it.
create table tenant.slot_fill (
  org_id uuid not null,
  entity text collate "C" not null,
  slot text not null,
  -- Of the field.
  storage_id text not null,
  is_ready boolean not null default false,
  -- The last record that was filled.
  after uuid,
  -- From here on writers are asked to keep it; those who were under way may not know of it.
  since timestamptz not null default now(),
  primary key (org_id, entity, slot)
);
call kernel.protect('tenant.slot_fill');
