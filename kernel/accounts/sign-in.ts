import { BadCredentialsError, ForbiddenError, SignInFirstError } from '@runwaycrm/sdk'
import type { Attempts } from './attempts.ts'
import { checkAll, checkEmail, checkName, checkPassword, normalizeEmail } from './check-input.ts'
import type { Directory } from './directory.ts'
import type { Passwords } from './password.ts'
import type { Provisioning } from './provision.ts'
import type { Client, OpenedSession, Sessions } from './sessions.ts'

interface SignInDeps {
  readonly directory: Directory
  readonly passwords: Passwords
  readonly attempts: Attempts
  readonly sessions: Sessions
  readonly provisioning: Provisioning
  readonly signUpAllowed: boolean
}

/** Signing up and signing in. An email and its password are the only proof; nothing is linked by guess. */
export function createSignIn(deps: SignInDeps) {
  const { directory, passwords, attempts, sessions, provisioning } = deps

  /**
   * The login behind an email and its password. Every try counts until one succeeds, and each costs one
   * hash whether the email is known or not.
   *
   * @throws BadCredentialsError, the same for a wrong email and a wrong password.
   * @throws RateLimitedError after ten failures.
   */
  async function check(email: string, password: string, address: string): Promise<string> {
    let loginId: string | null = null
    const right = await passwords.verify(password, async () => {
      await attempts.begin(email, address)
      const login = await directory.findLogin(email)
      loginId = login?.id ?? null
      return login?.password_hash ?? null
    })
    if (!right || loginId === null) throw new BadCredentialsError()
    await attempts.succeed(email, address)
    return loginId
  }

  return {
    check,

    async logIn(
      input: { email: string; password: string; org?: string | undefined },
      client: Client,
    ): Promise<OpenedSession> {
      const loginId = await check(normalizeEmail(input.email), input.password, client.address)
      const place = await sessions.choose(loginId, input.org)
      if (!place) throw new BadCredentialsError()
      return sessions.open(loginId, place, 'password', client)
    },

    /** A new organisation with its admin; somebody known adds one with the right password. */
    async signUp(
      input: { orgName: string; email: string; password: string },
      client: Client,
    ): Promise<OpenedSession> {
      if (!deps.signUpAllowed) throw new ForbiddenError('Sign-up is closed here.')
      const [email, orgName] = checkAll(
        () => checkEmail(input.email),
        () => checkName(input.orgName, 'orgName'),
        () => checkPassword(input.password),
      )
      const known = await directory.findLogin(email)
      const owner = known
        ? { loginId: await checkKnown(email, input.password, client.address) }
        : { passwordHash: await passwords.hash(input.password) }
      const made = await provisioning.create({ orgName, email, plan: 'free', owner })
      return sessions.open(made.loginId!, made, 'password', client)
    },
  }

  async function checkKnown(email: string, password: string, address: string): Promise<string> {
    try {
      return await check(email, password, address)
    } catch (error) {
      if (error instanceof BadCredentialsError) throw new SignInFirstError()
      throw error
    }
  }
}

export type SignIn = ReturnType<typeof createSignIn>
