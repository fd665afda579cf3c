-- Records, change sets, the ledger, the outbox and what writing needs besides.
-- Ids are uuidv7: sorting by id is sorting by time. The writer's one statement fills four of these tables for
-- every record it writes, so they carry no constraint that the statement keeps by itself, and words of the
-- kernel's own compare byte by byte.

-- Records of entities that have no table of their own: an organisation's own objects. All of their
-- fields are in `custom`, under storage ids.
create table tenant.record (
  org_id uuid not null,
  entity text collate "C" not null,
  id uuid not null,
  version bigint not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  created_by jsonb not null,
  updated_by jsonb not null,
  owner_id uuid,
  deleted_at timestamptz,
  custom jsonb not null default '{}',
  primary key (org_id, id)
);
call kernel.protect('tenant.record');
create index record_by_entity on tenant.record (org_id, entity, id);
create index record_by_age on tenant.record (org_id, entity, created_at, id);
create index record_by_owner on tenant.record (org_id, entity, owner_id) where owner_id is not null;

-- Values of unique fields that are kept in `custom`; a typed column has a unique index instead. One row
-- per record and field, so that changing a value is an update and never a delete with an insert.
create table tenant.unique_value (
  org_id uuid not null,
  entity text collate "C" not null,
  field text not null,
  record_id uuid not null,
  value text not null,
  primary key (org_id, entity, field, record_id)
);
call kernel.protect('tenant.unique_value');
create unique index unique_value_taken on tenant.unique_value (org_id, entity, field, value);

-- What one actor did in one go. `workflows` is run or skip. `open` takes further batches, `done` takes none, `reverted` names the
-- change set that took it back. `counts` is {"created": n, "updated": n, "deleted": n, "restored": n}.
create table tenant.change_set (
  org_id uuid not null,
  id uuid not null,
  parent_id uuid,
  actor jsonb not null,
  door text not null,
  label text,
  workflows text collate "C" not null default 'run',
  state text collate "C" not null default 'done',
  created_at timestamptz not null,
  closed_at timestamptz,
  reverted_by uuid,
  counts jsonb not null default '{}',
  primary key (org_id, id)
);
call kernel.protect('tenant.change_set');
create index change_set_by_parent on tenant.change_set (org_id, parent_id) where parent_id is not null;

-- One row per version of a record; `op` is create, update, delete or restore. `fields` is null for creates, deletes and restores and
-- {"<field key>": [before, after]} for updates: storage values, parts as `<key>.<part>`, fields kept in
-- `custom` under their storage id. The past of a record is rebuilt from its present, backwards.
create table tenant.ledger (
  org_id uuid not null,
  id uuid not null,
  change_set_id uuid not null,
  entity text collate "C" not null,
  record_id uuid not null,
  op text collate "C" not null,
  version bigint not null,
  at timestamptz not null,
  actor jsonb not null,
  fields jsonb,
  primary key (org_id, change_set_id, id)
);
call kernel.protect('tenant.ledger');
-- Ids of records are unique without their entity, which would only make the index wider.
create unique index ledger_by_record on tenant.ledger (org_id, record_id, version);

-- What happened, for those who react. Written with the change itself; the relay numbers the rows of a
-- batch (`seq`, per organisation), which it finds in `directory`, and hands them on at least once. Rows stay 24 hours for cursors.
-- Events of records are `record.created|updated|deleted|restored` with payload {"fields": [keys]}.
create table tenant.outbox (
  org_id uuid not null,
  batch_id uuid not null,
  id uuid not null,
  seq bigint,
  change_set_id uuid,
  event text collate "C" not null,
  entity text collate "C",
  record_id uuid,
  version bigint,
  payload jsonb not null default '{}',
  workflows text not null default 'run',
  created_at timestamptz not null,
  sent_at timestamptz,
  primary key (org_id, batch_id, id)
);
call kernel.protect('tenant.outbox');
create unique index outbox_by_seq on tenant.outbox (org_id, seq) where seq is not null;

-- Answers kept for a repeated Idempotency-Key. `scope` is principal, method and path. Without a
-- status the first request still runs, until `claimed_until` says that it must have died.
create table tenant.idempotency (
  org_id uuid not null,
  scope text not null,
  key text not null,
  body_hash text not null,
  claim_id uuid not null,
  claimed_until timestamptz not null,
  status integer,
  headers jsonb,
  body text,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  primary key (org_id, scope, key)
);
call kernel.protect('tenant.idempotency');
create index idempotency_by_expiry on tenant.idempotency (org_id, expires_at);

-- Gapless numbers, e.g. of auto-number fields: `<entity>/<field>`.
create table tenant.counter (
  org_id uuid not null,
  name text not null,
  value bigint not null,
  primary key (org_id, name)
);
call kernel.protect('tenant.counter');
