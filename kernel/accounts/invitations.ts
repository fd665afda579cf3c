import { ForbiddenError, NotFoundError, SignInFirstError, StateConflictError } from '@runwaycrm/sdk'
import { mayGiveRole } from '../access/give-role.ts'
import { actorOf, type RequestContext } from '../context/request-context.ts'
import { uuidv7 } from '../database/uuid.ts'
import { type AccountMail, inviteMail } from './account-mails.ts'
import { checkAll, checkEmail, checkName, checkPassword } from './check-input.ts'
import type { Directory } from './directory.ts'
import type { Links } from './links.ts'
import type { MailLimits } from './mail-limits.ts'
import type { Members } from './members.ts'
import type { Passwords } from './password.ts'
import { deadLink } from './recovery.ts'
import { defaultRole, resolveRoles } from './roles.ts'
import type { Client, OpenedSession, Sessions } from './sessions.ts'
import type { SignIn } from './sign-in.ts'
import { newToken, tokenHash } from './tokens.ts'

const inviteSeconds = 7 * 86_400

export interface Invitation {
  readonly id: string
  readonly email: string
  readonly roles: readonly string[]
  readonly createdAt: string
  readonly expiresAt: string
}

interface InvitationsDeps {
  readonly directory: Directory
  readonly members: Members
  readonly passwords: Passwords
  readonly sessions: Sessions
  readonly signIn: SignIn
  readonly mailLimits: MailLimits
  readonly links: Links
  sendMail(orgId: string, mail: AccountMail): Promise<void>
  readonly log: { error(details: object, message: string): void }
}

/** Invitations into an organisation: bound to an email, single use, seven days. */
export function createInvitations(deps: InvitationsDeps) {
  const { directory, members, passwords, sessions, signIn, mailLimits } = deps

  return {
    /**
     * The caller checked `members:manage`.
     *
     * @throws ForbiddenError for a role above the inviter's, RateLimitedError.
     * @returns the link too, for admins without mail.
     */
    async invite(
      ctx: RequestContext,
      input: { email: string; roles?: readonly string[] | undefined },
    ): Promise<Invitation & { readonly url: string }> {
      const [email, roles] = checkAll(
        () => checkEmail(input.email),
        () => resolveRoles(ctx.model, input.roles ?? fallbackRoles(ctx)),
      )
      if (!roles.every((role) => mayGiveRole(ctx, ctx.model.roles, role))) {
        throw new ForbiddenError(
          'Nobody gives a role with more rights over the organisation than theirs.',
        )
      }
      const member = await members.findByEmail(ctx.org.id, email)
      if (member && (await directory.hasMembership(ctx.org.id, member.id))) {
        throw new StateConflictError('This email belongs to a member already.')
      }
      await mailLimits.beginInvitation(ctx.org.id)
      const token = newToken()
      const id = uuidv7()
      await directory.transaction(async (tx) => {
        await directory.dropTokens('invite', email, ctx.org.id, tx)
        await directory.addToken(
          {
            id,
            kind: 'invite',
            tokenHash: tokenHash(token),
            email,
            orgId: ctx.org.id,
            data: { roles, invitedBy: actorOf(ctx.principal) },
            livesSeconds: inviteSeconds,
          },
          tx,
        )
      })
      const url = deps.links.invite(token, ctx.org.slug)
      try {
        if (await mailLimits.mayMailInvitation(email)) {
          const mail = inviteMail(ctx, email, ctx.org.name, ctx.principal.name, url)
          await deps.sendMail(ctx.org.id, mail)
        }
      } catch (error) {
        deps.log.error({ err: error, invitation: id }, 'an invitation could not be mailed')
      }
      const createdAt = ctx.now
      return {
        id,
        email,
        roles,
        createdAt: createdAt.toISOString(),
        expiresAt: new Date(createdAt.getTime() + inviteSeconds * 1000).toISOString(),
        url,
      }
    },

    async list(ctx: RequestContext): Promise<readonly Invitation[]> {
      return (await directory.invitationsOf(ctx.org.id)).map((row) => ({
        id: row.id,
        email: row.email,
        roles: rolesOf(row.data),
        createdAt: row.created_at,
        expiresAt: row.expires_at,
      }))
    },

    async withdraw(ctx: RequestContext, id: string): Promise<void> {
      if (!(await directory.dropInvitation(ctx.org.id, id))) throw new NotFoundError()
    },

    /**
     * Somebody new gets a login; somebody known proves it with the password they have. A login that never
     * had a password cannot be proven here, since whoever invites may know the link.
     *
     * @throws InvalidError when its role is gone; SignInFirstError for a login without a password: its owner resets it first.
     */
    async accept(
      input: { token: string; name: string; password: string },
      client: Client,
    ): Promise<OpenedSession> {
      const digest = tokenHash(input.token)
      const token = await directory.findToken('invite', digest)
      if (!token || token.org_id === null) throw deadLink()
      const { email, org_id: orgId } = token
      const known = await directory.findLogin(email)
      const [name] = checkAll(
        () => checkName(input.name, 'name'),
        // One that is known is proven, however short it is.
        () => known || checkPassword(input.password),
      )
      let loginId: string = uuidv7()
      let passwordHash: string | null = null
      if (known) {
        if (known.password_hash === null) {
          throw new SignInFirstError(
            'Set a password for this email first, then open the link again.',
          )
        }
        loginId = await signIn.check(email, input.password, client.address)
      } else {
        passwordHash = await passwords.hash(input.password)
      }
      // An invitation that cannot be honoured now stays: its role may come back.
      await members.checkRoles(orgId, rolesOf(token.data))
      if (!(await directory.useToken('invite', digest))) throw deadLink()
      const userId = await admit(orgId, email, name, rolesOf(token.data))
      await directory.transaction(async (tx) => {
        if (!known && !(await directory.createLogin(loginId, email, passwordHash, tx))) {
          throw new SignInFirstError()
        }
        if (!(await directory.addMembership(loginId, orgId, userId, tx))) {
          throw new StateConflictError('This email belongs to a member already.')
        }
      })
      return sessions.open(loginId, { orgId, userId }, 'password', client)
    },
  }

  /** The user's record: one that the organisation kept without sign-in, or a new one. */
  async function admit(orgId: string, email: string, name: string, roles: readonly string[]) {
    const record = await members.findByEmail(orgId, email)
    if (!record) return members.create(orgId, { name, email, roles })
    if (await directory.hasMembership(orgId, record.id)) {
      throw new StateConflictError('This email belongs to a member already.')
    }
    await members.update(orgId, record.id, { roles, active: true })
    return record.id
  }
}

export type Invitations = ReturnType<typeof createInvitations>

function fallbackRoles(ctx: RequestContext): readonly string[] {
  const role = defaultRole(ctx.model)
  return role === null ? [] : [role]
}

function rolesOf(data: Readonly<Record<string, unknown>>): readonly string[] {
  return Array.isArray(data['roles']) ? data['roles'].map(String) : []
}
