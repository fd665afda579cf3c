import { lookup as resolveHost } from 'node:dns/promises'
import type { LookupFunction, Socket } from 'node:net'
import { ForbiddenError, type Http } from '@runwaycrm/sdk'
import ipaddr from 'ipaddr.js'
import { Agent, buildConnector, type Dispatcher } from 'undici'
import { isPublicAddress, type OutboundAllowance, readAllowance } from './public-address.ts'

export interface OutboundOptions {
  /** Hosts, addresses and ranges that may be reached although they are not public; `readAllowance`. */
  readonly allow?: readonly string[]
  /** All addresses of a host; for tests. */
  readonly resolve?: (hostname: string) => Promise<readonly { address: string; family: number }[]>
  /** Default 10 MiB. */
  readonly mostBytes?: number
  /** More TLS settings, e.g. certificates of an operator's own authority. */
  readonly tls?: { readonly ca?: string | Buffer }
}

export interface OutboundCaller {
  /** Hosts that the caller may reach: `api.example.com`, `*.example.com`, `example.com:8443`, `*`. */
  readonly hosts: readonly string[]
  readonly signal: AbortSignal
}

export interface Outbound {
  /**
   * @throws ForbiddenError for a host that the caller or the network rules do not allow, before a byte
   *   is sent; OutboundError when there is no whole answer in time.
   */
  fetch(
    caller: OutboundCaller,
    url: string,
    init?: Parameters<Http['fetch']>[1],
  ): ReturnType<Http['fetch']>
  close(): Promise<void>
}

/** The other side did not answer, or not as it should. Trying again later may help. */
class OutboundError extends Error {
  readonly reason: 'unreachable' | 'timeout' | 'too_large'
  constructor(reason: OutboundError['reason'], message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'OutboundError'
    this.reason = reason
  }
}

const defaultTimeoutMs = 15_000
const longestTimeoutMs = 120_000
/** The connection is ours to say. */
const ownHeaders = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/**
 * The one door to the outside. Addresses are judged where the connection is made: of what the resolver
 * says in that moment, one and the same answer is checked and connected to, so a name that changes its
 * address in between (DNS rebinding) gains nothing. Redirects are answers like any other.
 */
export function createOutbound(options: OutboundOptions = {}): Outbound {
  const allowance = readAllowance(options.allow ?? [])
  const mostBytes = options.mostBytes ?? 10 * 1024 * 1024
  const resolve = options.resolve ?? ((hostname) => resolveHost(hostname, { all: true }))
  const agent = new Agent({
    connect: checkingConnector(allowance, resolve, options.tls ?? {}),
    connections: 16,
    maxHeaderSize: 64 * 1024,
    maxResponseSize: mostBytes,
  })

  return {
    async fetch(caller, address, init = {}) {
      const url = readUrl(address, caller.hosts)
      const timeoutMs = Math.min(init.timeoutMs ?? defaultTimeoutMs, longestTimeoutMs)
      const deadline = AbortSignal.timeout(timeoutMs)
      try {
        const answer = await agent.request({
          origin: url.origin,
          path: `${url.pathname}${url.search}`,
          method: (init.method ?? 'GET').toUpperCase() as Dispatcher.HttpMethod,
          headers: readHeaders(init.headers ?? {}),
          body: init.body ?? null,
          signal: AbortSignal.any([caller.signal, deadline]),
          headersTimeout: timeoutMs,
          bodyTimeout: timeoutMs,
        })
        const body = await readBody(answer.body, mostBytes, init.cutAt)
        return {
          status: answer.statusCode,
          headers: plainHeaders(answer.headers),
          text: async () => body.toString('utf8'),
          json: async () => JSON.parse(body.toString('utf8')) as unknown,
        }
      } catch (error) {
        throw caller.signal.aborted ? caller.signal.reason : explain(error, url, deadline)
      }
    },
    close: () => agent.destroy(),
  }
}

/** @throws ForbiddenError for anything but http(s) to a host of the list. */
function readUrl(address: string, hosts: readonly string[]): URL {
  let url: URL
  try {
    url = new URL(address)
  } catch {
    throw new ForbiddenError('The address of the request is no URL.')
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw new ForbiddenError(`Requests go out by http and https, not by ${url.protocol}`)
  }
  if (url.username !== '' || url.password !== '') {
    throw new ForbiddenError('A URL may not carry a user or a password; send a header.')
  }
  if (!hosts.some((host) => isHost(host.toLowerCase(), url))) {
    throw new ForbiddenError(`The plugin lacks the capability "net" for ${url.host}.`)
  }
  return url
}

