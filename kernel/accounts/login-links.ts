import { uuidv7 } from '../database/uuid.ts'
import type { Directory } from './directory.ts'
import type { Principals } from './principals.ts'
import { deadLink } from './recovery.ts'
import type { Client, OpenedSession, Sessions } from './sessions.ts'
import { newToken, tokenHash } from './tokens.ts'

/** A link from provisioning works once, within a day. */
const linkSeconds = 86_400

interface LoginLinksDeps {
  readonly directory: Directory
  readonly sessions: Sessions
  readonly principals: Principals
}

/**
 * Links that open a session when they are visited, once. They are for the owner of a mailbox or for
 * whom the operator hands them to, and bound to one email in one organisation.
 */
export function createLoginLinks({ directory, sessions, principals }: LoginLinksDeps) {
  return {
    async create(email: string, orgId: string, userId: string): Promise<string> {
      const token = newToken()
      await directory.addToken({
        id: uuidv7(),
        kind: 'login',
        tokenHash: tokenHash(token),
        email,
        orgId,
        data: { userId },
        livesSeconds: linkSeconds,
      })
      return token
    },

    /**
     * A login that was made without proof of its email loses the password and the sessions it has: they
     * may be somebody else's.
     */
    async open(token: string, client: Client): Promise<OpenedSession> {
      const digest = tokenHash(token)
      const found = await directory.findToken('login', digest)
      const login = found && (await directory.findLogin(found.email))
      if (!found || !login || found.org_id === null) throw deadLink()
      const userId = String(found.data['userId'])
      const orgId = found.org_id
      await directory.transaction(async (tx) => {
        if (!(await directory.useToken('login', digest, tx))) throw deadLink()
        await directory.claimLogin(login.id, tx)
        // False when the membership stands already, which is what most links find.
        await directory.addMembership(login.id, orgId, userId, tx)
      })
      principals.forget()
      return sessions.open(login.id, { orgId, userId }, 'link', client)
    },
  }
}
