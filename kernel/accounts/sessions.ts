import { BadCredentialsError, ForbiddenError, NotFoundError } from '@runwaycrm/sdk'
import { uuidv7 } from '../database/uuid.ts'
import type { Directory } from './directory.ts'
import type { MembershipRow, SessionMethod } from './directory-rows.ts'
import type { Members } from './members.ts'
import type { Principals, ResolvedPrincipal, ResolvedSession } from './principals.ts'
import { newToken, tokenHash } from './tokens.ts'

/** Where a request came from, for attempts and for the list of sessions. */
export interface Client {
  readonly address: string
  readonly agent: string
}

/** An organisation and the user that a login is in it. */
export interface Place {
  readonly orgId: string
  readonly userId: string
}

/** A session that just began; the token goes into the cookie and nowhere else. */
export interface OpenedSession {
  readonly token: string
  readonly sessionId: string
  readonly loginId: string
  readonly orgId: string
  readonly userId: string
}

export interface SessionInfo {
  readonly id: string
  readonly current: boolean
  readonly orgId: string
  readonly method: SessionMethod
  readonly address: string
  readonly userAgent: string
  readonly createdAt: string
  readonly lastSeenAt: string
}

/** Requests under way with the old token are answered this long after a change of roles. */
const graceSeconds = 10

interface SessionsDeps {
  readonly directory: Directory
  readonly members: Members
  readonly principals: Principals
}

/** Sessions: opaque tokens whose hash is stored, listed and ended by their owner, rotated with rights. */
export function createSessions({ directory, members, principals }: SessionsDeps) {
  async function rotate(
    token: string,
    session: Pick<ResolvedSession, 'id' | 'loginId'>,
    place: Place,
    privilege: string | null,
    grace: number,
  ): Promise<OpenedSession> {
    const next = newToken()
    const rotated = await directory.rotateSession({
      sessionId: session.id,
      oldHash: tokenHash(token),
      newHash: tokenHash(next),
      ...place,
      privilege,
      graceSeconds: grace,
    })
    principals.forget()
    if (!rotated) throw new BadCredentialsError('The session has ended. Sign in again.')
    return { token: next, sessionId: session.id, loginId: session.loginId, ...place }
  }

  return {
    async open(
      loginId: string,
      { orgId, userId }: Place,
      method: SessionMethod,
      client: Client,
    ): Promise<OpenedSession> {
      const token = newToken()
      const sessionId = uuidv7()
      await directory.openSession({
        id: sessionId,
        tokenHash: tokenHash(token),
        loginId,
        orgId,
        userId,
        method,
        ...client,
      })
      return { token, sessionId, loginId, orgId, userId }
    },

    /**
     * The organisation to begin in: the one that is asked for (slug or id), else the last one used.
     * @returns null when there is none in which the login's user is active.
     */
    async choose(loginId: string, wanted?: string): Promise<Place | null> {
      for (const row of await directory.membershipsOf(loginId)) {
        if (wanted !== undefined && row.slug !== wanted && row.org_id !== wanted) continue
        if (await members.findActive(row.org_id, row.user_id)) {
          return { orgId: row.org_id, userId: row.user_id }
        }
      }
      return null
    },

    async orgs(loginId: string): Promise<readonly { id: string; slug: string; name: string }[]> {
      return (await directory.membershipsOf(loginId)).map(toOrg)
    },

    async list(session: ResolvedSession): Promise<readonly SessionInfo[]> {
      return (await directory.sessionsOf(session.loginId)).map((row) => ({
        id: row.id,
        current: row.id === session.id,
        orgId: row.org_id,
        method: row.method,
        address: row.address,
        userAgent: row.agent,
        createdAt: row.created_at,
        lastSeenAt: row.last_seen_at,
      }))
    },

    /** @throws NotFoundError for a session that is not the login's own. */
    async end(session: ResolvedSession, id: string): Promise<void> {
      const ended = await directory.endSession(session.loginId, id)
      principals.forget()
      if (!ended) throw new NotFoundError()
    },

    async logOut(session: ResolvedSession): Promise<void> {
      await directory.endSession(session.loginId, session.id)
      principals.forget()
    },

    /**
     * Moves the session into another organisation of the same login, under a new token.
     * @throws NotFoundError when the login has no active user there.
     */
    async switchOrg(token: string, session: ResolvedSession, orgId: string) {
      const membership = (await directory.membershipsOf(session.loginId)).find(
        (row) => row.org_id === orgId,
      )
      if (!membership || !(await members.findActive(orgId, membership.user_id))) {
        throw new NotFoundError()
      }
      // A link proves one invitation or one provisioning, not the person behind all organisations.
      if (session.method === 'link') {
        throw new ForbiddenError('Sign in with your password to enter another organisation.')
      }
      return rotate(token, session, { orgId, userId: membership.user_id }, null, 0)
    },

    /** A new token because the roles changed. @returns null when another request was faster. */
    async rotateForRoles(token: string, resolved: ResolvedPrincipal): Promise<string | null> {
      const { session, orgId, principal } = resolved
      if (!session?.rotateTo || principal.userId === null) return null
      const place = { orgId, userId: principal.userId }
      try {
        return (await rotate(token, session, place, session.rotateTo, graceSeconds)).token
      } catch (error) {
        if (error instanceof BadCredentialsError) return null
        throw error
      }
    },

    rotate,
  }
}

export type Sessions = ReturnType<typeof createSessions>

function toOrg(row: MembershipRow) {
  return { id: row.org_id, slug: row.slug, name: row.name }
}
