-- What an organisation makes of the model: its profile, its own layer as draft and revisions, the
-- packages it installed, which plugins it uses and how they are set.

-- One row per organisation. `epoch` rises with every publish, enabling, disabling and change of settings
-- or profile: a node that knows an older one loads anew. `revision` is 0 until something is published.
create table tenant.org_state (
  org_id uuid not null,
  revision integer not null default 0,
  epoch bigint not null default 1,
  name text not null,
  slug text not null,
  plan text not null default 'free',
  currency text not null default 'USD',
  country text not null default 'US',
  time_zone text not null default 'UTC',
  locale text not null default 'en',
  brand jsonb not null default '{}',
  primary key (org_id)
);
call kernel.protect('tenant.org_state');

-- The own layer as its admins are changing it. No row means: as published.
create table tenant.layer_draft (
  org_id uuid not null,
  document jsonb not null,
  updated_at timestamptz not null default now(),
  updated_by jsonb not null,
  primary key (org_id)
);
call kernel.protect('tenant.layer_draft');

-- Published versions of the own layer. Rows are never changed; a roll back is a new row.
create table tenant.layer_revision (
  org_id uuid not null,
  n integer not null,
  document jsonb not null,
  hash text not null,
  message text not null,
  author jsonb not null,
  created_at timestamptz not null default now(),
  -- The revision whose document was published again, for a roll back.
  restores integer,
  primary key (org_id, n)
);
call kernel.protect('tenant.layer_revision');
revoke update, delete on tenant.layer_revision from runway_server;

-- Declarative packages of the organisation, at most one version of each.
create table tenant.installed_package (
  org_id uuid not null,
  id text not null,
  version text not null,
  document jsonb not null,
  installed_at timestamptz not null default now(),
  installed_by jsonb not null,
  primary key (org_id, id)
);
call kernel.protect('tenant.installed_package');

-- Only where the organisation differs from the default of a plugin.
create table tenant.plugin_state (
  org_id uuid not null,
  plugin text not null,
  state text not null check (
    state in ('available', 'installed', 'enabled', 'disabled', 'suspended', 'archived')
  ),
  reason text,
  changed_at timestamptz not null default now(),
  changed_by jsonb not null,
  primary key (org_id, plugin)
);
call kernel.protect('tenant.plugin_state');

-- Values of the `settings` point, one row per contribution that somebody set. Secrets are in the vault.
create table tenant.setting (
  org_id uuid not null,
  ref text not null,
  value jsonb not null,
  changed_at timestamptz not null default now(),
  changed_by jsonb not null,
  primary key (org_id, ref)
);
call kernel.protect('tenant.setting');
