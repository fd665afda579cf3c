import { BadCredentialsError } from '@runwaycrm/sdk'
import type { RequestContext } from '../context/request-context.ts'
import { uuidv7 } from '../database/uuid.ts'
import { inReadersLanguage } from '../model/words.ts'
import { type AccountMail, resetMail } from './account-mails.ts'
import type { Attempts } from './attempts.ts'
import { checkPassword, normalizeEmail } from './check-input.ts'
import type { Directory } from './directory.ts'
import type { Links } from './links.ts'
import type { MailLimits } from './mail-limits.ts'
import type { Passwords } from './password.ts'
import type { Principals, ResolvedPrincipal } from './principals.ts'
import type { OpenedSession, Sessions } from './sessions.ts'
import { newToken, tokenHash } from './tokens.ts'

const resetSeconds = 3_600

interface RecoveryDeps {
  readonly directory: Directory
  readonly passwords: Passwords
  readonly attempts: Attempts
  readonly mailLimits: MailLimits
  readonly sessions: Sessions
  readonly principals: Principals
  readonly links: Links
  readonly isMailOpen: boolean
  sendMail(orgId: string, mail: AccountMail): Promise<void>
  systemContext(orgId: string): Promise<RequestContext>
  readonly log: { error(details: object, message: string): void }
}

/** Forgotten, reset and changed passwords. */
export function createRecovery(deps: RecoveryDeps) {
  const { directory, passwords, attempts, sessions, principals } = deps
  const underWay = new Set<Promise<void>>()

  return {
    /**
     * Answers at once and does the rest behind it: neither words nor time tell whether the email is known.
     * What comes too often is dropped without a word.
     *
     * @param address where the request came from.
     * @param languages its `Accept-Language`: whoever asks reads the mail.
     */
    forgot(email: string, address: string, languages?: string): void {
      const work = sendReset(normalizeEmail(email), address, languages).catch((error: unknown) => {
        deps.log.error({ err: error }, 'a password reset could not be sent')
      })
      underWay.add(work)
      void work.finally(() => underWay.delete(work))
    },

    /** Ends every session of the login, and every other link to it. */
    async reset(input: { token: string; password: string }): Promise<void> {
      checkPassword(input.password)
      const digest = tokenHash(input.token)
      const token = await directory.findToken('reset', digest)
      const login = token && (await directory.findLogin(token.email))
      if (!token || !login) throw deadLink()
      const passwordHash = await passwords.hash(input.password)
      await directory.transaction(async (tx) => {
        if (!(await directory.useToken('reset', digest, tx))) throw deadLink()
        await directory.setPassword(login.id, passwordHash, tx)
        await directory.verifyLogin(login.id, tx)
        await directory.endSessions(login.id, null, tx)
        await directory.dropTokens('reset', token.email, null, tx)
        await directory.dropTokens('login', token.email, null, tx)
      })
      principals.forget()
    },

    /**
     * Ends the other sessions and gives this one a new token. Whoever has no password yet (they came by a
     * link) leaves `current` out.
     */
    async changePassword(
      input: { current?: string | undefined; password: string },
      token: string,
      resolved: ResolvedPrincipal,
      address: string,
    ): Promise<OpenedSession> {
      const session = resolved.session!
      checkPassword(input.password)
      const login = await directory.findLoginById(session.loginId)
      if (!login) throw new BadCredentialsError()
      if (login.password_hash !== null) {
        const right = await passwords.verify(input.current ?? '', async () => {
          await attempts.begin(login.email, address)
          return login.password_hash
        })
        if (!right) throw new BadCredentialsError('The present password is wrong.')
        await attempts.succeed(login.email, address)
      }
      const passwordHash = await passwords.hash(input.password)
      await directory.transaction(async (tx) => {
        await directory.setPassword(login.id, passwordHash, tx)
        await directory.endSessions(login.id, session.id, tx)
        await directory.dropTokens('reset', login.email, null, tx)
        await directory.dropTokens('login', login.email, null, tx)
      })
      const place = { orgId: resolved.orgId, userId: resolved.principal.userId! }
      return sessions.rotate(token, session, place, null, 0)
    },

    /** Resolves when nothing is on its way any more. */
    async settled(): Promise<void> {
      await Promise.all(underWay)
    },
  }

  async function sendReset(
    email: string,
    address: string,
    languages: string | undefined,
  ): Promise<void> {
    if (!(await deps.mailLimits.mayReset(email, address))) return
    const login = await directory.findLogin(email)
    const place = login && (await sessions.choose(login.id))
    if (!place) return
    if (deps.isMailOpen) {
      deps.log.error({ login: login.id }, 'no password reset was sent: there is no mail server')
      return
    }
    const token = newToken()
    await directory.transaction(async (tx) => {
      // Only the newest link counts.
      await directory.dropTokens('reset', email, null, tx)
      await directory.addToken(
        {
          id: uuidv7(),
          kind: 'reset',
          tokenHash: tokenHash(token),
          email,
          orgId: null,
          data: {},
          livesSeconds: resetSeconds,
        },
        tx,
      )
    })
    const ctx = await deps.systemContext(place.orgId)
    const words = inReadersLanguage(ctx, languages)
    const url = deps.links.reset(token, ctx.org.slug)
    await deps.sendMail(place.orgId, resetMail(words, email, url))
  }
}

export function deadLink() {
  return new BadCredentialsError('This link has expired or was used before. Ask for a new one.')
}
