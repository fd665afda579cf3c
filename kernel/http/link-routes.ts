import {
  NotFoundError,
  type Principal,
  type RouteDefinition,
  type RouteReply,
} from '@runwaycrm/sdk'
import { narrowAbility } from '../access/narrow-ability.ts'
import { networkOf } from '../accounts/attempts.ts'
import type { Contexts } from '../accounts/contexts.ts'
import type { CallHandler } from '../actions/call-handler.ts'
import type { RequestContext } from '../context/request-context.ts'
import type { Contribution } from '../model/model.ts'
import type { LinkTarget, PublicLinks } from '../secrets/public-links.ts'
import { plainPage } from './plain-page.ts'
import { createRateLimit } from './rate-limit.ts'
import { apiPrefix, type Call, type RouteDeclaration } from './route.ts'

export interface LinkRoutesDeps {
  readonly callHandler: CallHandler
  readonly links: PublicLinks
  readonly contexts: Pick<Contexts, 'system'>
  /** Off when the limit of the deployment is. */
  readonly isLimited: boolean
}

/** Per address and per organisation: enough for a list of mails that is opened at once, too little to guess. */
const perSecond = { address: 2, org: 50 }

const gone = {
  title: 'This link does not work',
  text: ['It is incomplete or too old. Take the one of a later mail, or answer that mail.'],
}

/**
 * Routes for people who have no account: `auth: "link"`, a path that ends in `/:token`. The kernel reads the
 * token, which names organisation and subject and was signed for this route alone; the plugin gets the
 * subject. A GET reads and shows a page, whatever its handler would do: mail scanners open every link.
 */
export function createLinkRoutes(deps: LinkRoutesDeps) {
  const limits = {
    address: createRateLimit(deps.isLimited ? perSecond.address : 0),
    org: createRateLimit(deps.isLimited ? perSecond.org : 0),
  }

  return function linkRoute({
    ref,
    plugin,
    definition,
  }: Contribution<RouteDefinition>): RouteDeclaration {
    const isRead = definition.method === 'GET'
    return {
      method: definition.method as 'GET' | 'POST',
      path: definition.path,
      summary: definition.summary,
      tag: plugin,
      auth: 'none',
      permission: null,
      rate: 'normal',
      idempotency: isRead ? 'safe' : 'natural',
      query: 'any',
      body: null,
      form: !isRead,
      response: { 200: {}, 404: {} },
      listed: false,
      handler: async (call) => {
        limits.address.take(networkOf(call.request.ip))
        const target = deps.links.read(linkOf(plugin, definition.path), call.params['token'] ?? '')
        if (!target) return plainPage(404, gone)
        limits.org.take(target.orgId)
        try {
          const ctx = await contextFor(call, plugin, target.orgId, isRead)
          if (!ctx.model.routes.has(ref)) return plainPage(404, gone)
          const { handler } = definition
          const params = { subject: target.subject }
          const request = { params, query: {}, body: null, upload: null }
          const reply = (await deps.callHandler(ctx, plugin, handler, request)) as RouteReply
          return plainPage(reply.status, reply.page ?? gone)
        } catch (error) {
          if (error instanceof NotFoundError) return plainPage(404, gone)
          throw error
        }
      },
    }
  }

  async function contextFor(
    call: Call,
    plugin: string,
    orgId: string,
    isRead: boolean,
  ): Promise<RequestContext> {
    const ctx = await pluginContext(deps.contexts, plugin, orgId, call.requestId)
    if (!isRead) return ctx
    return {
      ...ctx,
      ability: narrowAbility(ctx.ability, { data: { '*': ['read'] }, permissions: [] }),
    }
  }
}

/** The plugin acts for nobody but itself, within its capabilities. */
export async function pluginContext(
  contexts: LinkRoutesDeps['contexts'],
  plugin: string,
  orgId: string,
  traceId: string,
): Promise<RequestContext> {
  const principal: Principal = {
    type: 'plugin',
    id: plugin,
    name: plugin,
    userId: null,
    roles: [],
    teammates: [],
    scopes: null,
  }
  return { ...(await contexts.system(orgId, { door: 'action', traceId })), principal }
}

/** Makes the whole address of a link. @param publicUrl without a slash at the end. */
export function linkAddress(links: Pick<PublicLinks, 'sign'>, publicUrl: string) {
  return (plugin: string, path: string, target: LinkTarget, days?: number): string => {
    const token = links.sign(linkOf(plugin, path), target, days)
    return `${publicUrl}${apiPrefix}${path.replace(':token', token)}`
  }
}

/** What a token is signed for: the page and its button are two routes of one path. */
function linkOf(plugin: string, path: string): string {
  return `${plugin} ${path}`
}
