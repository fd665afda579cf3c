import { hash } from 'node:crypto'
import type { Principal } from '@runwaycrm/sdk'
import type { Directory } from './directory.ts'
import type { KeyRow, SessionMethod } from './directory-rows.ts'
import type { Member, Members } from './members.ts'
import { readKey, tokenHash } from './tokens.ts'

/** Who a credential stands for, as it was at most a second ago. */
export interface ResolvedPrincipal {
  readonly principal: Principal
  readonly orgId: string
  /** Of the organisation's model and settings; whoever caches those compares it. */
  readonly epoch: number
  readonly session: ResolvedSession | null
  readonly keyId: string | null
}

export interface ResolvedSession {
  readonly id: string
  readonly loginId: string
  readonly method: SessionMethod
  /** Digest of the roles, when they are not those that the token was made for: time for a new one. */
  readonly rotateTo: string | null
}

/** How long an answer holds. A revoked key, session, user or role is refused when it is over. */
const holdsMs = 1_000
const mostEntries = 20_000

interface PrincipalsDeps {
  readonly directory: Directory
  readonly members: Members
  readonly region: string
  /** Rises with each change of the organisation's model or settings. */
  epochOf(orgId: string): Promise<number>
  /** Something was revoked here: a hint for open connections and other nodes. */
  readonly onForget?: () => void
  /** Milliseconds; a clock that never goes back. */
  readonly clock?: () => number
}

/**
 * Finds principals by credential and keeps each for a second, in this process, without anybody having
 * to say that something changed. An unchanged principal stays the same object, so that what is derived
 * from it can hang on it.
 */
export function createPrincipals(deps: PrincipalsDeps) {
  const { directory, members } = deps
  const clock = deps.clock ?? (() => performance.now())
  const entries = new Map<string, Entry>()

  /** Synchronous while the answer holds: most requests never wait. */
  function resolve(
    key: string,
    load: () => Promise<ResolvedPrincipal | null>,
  ): ResolvedPrincipal | null | Promise<ResolvedPrincipal | null> {
    const entry = entries.get(key)
    if (entry) {
      if (entry.pending) return entry.pending
      if (clock() - entry.since < holdsMs) return entry.value
    }
    return refresh(key, entry, load)
  }

  function refresh(
    key: string,
    former: Entry | undefined,
    load: () => Promise<ResolvedPrincipal | null>,
  ): Promise<ResolvedPrincipal | null> {
    const since = clock()
    const pending = load().then(
      (loaded) => {
        const value = sameOr(former?.value ?? null, loaded)
        if (entries.get(key)?.pending === pending) {
          // Last in, last to go.
          entries.delete(key)
          entries.set(key, { since, value, pending: null })
          if (entries.size > mostEntries) entries.delete(entries.keys().next().value!)
        }
        return value
      },
      (error: unknown) => {
        if (entries.get(key)?.pending === pending) entries.delete(key)
        throw error
      },
    )
    entries.set(key, { since, value: former?.value ?? null, pending })
    return pending
  }

  async function loadSession(tokenDigest: Buffer): Promise<ResolvedPrincipal | null> {
    const row = await directory.findSession(tokenDigest)
    if (!row) return null
    const [principal, epoch] = await Promise.all([
      ofUser(row.org_id, row.user_id),
      deps.epochOf(row.org_id),
    ])
    if (!principal) return null
    const privilege = digest(principal.roles)
    if (row.privilege === null) await directory.notePrivilege(row.id, privilege)
    const isOther = row.privilege !== null && row.privilege !== privilege
    return {
      principal,
      orgId: row.org_id,
      epoch,
      session: {
        id: row.id,
        loginId: row.login_id,
        method: row.method,
        rotateTo: row.is_current && isOther ? privilege : null,
      },
      keyId: null,
    }
  }

  /** @returns null when the user's record is deleted or not active. */
  async function ofUser(orgId: string, userId: string): Promise<Principal | null> {
    const member = await members.findActive(orgId, userId)
    if (!member) return null
    return asPrincipal(member, await members.teammates(orgId, member))
  }

  async function loadKey(id: string, secretHash: Buffer): Promise<ResolvedPrincipal | null> {
    const row = await directory.findKey(id, secretHash)
    if (!row) return null
    return {
      principal: keyPrincipal(row),
      orgId: row.org_id,
      epoch: await deps.epochOf(row.org_id),
      session: null,
      keyId: row.id,
    }
  }

  function expire(): void {
    for (const entry of entries.values()) entry.since = Number.NEGATIVE_INFINITY
  }

  return {
    ofUser,
    ofSession(token: string) {
      const key = tokenHash(token)
      return resolve(`s${key.toString('base64')}`, () => loadSession(key))
    },
    /** @returns null also for a key of another region; `regionOf` tells which. */
    ofKey(text: string) {
      const parts = readKey(text)
      if (!parts || parts.region !== deps.region) return null
      const secretHash = tokenHash(parts.secret)
      return resolve(`k${parts.id}${secretHash.toString('base64')}`, () =>
        loadKey(parts.id, secretHash),
      )
    },
    /**
     * Who a job acts for, as they are now; null when they are gone. Never cached: a job outlives rights.
     *
     * @param runAs a user or a key.
     */
    async ofRunAs(
      orgId: string,
      runAs: Pick<Principal, 'type' | 'id' | 'userId'>,
    ): Promise<Principal | null> {
      if (runAs.userId !== null) return ofUser(orgId, runAs.userId)
      const row =
        runAs.type === 'key' && runAs.id ? await directory.findKeyOf(orgId, runAs.id) : null
      return row && keyPrincipal(row)
    },
    /** Whatever was kept is asked for again: this process just changed something. */
    forget(): void {
      expire()
      deps.onForget?.()
    },
    /** As `forget`, when another process says so. */
    expire,
  }
}

function asPrincipal(member: Member, teammates: readonly string[]): Principal {
  const { id, name, roles } = member
  return { type: 'user', id, name, userId: id, roles, teammates, scopes: null }
}

function keyPrincipal({ id, name, roles, scopes }: KeyRow): Principal {
  return { type: 'key', id, name, userId: null, roles, teammates: [], scopes }
}

export type Principals = ReturnType<typeof createPrincipals>

interface Entry {
  since: number
  readonly value: ResolvedPrincipal | null
  readonly pending: Promise<ResolvedPrincipal | null> | null
}

function sameOr(former: ResolvedPrincipal | null, loaded: ResolvedPrincipal | null) {
  if (!former || !loaded) return loaded && freeze(loaded)
  const principal =
    JSON.stringify(former.principal) === JSON.stringify(loaded.principal)
      ? former.principal
      : loaded.principal
  const same = { ...loaded, principal }
  return JSON.stringify(same) === JSON.stringify(former) ? former : freeze(same)
}

function freeze(resolved: ResolvedPrincipal): ResolvedPrincipal {
  Object.freeze(resolved.principal)
  return Object.freeze(resolved)
}

/** Which roles a session began with, as short text. */
function digest(roles: readonly string[]): string {
  return hash('sha256', [...roles].sort().join('\n'), 'base64url').slice(0, 22)
}
