import pg from 'pg'

/**
 * No schedule that ships comes due while a test runs: at five minutes past the hour, at night or at the turn of a
 * month the product does more than a test asked for. What is made due by setting it into the past runs, and so do
 * the schedules that an organisation made itself.
 */
export async function holdSchedules(adminUrl: string): Promise<void> {
  const admin = new pg.Client({ connectionString: adminUrl })
  await admin.connect()
  try {
    await admin.query(`
      create function public.hold_schedule() returns trigger language plpgsql as
        $$ begin new.due := 'infinity'; return new; end $$;
      create trigger hold_schedule before insert or update on directory.schedule for each row
        when (new.due > now() and new.ref not like 't:%') execute function public.hold_schedule()`)
  } finally {
    await admin.end()
  }
}
