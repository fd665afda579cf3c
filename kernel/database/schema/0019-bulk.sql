-- How far a change set is that a job fills: {"matched": n, "refused": n, "refusals": [{"entity", "id", "code", "detail", "field"}]},
-- of the refusals the first 200. No values of records are in it.
alter table tenant.change_set add column job jsonb;
