import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'
import { isUuid } from '../database/uuid.ts'

const dayMs = 86_400_000
const usualDays = 730
const mostToken = 1200
const mostSubject = 500

export interface LinkTarget {
  readonly orgId: string
  /** What the link is about, in the words of the route that it was made for. */
  readonly subject: string
}

/** In days from now, or until a moment: then the same link comes again each time. */
export type Lifetime = number | Date

export interface PublicLinks {
  /**
   * The token of a link that anybody who has it may open, without signing in.
   *
   * @param route Reference of the one route that takes it.
   * @throws RangeError for a subject over 500 characters.
   */
  sign(route: string, target: LinkTarget, lifetime?: Lifetime): string
  /** @returns null for what was not signed for this route, was changed, or is too old. */
  read(route: string, token: string): LinkTarget | null
  /** The same for the same text, from which the text does not follow. */
  mark(text: string): string
}

/**
 * `<payload>.<HMAC-SHA256>`, both base64url; the payload is `[org, expiry in epoch seconds, subject]`. The MAC
 * covers the route as well, so a link serves one purpose in one organisation. Nothing is stored: links in
 * mails outlive many things.
 *
 * @param formerKey still accepted while keys change; nothing is signed with it.
 */
export function createPublicLinks(
  secretKey: string,
  formerKey: string | null = null,
  now: () => number = Date.now,
): PublicLinks {
  const keys = [secretKey, ...(formerKey === null ? [] : [formerKey])].map((key) =>
    Buffer.from(hkdfSync('sha256', key, '', 'runway public links', 32)),
  )
  const macOf = (key: Buffer, route: string, payload: string) =>
    createHmac('sha256', key).update(`${route}\n${payload}`).digest()

  return {
    sign(route, { orgId, subject }, lifetime = usualDays) {
      if (subject.length > mostSubject) throw new RangeError('The subject of a link is too long.')
      const until = typeof lifetime === 'number' ? now() + lifetime * dayMs : lifetime.getTime()
      const expiresAt = Math.floor(until / 1000)
      const payload = Buffer.from(JSON.stringify([orgId, expiresAt, subject])).toString('base64url')
      return `${payload}.${macOf(keys[0]!, route, payload).toString('base64url')}`
    },
    read(route, token) {
      if (token.length > mostToken) return null
      const [payload = '', mac = '', ...more] = token.split('.')
      const given = Buffer.from(mac, 'base64url')
      const holds = keys.some((key) => {
        const right = macOf(key, route, payload)
        return given.length === right.length && timingSafeEqual(given, right)
      })
      // Two spellings of one MAC are two tokens to whoever counts them.
      if (!holds || more.length > 0 || given.toString('base64url') !== mac) return null
      const [orgId, expiresAt, subject] = JSON.parse(
        Buffer.from(payload, 'base64url').toString('utf8'),
      ) as [string, number, string]
      return isUuid(orgId) && expiresAt * 1000 > now() ? { orgId, subject } : null
    },
    mark: (text) => macOf(keys[0]!, 'mark', text).toString('base64url').slice(0, 22),
  }
}
