-- What the organisation said for the parameters of a package; its document has them filled in.
alter table tenant.installed_package add column params jsonb not null default '{}';
