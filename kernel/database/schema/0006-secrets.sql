-- The vault: one data key per organisation, wrapped by a key derived from RUNWAY_SECRET_KEY, and the
-- secrets it seals. Deleting the row of the data key makes every secret of the organisation unreadable.

create table tenant.data_key (
  org_id uuid not null,
  id uuid not null,
  -- Which wrapping key opens it; changes when the secret key is changed.
  wrapped_by text not null,
  wrapped bytea not null,
  created_at timestamptz not null default now(),
  primary key (org_id)
);
call kernel.protect('tenant.data_key');

-- `owner` is the plugin, or `kernel`. `last4` is all that is ever shown.
create table tenant.secret (
  org_id uuid not null,
  owner text not null,
  name text not null,
  sealed bytea not null,
  last4 text not null,
  updated_at timestamptz not null default now(),
  primary key (org_id, owner, name)
);
call kernel.protect('tenant.secret');
