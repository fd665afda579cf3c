import type { Database, Statement, Tx } from '../database/postgres.ts'
import type {
  ForgottenRow,
  InvitationRow,
  KeyRow,
  LoginRow,
  MembershipRow,
  NewKey,
  NewSession,
  NewTokenRow,
  OrgRow,
  OrgWords,
  Rotation,
  SessionInfoRow,
  SessionRow,
  TokenKind,
  TokenRow,
} from './directory-rows.ts'
import type { Proofs } from './proof.ts'

/** A call and, where it asks for one, what the proof is about. */
interface Call extends Statement {
  readonly about?: string
}

/**
 * The calls that the server may make into `directory`: each a `kernel` function that answers for one
 * key. With a transaction they join it, without one each stands alone. Those with `about` carry a proof,
 * without which their function refuses.
 */
export function createDirectory(db: Database, proofs: Proofs) {
  const call = async <R>(call: Call, tx?: Tx): Promise<R[]> => {
    const statements: Statement[] = [call]
    if (call.about !== undefined) statements.unshift(proofs.of(functionOf(call), call.about))
    const results = await (tx ? tx.run(statements) : db.batch(null, statements))
    return (results.at(-1)?.rows ?? []) as R[]
  }
  const first = async <R>(statement: Call, tx?: Tx): Promise<R | null> =>
    (await call<R>(statement, tx))[0] ?? null
  const yes = async (statement: Call, tx?: Tx): Promise<boolean> =>
    (await first<{ yes: boolean }>(statement, tx))?.yes ?? false
  const value = async <T>(statement: Call): Promise<T | null> =>
    (await first<{ value: T | null }>(statement))?.value ?? null

  return {
    findOrg: (id: string) =>
      first<OrgRow>({
        name: 'find_org',
        text: 'select * from kernel.find_org($1)',
        values: [id],
      }),
    findOrgBySlug: (slug: string) =>
      value<string>({ text: 'select kernel.find_org_by_slug($1) as value', values: [slug] }),
    findHost: (host: string) =>
      value<string>({ text: 'select kernel.find_host($1) as value', values: [host] }),
    createOrg: (org: Omit<OrgRow, 'state'>) =>
      yes({
        about: org.id,
        text: 'select kernel.create_org($1, $2, $3, $4, $5, $6, $7, $8, $9) as yes',
        values: [
          org.id,
          org.slug,
          org.name,
          org.plan,
          org.region,
          org.currency,
          org.country,
          org.time_zone,
          org.locale,
        ],
      }),
    activateOrg: (id: string, tx?: Tx) =>
      call({ about: id, text: 'select kernel.activate_org($1)', values: [id] }, tx),
    /** Of one that was never activated. */
    dropOrg: (id: string) => call({ about: id, text: 'select kernel.drop_org($1)', values: [id] }),

    changeOrg: (id: string, change: OrgWords) =>
      call({
        about: id,
        text: 'select kernel.change_org($1, $2, null, $3, $4, $5, $6)',
        values: [
          id,
          change.name ?? null,
          change.currency ?? null,
          change.country ?? null,
          change.timeZone ?? null,
          change.locale ?? null,
        ],
      }),

    findLogin: (email: string) =>
      first<LoginRow>({
        about: email,
        text: 'select * from kernel.find_login($1)',
        values: [email],
      }),
    findLoginById: (id: string) =>
      first<Omit<LoginRow, 'verified'> & { email: string }>({
        about: id,
        text: 'select * from kernel.find_login_by_id($1)',
        values: [id],
      }),
    createLogin: (id: string, email: string, passwordHash: string | null, tx?: Tx) =>
      yes(
        {
          about: email,
          text: 'select kernel.create_login($1, $2, $3) as yes',
          values: [id, email, passwordHash],
        },
        tx,
      ),
    setPassword: (login: string, passwordHash: string, tx?: Tx) =>
      call(
        { about: login, text: 'select kernel.set_password($1, $2)', values: [login, passwordHash] },
        tx,
      ),
    verifyLogin: (login: string, tx?: Tx) =>
      call({ about: login, text: 'select kernel.verify_login($1)', values: [login] }, tx),
    claimLogin: (login: string, tx?: Tx) =>
      call({ about: login, text: 'select kernel.claim_login($1)', values: [login] }, tx),
    membershipsOf: (login: string) =>
      call<MembershipRow>({
        about: login,
        text: 'select * from kernel.memberships_of($1)',
        values: [login],
      }),
    addMembership: (login: string, org: string, user: string, tx?: Tx) =>
      yes(
        {
          about: org,
          text: 'select kernel.add_membership($1, $2, $3) as yes',
          values: [login, org, user],
        },
        tx,
      ),
    hasMembership: (org: string, user: string) =>
      yes({ about: org, text: 'select kernel.has_membership($1, $2) as yes', values: [org, user] }),

    /** Without a member, invitations to the emails alone. */
    forgetMember: (org: string, user: string | null, emails: readonly string[]) =>
      first<ForgottenRow>({
        about: org,
        text: 'select * from kernel.forget_member($1, $2, $3)',
        values: [org, user, emails],
      }),

    openSession: (session: NewSession) =>
      call({
        about: session.orgId,
        text: 'select kernel.open_session($1, $2, $3, $4, $5, $6, $7, $8)',
        values: [
          session.id,
          session.tokenHash,
          session.loginId,
          session.orgId,
          session.userId,
          session.method,
          session.address,
          session.agent,
        ],
      }),
    findSession: (tokenHash: Buffer) =>
      first<SessionRow>({
        name: 'find_session',
        text: 'select * from kernel.find_session($1)',
        values: [tokenHash],
      }),
    rotateSession: (rotation: Rotation) =>
      yes({
        about: rotation.orgId,
        text: 'select kernel.rotate_session($1, $2, $3, $4, $5, $6, make_interval(secs => $7)) as yes',
        values: [
          rotation.sessionId,
          rotation.oldHash,
          rotation.newHash,
          rotation.orgId,
          rotation.userId,
          rotation.privilege,
          rotation.graceSeconds,
        ],
      }),
    notePrivilege: (session: string, privilege: string) =>
      call({
        about: session,
        text: 'select kernel.note_privilege($1, $2)',
        values: [session, privilege],
      }),
    sessionsOf: (login: string) =>
      call<SessionInfoRow>({
        about: login,
        text: 'select * from kernel.sessions_of($1)',
        values: [login],
      }),
    endSession: (login: string, session: string) =>
      yes({
        about: login,
        text: 'select kernel.end_session($1, $2) as yes',
        values: [login, session],
      }),
    endSessions: (login: string, kept: string | null, tx?: Tx) =>
      call({ about: login, text: 'select kernel.end_sessions($1, $2)', values: [login, kept] }, tx),

    addKey: (key: NewKey) =>
      call({
        about: key.orgId,
        text: 'select kernel.add_key($1, $2, $3, $4, $5, $6, $7)',
        values: [
          key.id,
          key.orgId,
          key.secretHash,
          key.name,
          key.roles,
          key.scopes,
          JSON.stringify(key.createdBy),
        ],
      }),
    findKey: (id: string, secretHash: Buffer) =>
      first<KeyRow>({
        name: 'find_key',
        text: 'select * from kernel.find_key($1, $2)',
        values: [id, secretHash],
      }),
    findKeyOf: (org: string, id: string) =>
      first<KeyRow>({
        about: org,
        text: 'select * from kernel.find_key_of($1, $2)',
        values: [org, id],
      }),
    revokeKey: (org: string, id: string) =>
      yes({ about: org, text: 'select kernel.revoke_key($1, $2) as yes', values: [org, id] }),
    keyUses: (org: string) =>
      call<{ id: string; last_used_at: string }>({
        about: org,
        text: 'select * from kernel.key_uses($1)',
        values: [org],
      }),

    addToken: (token: NewTokenRow, tx?: Tx) =>
      call(
        {
          about: token.orgId ?? token.email,
          text: 'select kernel.add_token($1, $2, $3, $4, $5, $6, make_interval(secs => $7))',
          values: [
            token.id,
            token.kind,
            token.tokenHash,
            token.email,
            token.orgId,
            JSON.stringify(token.data),
            token.livesSeconds,
          ],
        },
        tx,
      ),
    findToken: (kind: TokenKind, tokenHash: Buffer) =>
      first<TokenRow>({
        text: 'select * from kernel.find_token($1, $2)',
        values: [kind, tokenHash],
      }),
    useToken: (kind: TokenKind, tokenHash: Buffer, tx?: Tx) =>
      yes(
        {
          about: tokenHash.toString('hex'),
          text: 'select kernel.use_token($1, $2) as yes',
          values: [kind, tokenHash],
        },
        tx,
      ),
    dropTokens: (kind: TokenKind, email: string, org: string | null, tx?: Tx) =>
      call(
        {
          about: org ?? email,
          text: 'select kernel.drop_tokens($1, $2, $3)',
          values: [kind, email, org],
        },
        tx,
      ),
    invitationsOf: (org: string) =>
      call<InvitationRow>({
        about: org,
        text: 'select * from kernel.invitations_of($1)',
        values: [org],
      }),
    dropInvitation: (org: string, id: string) =>
      yes({ about: org, text: 'select kernel.drop_invitation($1, $2) as yes', values: [org, id] }),

    /** @returns 0, or seconds to wait. */
    beginAttempt: async (
      subject: Buffer,
      address: string,
      allowed: number,
      spanSeconds: number,
    ): Promise<number> =>
      (await value<number>({
        about: subject.toString('hex'),
        text: 'select kernel.begin_attempt($1, $2, $3, make_interval(secs => $4)) as value',
        values: [subject, address, allowed, spanSeconds],
      })) ?? 0,
    forgetAttempts: (subject: Buffer, address: string) =>
      call({
        about: subject.toString('hex'),
        text: 'select kernel.forget_attempts($1, $2)',
        values: [subject, address],
      }),
    purge: () => call({ about: 'all', text: 'select kernel.purge_directory()', values: [] }),
    /** Several of these in one transaction, without any organisation's rows. */
    transaction: <T>(work: (tx: Tx) => Promise<T>) => db.transaction(null, work),
  }
}

export type Directory = ReturnType<typeof createDirectory>

/** `add_key` of `select kernel.add_key($1, ...)`. */
function functionOf({ text }: Statement): string {
  return /kernel\.(\w+)\(/.exec(text)![1]!
}
