-- A worker that is killed takes with it what it holds. That is no attempt of the job, which has nothing to do with it
-- in most cases; but one that kills its workers must come to an end, too.
alter table tenant.job add column deaths integer not null default 0;
