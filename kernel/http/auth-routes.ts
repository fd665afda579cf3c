import { BadCredentialsError, NotFoundError } from '@runwaycrm/sdk'
import type { Accounts } from '../accounts/accounts.ts'
import type { Client, OpenedSession } from '../accounts/sessions.ts'
import { isUuid } from '../database/uuid.ts'
import type { Authenticator, OrgCaller } from './authenticate.ts'
import { clearSessionCookie, setSessionCookie } from './cookie.ts'
import {
  type Answer,
  type Call,
  type JsonSchema,
  noContent,
  type RouteDeclaration,
} from './route.ts'

interface AuthRoutesDeps {
  readonly accounts: Accounts
  readonly cookie: Authenticator['cookie']
}

const text = (maxLength = 400): JsonSchema => ({ type: 'string', maxLength })
const object = (
  properties: Readonly<Record<string, JsonSchema>>,
  required: readonly string[] = Object.keys(properties),
): JsonSchema => ({ type: 'object', properties, required, additionalProperties: false })

const email = text(320)
/** Longer than a password may be, so that the answer can say so. */
const password = text(2_000)
const id: JsonSchema = { type: 'string', format: 'uuid' }
const opened = object({
  orgId: id,
  userId: id,
  orgs: { type: 'array', items: object({ id, slug: text(), name: text() }) },
})