/** Without a port an entry means the usual ports; `*` means any host and port. */
function isHost(entry: string, url: URL): boolean {
  if (entry === '*' || entry === url.host) return true
  if (url.port !== '') return false
  return entry.startsWith('*.') ? url.hostname.endsWith(entry.slice(1)) : entry === url.hostname
}

function readHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const sent: Record<string, string> = { 'user-agent': 'RunwayCRM', 'accept-encoding': 'identity' }
  for (const [name, value] of Object.entries(headers)) {
    const lower = name.toLowerCase()
    if (!ownHeaders.has(lower)) sent[lower] = value
  }
  return sent
}

function plainHeaders(headers: Dispatcher.ResponseData['headers']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : (value ?? ''),
    ]),
  )
}

/** Leaving the loop closes the connection: the rest never comes. */
async function readBody(
  body: AsyncIterable<Buffer>,
  mostBytes: number,
  cutAt = Number.POSITIVE_INFINITY,
): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body) {
    bytes += chunk.length
    if (bytes > mostBytes && bytes < cutAt) throw tooLarge(mostBytes)
    chunks.push(chunk)
    if (bytes >= cutAt) return Buffer.concat(chunks).subarray(0, cutAt)
  }
  return Buffer.concat(chunks)
}

function tooLarge(mostBytes: number, cause?: unknown): OutboundError {
  return new OutboundError('too_large', `The answer has more than ${mostBytes} bytes.`, cause)
}

function explain(error: unknown, url: URL, deadline: AbortSignal): unknown {
  if (error instanceof ForbiddenError || error instanceof OutboundError) return error
  const { code, cause } = error as { code?: string; cause?: unknown }
  if (cause instanceof ForbiddenError) return cause
  if (deadline.aborted || /TIMEOUT/.test(code ?? '')) {
    return new OutboundError('timeout', `${url.host} did not answer in time.`, error)
  }
  if (code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') {
    return new OutboundError('too_large', `The answer of ${url.host} is too large.`, error)
  }
  return new OutboundError('unreachable', `${url.host} cannot be reached.`, error)
}

type Resolve = NonNullable<OutboundOptions['resolve']>

function checkingConnector(
  allowance: OutboundAllowance,
  resolve: Resolve,
  tls: NonNullable<OutboundOptions['tls']>,
): buildConnector.connector {
  const isAllowed = (address: string) => isPublicAddress(address) || allowance.address(address)

  function connectorFor(isListed: boolean): buildConnector.connector {
    const lookup: LookupFunction = (hostname, lookupOptions, callback) => {
      resolve(hostname).then(
        (found) => {
          // One that is not allowed spoils them all: nobody honest mixes them.
          const bad = isListed ? undefined : found.find(({ address }) => !isAllowed(address))
          if (bad) return callback(refusal(hostname), '', 0)
          const first = found[0]
          if (!first) return callback(new Error(`${hostname} has no address.`), '', 0)
          if (lookupOptions.all) return callback(null, [...found])
          callback(null, first.address, first.family)
        },
        (error: Error) => callback(error, '', 0),
      )
    }
    return buildConnector({ ...tls, lookup, allowH2: false, timeout: 10_000 })
  }
  const listed = connectorFor(true)
  const open = connectorFor(false)

  return (target, callback) => {
    const hostname = target.hostname.replace(/^\[|\]$/g, '')
    const port = Number(target.port) || (target.protocol === 'https:' ? 443 : 80)
    const isListed = allowance.host(hostname, port)
    // A literal address is never looked up.
    if (!isListed && ipaddr.isValid(hostname) && !isAllowed(hostname)) {
      return callback(refusal(hostname), null)
    }
    const connect = isListed ? listed : open
    connect({ ...target, hostname }, (error, socket) => {
      if (error) return callback(error, null)
      // The last word: whom we are really talking to.
      const peer = (socket as Socket).remoteAddress ?? ''
      if (isListed || isAllowed(peer)) return callback(null, socket)
      socket?.destroy()
      callback(refusal(hostname), null)
    })
  }
}

function refusal(hostname: string): Error {
  return new ForbiddenError(`${hostname} is not a host of the open internet.`)
}
