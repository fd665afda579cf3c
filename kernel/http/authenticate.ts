import { CrossSiteError, ForbiddenError, type OrgInfo, UnauthenticatedError } from '@runwaycrm/sdk'
import type { FastifyRequest } from 'fastify'
import type { Accounts } from '../accounts/accounts.ts'
import type { ResolvedPrincipal } from '../accounts/principals.ts'
import { readKey } from '../accounts/tokens.ts'
import type { RouteDeclaration } from './route.ts'

/** Who sends a request: a member or key of an organisation, or whoever runs the deployment. */
export type Caller =
  | {
      readonly kind: 'principal'
      readonly resolved: ResolvedPrincipal
      readonly token: string | null
    }
  | { readonly kind: 'operator' }

export type OrgCaller = Extract<Caller, { kind: 'principal' }>

interface AuthenticatorDeps {
  readonly accounts: Pick<Accounts, 'resolveSession' | 'resolveKey' | 'isOperator' | 'findHost'>
  readonly config: { readonly region: string; readonly publicUrl: string }
  /** Called before a credential that is not known yet is looked up. */
  beforeLookup?(request: FastifyRequest): void
}

export interface Authenticator {
  /**
   * Who sends this. Synchronous while what was found holds.
   *
   * @throws UnauthenticatedError for a credential that is not valid; null when there is none.
   */
  identify(request: FastifyRequest): Caller | null | Promise<Caller | null>
  /** @throws UnauthenticatedError, ForbiddenError, CrossSiteError when the route is not for this caller. */
  admit(request: FastifyRequest, caller: Caller | null, auth: RouteDeclaration['auth']): void
  readonly cookie: {
    name(request: FastifyRequest): string
    isSecure(request: FastifyRequest): boolean
  }
  /** Ends what does not fit its host: a custom domain belongs to one organisation. */
  checkHost(request: FastifyRequest, caller: Caller | null): Promise<void> | undefined
}

export type { OrgInfo }

/** Finds out who sends a request: a bearer token wins over the cookie. */
export function createAuthenticator(deps: AuthenticatorDeps): Authenticator {
  const { accounts, config } = deps
  const publicHost = new URL(config.publicUrl).host
  const publicIsSecure = config.publicUrl.startsWith('https:')
  const hosts = new Map<string, { orgId: string | null; until: number }>()

  const isSecure = (request: FastifyRequest) => publicIsSecure || request.protocol === 'https'
  const cookieName = (request: FastifyRequest) => (isSecure(request) ? '__Host-runway' : 'runway')

  function identify(request: FastifyRequest): Caller | null | Promise<Caller | null> {
    const { authorization } = request.headers
    if (authorization !== undefined) return bearerOf(authorization)
    const token = cookieValue(request.headers.cookie, cookieName(request))
    if (token === null) return null
    return named(accounts.resolveSession(token), token, 'The session has ended. Sign in again.')
  }

  function bearerOf(authorization: string): Caller | Promise<Caller> {
    const bearer = /^bearer +(\S+)$/i.exec(authorization)?.[1]
    if (bearer === undefined) throw new UnauthenticatedError('Send `Authorization: Bearer <key>`.')
    if (accounts.isOperator(bearer)) return { kind: 'operator' }
    const parts = readKey(bearer)
    if (!parts) throw new UnauthenticatedError('This is no API key.')
    if (parts.region !== config.region) {
      throw new UnauthenticatedError(`This key belongs to the region "${parts.region}".`)
    }
    return named(accounts.resolveKey(bearer), null, 'The API key is not valid.')
  }

  function named(
    found: ResolvedPrincipal | null | Promise<ResolvedPrincipal | null>,
    token: string | null,
    otherwise: string,
  ): Caller | Promise<Caller> {
    if (found instanceof Promise) return found.then((later) => asCaller(later, token, otherwise))
    return asCaller(found, token, otherwise)
  }

  function admit(
    request: FastifyRequest,
    caller: Caller | null,
    auth: RouteDeclaration['auth'],
  ): void {
    if (auth === 'none') return
    if (auth === 'credentials') {
      refuseOtherSites(request)
      return
    }
    if (caller === null) throw new UnauthenticatedError()
    if (auth === 'operator') {
      if (caller.kind !== 'operator') throw new ForbiddenError('Only the operator may do this.')
      return
    }
    if (caller.kind === 'operator') {
      throw new UnauthenticatedError('The operator’s key belongs to no organisation.')
    }
    if (caller.resolved.session !== null) refuseOtherSites(request)
    else if (auth === 'session') throw new ForbiddenError('API keys have no session. Sign in.')
  }

  function refuseOtherSites(request: FastifyRequest): void {
    if (request.method === 'GET' || request.method === 'HEAD') return
    const site = request.headers['sec-fetch-site']
    if (site !== undefined && site !== 'same-origin' && site !== 'none') throw new CrossSiteError()
    const { origin } = request.headers
    if (origin === undefined) return
    if (!URL.canParse(origin)) throw new CrossSiteError()
    const { host, protocol } = new URL(origin)
    if (host !== publicHost && host !== hostAt(protocol, request.headers.host)) {
      throw new CrossSiteError()
    }
  }

  function checkHost(request: FastifyRequest, caller: Caller | null): Promise<void> | undefined {
    const host = request.headers.host?.toLowerCase()
    if (caller?.kind !== 'principal' || host === undefined || host === publicHost) return undefined
    const name = host.replace(/:\d+$/, '')
    if (name === 'localhost' || /^[\d.]+$/.test(name) || name.startsWith('[')) return undefined
    const known = hosts.get(name)
    if (known && known.until > Date.now()) {
      agree(known.orgId, caller)
      return undefined
    }
    return accounts.findHost(name).then((orgId) => {
      if (hosts.size > 10_000) hosts.clear()
      hosts.set(name, { orgId, until: Date.now() + 10_000 })
      agree(orgId, caller)
    })
  }

  return { identify, admit, checkHost, cookie: { name: cookieName, isSecure } }
}

function asCaller(
  resolved: ResolvedPrincipal | null,
  token: string | null,
  otherwise: string,
): Caller {
  if (resolved === null) throw new UnauthenticatedError(otherwise)
  return { kind: 'principal', resolved, token }
}

function agree(orgId: string | null, caller: OrgCaller): void {
  if (orgId !== null && orgId !== caller.resolved.orgId) {
    throw new UnauthenticatedError('These credentials do not belong to this address.')
  }
}

/** A Host header without the port that goes without saying. */
function hostAt(protocol: string, host = ''): string | null {
  const address = `${protocol}//${host}`
  return URL.canParse(address) ? new URL(address).host : null
}

/** The value of one cookie. Two of one name are none: a neighbour may have planted the other. */
function cookieValue(header: string | undefined, name: string): string | null {
  if (header === undefined) return null
  let found: string | null = null
  for (const part of header.split(';')) {
    const split = part.indexOf('=')
    if (split < 0 || part.slice(0, split).trim() !== name) continue
    if (found !== null) return null
    found = part.slice(split + 1).trim()
  }
  return found === '' ? null : found
}
