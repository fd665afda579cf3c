import {
  type HookCall,
  NotFoundError,
  type RouteDefinition,
  type RouteReply,
  type RouteRequest,
  UnauthenticatedError,
  UnsupportedMediaTypeError,
} from '@runwaycrm/sdk'
import type { FastifyRequest } from 'fastify'
import { networkOf } from '../accounts/attempts.ts'
import type { CallHandler } from '../actions/call-handler.ts'
import { isUuid } from '../database/uuid.ts'
import type { Contribution } from '../model/model.ts'
import { localeOf } from '../model/words.ts'
import { parseJsonBody } from './json-body.ts'
import { type LinkRoutesDeps, pluginContext } from './link-routes.ts'
import { createRateLimit } from './rate-limit.ts'
import type { Call, RouteDeclaration } from './route.ts'

export interface HookRoutesDeps {
  readonly callHandler: CallHandler
  readonly contexts: LinkRoutesDeps['contexts']
  readonly accounts: { findOrgBySlug(slug: string): Promise<string | null> }
  /** Off when the limit of the deployment is. */
  readonly isLimited: boolean
}

/** Of one address, of one organisation, and of what one network may have refused. */
const perSecond = { address: 20, org: 100, refused: 5 }

/** What says who somebody is, to others than the plugin. */
const credentials: ReadonlySet<string> = new Set(['authorization', 'cookie', 'proxy-authorization'])

/** `/hooks/:org/<segment>`, then words and parameters. */
export function isHookPath(path: string): boolean {
  return /^\/hooks\/:org\/[a-z][a-z0-9-]*(\/([a-z0-9-]+|:[a-z][A-Za-z]*))*$/.test(path)
}

/**
 * Routes for other systems: `auth: "hook"`, at the root. The kernel finds the organisation, bounds what comes
 * and how often, and looks at no cookie and no key; who sends it is for the plugin to verify. Whether the
 * organisation, the address or the signature is wrong is one and the same answer.
 */
export function createHookRoutes(deps: HookRoutesDeps) {
  const limits = {
    address: createRateLimit(deps.isLimited ? perSecond.address : 0),
    org: createRateLimit(deps.isLimited ? perSecond.org : 0),
    refused: createRateLimit(deps.isLimited ? perSecond.refused : 0),
  }

  return function hookRoute(contribution: Contribution<RouteDefinition>): RouteDeclaration {
    const { plugin, definition } = contribution
    return {
      method: 'POST',
      root: true,
      path: definition.path,
      summary: definition.summary,
      tag: plugin,
      auth: 'none',
      permission: null,
      rate: 'normal',
      // Who sends the same thing twice is known by what stands in it, and that is the plugin's to know.
      idempotency: 'natural',
      query: 'any',
      body: null,
      raw: true,
      response: definition.response as RouteDeclaration['response'],
      listed: false,
      handler: async (call) => {
        // Nothing is unpacked here: what is small on the wire may be anything then.
        const encoding = call.request.headers['content-encoding']
        if (encoding !== undefined && encoding !== 'identity') throw new UnsupportedMediaTypeError()
        limits.address.take(call.request.url.split('?', 1)[0]!)
        try {
          return await receive(contribution, call)
        } catch (error) {
          if (!isRefusal(error)) throw error
          limits.refused.take(networkOf(call.request.ip))
          throw new UnauthenticatedError('Nothing that may be sent here was sent.')
        }
      },
    }
  }

  async function findBySlug(slug: string): Promise<string | null> {
    return /^[a-z0-9-]{1,63}$/.test(slug) ? deps.accounts.findOrgBySlug(slug) : null
  }

  /** @throws NotFoundError, UnauthenticatedError, and what the plugin says of what it knows to be genuine. */
  async function receive(
    { ref, plugin, definition }: Contribution<RouteDefinition>,
    call: Call,
  ): Promise<{ readonly status: number; readonly body?: unknown }> {
    const { org = '', ...params } = call.params
    // Nobody gets at what is sent to an organisation by calling their own after its id.
    const orgId = isUuid(org) ? org.toLowerCase() : await findBySlug(org)
    if (orgId === null) throw new NotFoundError()
    limits.org.take(orgId)
    const ctx = await pluginContext(deps.contexts, plugin, orgId, call.requestId)
    if (!ctx.model.routes.has(ref)) throw new NotFoundError()
    const request: RouteRequest = {
      ...{ params, query: {}, body: null, upload: null, language: localeOf(ctx) },
      hook: hookOf(call.request, definition.headers ?? []),
    }
    const { handler } = definition
    try {
      const { status, body } = (await deps.callHandler(ctx, plugin, handler, request)) as RouteReply
      return { status, ...(body === undefined ? {} : { body }) }
    } catch (error) {
      // Strangers do not use up what is for those who know the organisation.
      if (isRefusal(error)) limits.org.take(orgId, -1)
      throw error
    }
  }
}

const isRefusal = (error: unknown): boolean =>
  error instanceof NotFoundError || error instanceof UnauthenticatedError

function hookOf({ body, headers: sent }: FastifyRequest, names: readonly string[]): HookCall {
  const bytes = (body as Buffer | undefined) ?? Buffer.alloc(0)
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(sent)) {
    const isNamed = names.includes('*') || names.includes(name)
    if (isNamed && value !== undefined && !credentials.has(name)) headers[name] = String(value)
  }
  return { body: bytes, headers, json: () => parseJsonBody(bytes) }
}
