-- Erasing a person. A change set that is final cannot be taken back: what it took away is nowhere any more.
alter table tenant.change_set add column is_final boolean not null default false;
