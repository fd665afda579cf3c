import {
  NotFoundError,
  type Principal,
  type RouteDefinition,
  type RouteReply,
  type RouteRequest,
  UnsupportedMediaTypeError,
  type Visit,
} from '@runwaycrm/sdk'
import { narrowAbility } from '../access/narrow-ability.ts'
import { networkOf } from '../accounts/attempts.ts'
import type { Contexts } from '../accounts/contexts.ts'
import type { CallHandler } from '../actions/call-handler.ts'
import type { RequestContext } from '../context/request-context.ts'
import type { Contribution } from '../model/model.ts'
import { inReadersLanguage, localeOf, messageOf, type Words } from '../model/words.ts'
import type { Lifetime, LinkTarget, PublicLinks } from '../secrets/public-links.ts'
import { frameScript, publicPage } from './public-page.ts'
import { createRateLimit } from './rate-limit.ts'
import { type Answer, apiPrefix, type Call, type RouteDeclaration } from './route.ts'

export interface LinkRoutesDeps {
  readonly callHandler: CallHandler
  readonly links: PublicLinks
  readonly contexts: Pick<Contexts, 'system'>
  /** Off when the limit of the deployment is. */
  readonly isLimited: boolean
  readonly publicUrl: string
  /** The deployment's: what is said to whoever comes with a link of no organisation. */
  readonly model: Words['model']
}

/** Per address and per organisation: enough for a list of mails that is opened at once, too little to guess. */
const perSecond = { address: 2, org: 50 }

/** A long text in a script of four bytes a letter, escaped, and a few more fields. */
const mostForm = 262_144
/** Of a button, and what mail programs post. */
const mostUnread = 4_096

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
    const takesForm = !isRead && definition.takesForm === true
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
      body: takesForm ? 'any' : null,
      bodyOptional: true,
      bodyLimit: takesForm ? mostForm : mostUnread,
      ...(isRead ? {} : { form: takesForm ? 'read' : 'unread' }),
      response: { 200: {}, 404: {} },
      listed: false,
      handler: async (call) => {
        limits.address.take(networkOf(call.request.ip))
        const type = String(call.request.headers['content-type'] ?? formType)
        if (takesForm && !type.startsWith(formType)) throw new UnsupportedMediaTypeError()
        const target = deps.links.read(linkOf(plugin, definition.path), call.params['token'] ?? '')
        if (!target) return gone(call)
        limits.org.take(target.orgId)
        try {
          const ctx = await contextFor(call, plugin, target.orgId, isRead)
          if (!ctx.model.routes.has(ref)) return gone(call)
          const request = requestOf(call, ctx, plugin, target)
          const { handler } = definition
          const reply = (await deps.callHandler(ctx, plugin, handler, request)) as RouteReply
          return answerOf(reply, ctx) ?? gone(call)
        } catch (error) {
          if (error instanceof NotFoundError) return gone(call)
          throw error
        }
      },
    }
  }

  /** One and the same for every link that leads nowhere, so that nobody learns why. */
  function gone({ request }: Call): Answer {
    const english = { org: { locale: 'en' }, model: deps.model }
    const words = inReadersLanguage(english, wantedIn(request))
    const say = (key: string) => messageOf(words, 'kernel', `page.gone.${key}`)
    const page = { title: say('title'), text: [say('text')], language: localeOf(words) }
    return publicPage(404, page, null)
  }

  function requestOf(
    call: Call,
    ctx: RequestContext,
    plugin: string,
    target: LinkTarget,
  ): RouteRequest {
    const { headers, url, ip } = call.request
    const texts = Object.entries(call.request.query as object).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    )
    const query = Object.fromEntries(texts.map(([name, value]) => [name, value.slice(0, 500)]))
    const day = ctx.now.toISOString().slice(0, 10)
    const visit: Visit = {
      mark: deps.links.mark(`${plugin} ${target.orgId} ${day} ${networkOf(ip)}`),
      address: `${deps.publicUrl}${url}`,
      referrer: headers.referer ?? null,
      isFramed: headers['sec-fetch-dest'] === 'iframe',
      wantsPage: /\btext\/html\b/.test(headers.accept ?? ''),
    }
    return {
      params: { subject: target.subject },
      query,
      body: call.body ?? null,
      upload: null,
      language: localeOf(inReadersLanguage(ctx, wantedIn(call.request))),
      visit,
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

/** What the address asks for, else what the browser does. */
function wantedIn({ query, headers }: Call['request']): string | undefined {
  const { lang } = query as { readonly lang?: unknown }
  return typeof lang === 'string' ? lang : headers['accept-language']
}

/** @returns null for a reply that says nothing. */
function answerOf({ status, page, body, headers }: RouteReply, ctx: RequestContext): Answer | null {
  const location = headers?.['location']
  if (location !== undefined) {
    return { status, headers: { location, 'referrer-policy': 'no-referrer' } }
  }
  if (body !== undefined) return { status, body }
  if (!page) return null
  const brand = page.isBranded ? { ...ctx.brand, name: ctx.brand?.name ?? ctx.org.name } : null
  // Words are the organisation's where the plugin does not say otherwise.
  return publicPage(status, { language: localeOf(ctx), ...page }, brand)
}

const formType = 'application/x-www-form-urlencoded'

/** What a page of another site includes so that frames of public forms are as tall as what is in them. */
export const frameScriptRoute: RouteDeclaration = {
  method: 'GET',
  path: '/forms/frame.js',
  summary: 'The script that sizes frames of public forms',
  tag: 'forms',
  auth: 'none',
  permission: null,
  rate: 'normal',
  idempotency: 'safe',
  query: 'any',
  body: null,
  response: { 200: {} },
  listed: false,
  handler: () => ({
    status: 200,
    type: 'text/javascript; charset=utf-8',
    headers: {
      'cache-control': 'public, max-age=3600',
      'cross-origin-resource-policy': 'cross-origin',
    },
    body: frameScript,
  }),
}

/** Makes the whole address of a link. @param publicUrl without a slash at the end. */
export function linkAddress(links: Pick<PublicLinks, 'sign'>, publicUrl: string) {
  return (plugin: string, path: string, target: LinkTarget, lifetime?: Lifetime): string => {
    const token = links.sign(linkOf(plugin, path), target, lifetime)
    return `${publicUrl}${apiPrefix}${path.replace(':token', token)}`
  }
}

/** What a token is signed for: the page and its button are two routes of one path. */
function linkOf(plugin: string, path: string): string {
  return `${plugin} ${path}`
}
