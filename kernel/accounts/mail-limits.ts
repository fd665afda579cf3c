import { RateLimitedError } from '@runwaycrm/sdk'
import { networkOf } from './attempts.ts'
import type { Directory } from './directory.ts'
import { tokenHash } from './tokens.ts'

/** Of mails that anybody can have sent to somebody else, within an hour. */
const hourly = {
  resetsToEmail: 5,
  /** An office behind one address forgets this often at most. */
  resetsFromNetwork: 30,
  invitationsOfOrg: 200,
  invitationsToEmail: 5,
} as const
const spanSeconds = 3_600

/** Counts mails before they are written, so that many requests at once are many mails. */
export function createMailLimits(directory: Directory) {
  const wait = (what: string, address: string, allowed: number) =>
    directory.beginAttempt(tokenHash(what), address, allowed, spanSeconds)

  return {
    /** First the network, so that one place cannot use up the mails of everybody. */
    async mayReset(email: string, address: string): Promise<boolean> {
      const { resetsFromNetwork, resetsToEmail } = hourly
      if ((await wait('resets', networkOf(address), resetsFromNetwork)) > 0) return false
      return (await wait(`reset ${email}`, '', resetsToEmail)) === 0
    },

    /** @throws RateLimitedError when the organisation invited too many. */
    async beginInvitation(orgId: string): Promise<void> {
      const seconds = await wait(`invitations ${orgId}`, '', hourly.invitationsOfOrg)
      if (seconds === 0) return
      throw new RateLimitedError(
        `At most ${hourly.invitationsOfOrg} people can be invited within an hour. Wait, then invite the rest.`,
        { retryAfter: seconds },
      )
    },

    /**
     * Counted over all organisations: that others invite somebody is not told, so the invitation stands and
     * is not mailed.
     */
    async mayMailInvitation(email: string): Promise<boolean> {
      return (await wait(`invitation ${email}`, '', hourly.invitationsToEmail)) === 0
    },
  }
}

export type MailLimits = ReturnType<typeof createMailLimits>