/** Signing in and out, passwords, sessions, invitations. */
export function authRoutes({ accounts, cookie }: AuthRoutesDeps): RouteDeclaration[] {
  const shared = { tag: 'auth', permission: null, rate: 'normal', query: {}, body: null } as const
  const open = { ...shared, method: 'POST', auth: 'credentials', idempotency: 'never' } as const
  const own = { ...shared, auth: 'session' } as const

  const start = (call: Call, session: OpenedSession): Answer['body'] => {
    setSessionCookie(cookie, call.request, call.reply, session.token)
    return { orgId: session.orgId, userId: session.userId }
  }

  return [
    {
      ...open,
      path: '/auth/signup',
      summary: 'Make an organisation and sign in',
      rate: 'costly',
      body: object({ orgName: text(), email, password }),
      response: { 201: object({ orgId: id, userId: id }) },
      handler: async (call) => {
        const input = call.body as { orgName: string; email: string; password: string }
        const session = await accounts.signUp(input, clientOf(call))
        return { status: 201, body: start(call, session) }
      },
    },
    {
      ...open,
      path: '/auth/login',
      summary: 'Sign in',
      body: object({ email, password, org: text() }, ['email', 'password']),
      response: { 200: opened },
      handler: async (call) => {
        const input = call.body as { email: string; password: string; org?: string }
        const session = await accounts.logIn(input, clientOf(call))
        const orgs = await accounts.orgsOf(session)
        return { status: 200, body: { ...(start(call, session) as object), orgs } }
      },
    },
    {
      ...shared,
      method: 'GET',
      auth: 'none',
      idempotency: 'never',
      path: '/auth/link',
      summary: 'Sign in by a link that works once',
      query: { token: text() },
      response: { 303: {} },
      handler: async (call) => {
        try {
          const session = await accounts.openLink(call.query['token'] ?? '', clientOf(call))
          start(call, session)
          return { status: 303, headers: { location: '/' } }
        } catch (error) {
          // A person is better served by the sign-in than by a problem document.
          if (!(error instanceof BadCredentialsError) || !wantsPage(call)) throw error
          return { status: 303, headers: { location: '/sign-in?link=expired' } }
        }
      },
    },
    {
      ...own,
      method: 'POST',
      path: '/auth/logout',
      summary: 'End this session',
      idempotency: 'natural',
      response: { 204: {} },
      handler: async (call) => {
        await accounts.logOut(sessionOf(call).session)
        clearSessionCookie(cookie, call.request, call.reply)
        return noContent
      },
    },
    {
      ...shared,
      method: 'GET',
      auth: 'principal',
      idempotency: 'safe',
      path: '/auth/me',
      summary: 'Who is signed in, and where else they could be',
      response: { 200: { type: 'object' } },
      handler: async (call) => ({ status: 200, body: await me(call) }),
    },
    {
      ...own,
      method: 'POST',
      path: '/auth/switch',
      summary: 'Go on in another organisation',
      idempotency: 'natural',
      body: object({ orgId: id }),
      response: { 200: object({ orgId: id, userId: id }) },
      handler: async (call) => {
        const { token, session } = sessionOf(call)
        const { orgId } = call.body as { orgId: string }
        return { status: 200, body: start(call, await accounts.switchOrg(token, session, orgId)) }
      },
    },
    {
      ...open,
      path: '/auth/password/forgot',
      summary: 'Send a link to choose a new password',
      body: object({ email }),
      response: { 202: {} },
      handler: (call) => {
        const { email } = call.body as { email: string }
        const { ip, headers } = call.request
        accounts.forgot(email, ip, headers['accept-language'])
        return { status: 202 }
      },
    },
    {
      ...open,
      path: '/auth/password/reset',
      summary: 'Choose a new password with the token of the link',
      body: object({ token: text(), password }),
      response: { 204: {} },
      handler: async (call) => {
        await accounts.reset(call.body as { token: string; password: string })
        clearSessionCookie(cookie, call.request, call.reply)
        return noContent
      },
    },
    {
      ...own,
      method: 'POST',
      path: '/auth/password',
      summary: 'Change the password; ends the other sessions',
      idempotency: 'never',
      body: object({ current: password, password }, ['password']),
      response: { 204: {} },
      handler: async (call) => {
        const { token, resolved } = sessionOf(call)
        const input = call.body as { current?: string; password: string }
        start(call, await accounts.changePassword(input, token, resolved, call.request.ip))
        return noContent
      },
    },
    {
      ...own,
      method: 'GET',
      path: '/auth/sessions',
      summary: 'Where you are signed in',
      idempotency: 'safe',
      response: { 200: { type: 'object' } },
      handler: async (call) => ({
        status: 200,
        body: { data: await accounts.sessions(sessionOf(call).session) },
      }),
    },
    {
      ...own,
      method: 'DELETE',
      path: '/auth/sessions/:id',
      summary: 'End a session',
      idempotency: 'natural',
      response: { 204: {} },
      handler: async (call) => {
        await accounts.endSession(sessionOf(call).session, idOf(call))
        return noContent
      },
    },
    {
      ...open,
      path: '/auth/accept',
      summary: 'Accept an invitation',
      body: object({ token: text(), name: text(), password }),
      response: { 201: object({ orgId: id, userId: id }) },
      handler: async (call) => {
        const input = call.body as { token: string; name: string; password: string }
        return { status: 201, body: start(call, await accounts.accept(input, clientOf(call))) }
      },
    },
    {
      ...shared,
      method: 'POST',
      auth: 'principal',
      permission: 'members:manage',
      idempotency: 'key',
      path: '/invitations',
      summary: 'Invite somebody by email',
      body: object({ email, roles: { type: 'array', items: text(), maxItems: 20 } }, ['email']),
      response: { 201: { type: 'object' } },
      handler: async (call) => {
        const input = call.body as { email: string; roles?: string[] }
        return { status: 201, body: await accounts.invite(call.context(), input) }
      },
    },
    {
      ...shared,
      method: 'GET',
      auth: 'principal',
      permission: 'members:manage',
      idempotency: 'safe',
      path: '/invitations',
      summary: 'Invitations that nobody accepted yet',
      response: { 200: { type: 'object' } },
      handler: async (call) => ({
        status: 200,
        body: { data: await accounts.invitations(call.context()) },
      }),
    },
    {
      ...shared,
      method: 'DELETE',
      auth: 'principal',
      permission: 'members:manage',
      idempotency: 'natural',
      path: '/invitations/:id',
      summary: 'Withdraw an invitation',
      response: { 204: {} },
      handler: async (call) => {
        await accounts.withdrawInvitation(call.context(), idOf(call))
        return noContent
      },
    },
    {
      ...shared,
      method: 'POST',
      auth: 'operator',
      rate: 'costly',
      idempotency: 'never',
      path: '/orgs',
      summary: 'Provision an organisation with its admin',
      body: object(
        {
          email,
          orgName: text(),
          plan: text(60),
          slug: text(63),
          sampleData: { type: 'boolean' },
          reseller: text(63),
        },
        ['email', 'orgName'],
      ),
      response: { 201: { type: 'object' } },
      handler: async (call) => {
        const input = call.body as Parameters<Accounts['provision']>[0]
        const { orgId, userId, loginUrl, slug } = await accounts.provision(input)
        return { status: 201, body: { orgId, userId, loginUrl, slug } }
      },
    },
  ]

  async function me(call: Call) {
    const { resolved } = principalOf(call)
    const { org, principal } = call.context()
    const { email, orgs } = await accounts.me(resolved)
    return {
      user:
        principal.userId === null
          ? null
          : { id: principal.userId, name: principal.name, email, roles: principal.roles },
      org,
      orgs,
      principal: { type: principal.type, id: principal.id, name: principal.name },
      roles: principal.roles,
      scopes: principal.scopes,
    }
  }
}

function wantsPage(call: Call): boolean {
  return /\btext\/html\b/.test(call.request.headers.accept ?? '')
}

function clientOf(call: Call): Client {
  return { address: call.request.ip, agent: call.request.headers['user-agent'] ?? '' }
}

function principalOf(call: Call): OrgCaller {
  if (call.caller?.kind !== 'principal') throw new NotFoundError()
  return call.caller
}

/** Of a route that asks for a session. */
function sessionOf(call: Call) {
  const { resolved, token } = principalOf(call)
  return { resolved, session: resolved.session!, token: token! }
}

function idOf(call: Call): string {
  const { id } = call.params
  if (id === undefined || !isUuid(id)) throw new NotFoundError()
  return id
}
