import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Authenticator } from './authenticate.ts'

/** As long as a session lives at most; the server ends it sooner when nobody comes. */
const lastsSeconds = 90 * 86_400

/** Lax: a link from a mail arrives signed in, and a form of another site does not. */
export function setSessionCookie(
  cookie: Authenticator['cookie'],
  request: FastifyRequest,
  reply: FastifyReply,
  token: string,
): void {
  reply.header('set-cookie', cookieText(cookie, request, token, lastsSeconds))
}

export function clearSessionCookie(
  cookie: Authenticator['cookie'],
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  reply.header('set-cookie', cookieText(cookie, request, '', 0))
}

function cookieText(
  cookie: Authenticator['cookie'],
  request: FastifyRequest,
  value: string,
  maxAge: number,
): string {
  const secure = cookie.isSecure(request) ? '; Secure' : ''
  const name = cookie.name(request)
  return `${name}=${value}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${maxAge}${secure}`
}
