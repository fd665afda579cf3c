import { InvalidError } from '@runwaycrm/sdk'
import type { Database } from '../database/postgres.ts'
import { offerPublished } from '../model/offer-layer.ts'

/** Puts new organisations under their reseller. */
export interface Resellers {
  /**
   * Makes an organisation the reseller of one that is still being made: what it published, and its
   * brand, stand beneath the new one's own from here on.
   *
   * @throws InvalidError when it has a reseller itself.
   */
  join(orgId: string, resellerId: string): Promise<void>
}

export function createResellers(db: Pick<Database, 'query'>): Resellers {
  return {
    async join(orgId, resellerId) {
      await db.query(resellerId, offerPublished(resellerId, true))
      const { rows } = await db.query<{ joined: boolean }>(orgId, {
        text: 'select kernel.join_reseller($1) as joined',
        values: [resellerId],
      })
      if (rows[0]?.joined !== true) throw unfit('It has a reseller itself, or is not active.')
    },
  }
}

/** @param message why the organisation cannot be a reseller. */
export function unfit(message: string): Error {
  return new InvalidError(undefined, {
    errors: [{ path: 'reseller', code: 'OUT_OF_RANGE', message }],
  })
}
