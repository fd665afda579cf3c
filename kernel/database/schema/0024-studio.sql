-- Everybody who changed the draft since the last publish, as [{"type", "id", "name", "at"}].
alter table tenant.layer_draft add column editors jsonb not null default '[]';
