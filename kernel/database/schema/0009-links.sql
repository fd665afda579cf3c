-- Which records a many-relation of a record leads to, for those who ask from the other side. The list itself, in
-- its order, is a value of the record; these rows are its index, written by the statement that writes the list.
-- `field` is the field's name in the ledger. Rows of deleted records stay: they come back with the record.
create table tenant.link (
  org_id uuid not null,
  entity text collate "C" not null,
  field text collate "C" not null,
  from_id uuid not null,
  to_id uuid not null,
  primary key (org_id, from_id, field, to_id)
);
call kernel.protect('tenant.link');
create index link_by_target on tenant.link (org_id, to_id, entity, field);
