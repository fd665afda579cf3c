import type { Statement } from '../database/postgres.ts'

/**
 * Offers what an organisation published, and its brand, to its customers.
 *
 * @param becomes whether it becomes a reseller by that; otherwise nothing is done for one that is none.
 */
export function offerPublished(orgId: string, becomes: boolean): Statement {
  return {
    text: `select kernel.offer_layer(coalesce(
        (select r.document from tenant.layer_revision r where r.org_id = s.org_id and r.n = s.revision),
        '{}'), s.brand, $2)
      from tenant.org_state s where s.org_id = $1`,
    values: [orgId, becomes],
  }
}
