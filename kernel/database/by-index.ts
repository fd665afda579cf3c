import type { Statement } from './postgres.ts'

/**
 * For the rest of a transaction or batch: look up by index, whatever size the tables had when the
 * statements were planned. A plan made for a few rows would read all of what grew since.
 */
export const byIndex: Statement = {
  name: 'by_index',
  text: `select pg_catalog.set_config('enable_seqscan', 'off', true)`,
  values: [],
}
