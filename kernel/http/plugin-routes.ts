import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import {
  InvalidError,
  NotFoundError,
  type RouteDefinition,
  type RouteReply,
  type RouteRequest,
} from '@runwaycrm/sdk'
import type { CallHandler } from '../actions/call-handler.ts'
import type { Contribution, Model } from '../model/model.ts'
import { isReservedPlural } from '../model/reserved-segments.ts'
import { inReadersLanguage, localeOf } from '../model/words.ts'
import type { Check } from './check-schema.ts'
import { createHookRoutes, type HookRoutesDeps, isHookPath } from './hook-routes.ts'
import { createLinkRoutes, frameScriptRoute, type LinkRoutesDeps } from './link-routes.ts'
import type { Answer, Call, JsonSchema, RouteDeclaration } from './route.ts'

interface PluginRoutesDeps {
  /** The deployment's: routes are fixed at boot, whoever has the plugin enabled. */
  readonly model: Pick<Model, 'routes' | 'messages' | 'entities'>
  readonly callHandler: CallHandler
  readonly files: {
    of(orgId: string, plugin: string): { path(id: string): Promise<string> }
  }
  readonly links: LinkRoutesDeps['links']
  readonly contexts: LinkRoutesDeps['contexts']
  readonly accounts: HookRoutesDeps['accounts']
  readonly isLimited: boolean
  readonly publicUrl: string
  compile(schema: JsonSchema): Check
  readonly log: { warn(details: object, message: string): void }
}

type RouteContribution = Contribution<RouteDefinition>

/** Routes of trusted plugins. One whose first segment is not kept for routes, or that nobody signs in for, is left out. */
export function pluginRoutes(deps: PluginRoutesDeps): RouteDeclaration[] {
  const linkRoute = createLinkRoutes(deps)
  const hookRoute = createHookRoutes(deps)
  const hookPaths = new Set<string>()
  const declared = [...deps.model.routes.values()].flatMap((contribution) => {
    const { path, auth } = contribution.definition
    const segment = path.split('/')[1] ?? ''
    if (!isReservedPlural(segment, 'declarative')) {
      deps.log.warn({ route: contribution.ref, path }, 'a route was left out: its name is not kept')
      return []
    }
    if (auth === 'link') {
      const { method, permission } = contribution.definition
      const fits = /^\/[a-z0-9/-]+\/:token$/.test(path) && ['GET', 'POST'].includes(method)
      if (fits && permission === null) return [linkRoute(contribution)]
      deps.log.warn({ route: contribution.ref, path }, 'a route was left out: it is no link')
      return []
    }
    if (auth === 'hook') {
      const { method, permission } = contribution.definition
      const fits = isHookPath(path) && method === 'POST' && permission === null
      if (fits && !hookPaths.has(path)) {
        hookPaths.add(path)
        return [hookRoute(contribution)]
      }
      deps.log.warn({ route: contribution.ref, path }, 'a route was left out: it is no hook')
      return []
    }
    if (auth !== 'principal') {
      deps.log.warn({ route: contribution.ref }, 'a route was left out: it is open to anybody')
      return []
    }
    return [declare(contribution, deps)]
  })
  return declared.some(({ form }) => form === 'read') ? [...declared, frameScriptRoute] : declared
}

function declare(
  { ref, plugin, definition }: RouteContribution,
  deps: PluginRoutesDeps,
): RouteDeclaration {
  const { method, path, summary, permission, rate, upload = false } = definition
  const query = propertiesOf(definition.query)
  const checkQuery = definition.query ? deps.compile(definition.query as JsonSchema) : null
  const checkParams = definition.params ? deps.compile(definition.params as JsonSchema) : null
  const isRead = method === 'GET'

  return {
    method: method as RouteDeclaration['method'],
    path,
    summary,
    tag: plugin,
    auth: 'principal',
    permission,
    rate: rate as RouteDeclaration['rate'],
    idempotency: isRead ? 'safe' : definition.idempotent && method === 'POST' ? 'key' : 'never',
    query,
    body: upload ? null : ((definition.body as JsonSchema | undefined) ?? null),
    // A body of which nothing is required may be left out.
    bodyOptional: !upload && !hasRequired(definition.body),
    upload,
    response: definition.response as Readonly<Record<string, JsonSchema>>,
    handler: async (call) => {
      const ctx = call.context()
      // Disabled here, or taken out by an override: as if it had never been.
      if (!ctx.model.routes.has(ref)) throw new NotFoundError()
      if (checkParams) asMissing(() => checkParams(call.params))
      const values = typed(call.query, query)
      checkQuery?.(values)
      const request: RouteRequest = {
        params: call.params,
        query: values,
        body: call.body ?? null,
        upload: call.upload?.file ?? null,
        language: localeOf(inReadersLanguage(ctx, call.request.headers['accept-language'])),
      }
      const reply = await deps.callHandler(ctx, plugin, definition.handler, request)
      return answerOf(reply as RouteReply, () => deps.files.of(ctx.org.id, plugin), call)
    },
  }
}

/** Headers that a plugin may set; cookies and the like are not its business. */
const allowedHeaders = new Set(['location', 'etag', 'retry-after', 'content-language'])

async function answerOf(
  reply: RouteReply,
  files: () => { path(id: string): Promise<string> },
  call: Call,
): Promise<Answer> {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(reply.headers ?? {})) {
    if (allowedHeaders.has(name.toLowerCase())) headers[name.toLowerCase()] = value
  }
  if (!reply.file) {
    return {
      status: reply.status,
      headers,
      ...(reply.body === undefined ? {} : { body: reply.body }),
    }
  }
  const { file } = reply
  const isHead = call.request.method === 'HEAD'
  headers['content-disposition'] = dispositionOf(file)
  // Even a picture that a browser takes for a page can do nothing then.
  headers['content-security-policy'] = "default-src 'none'; frame-ancestors 'self'; sandbox"
  const answer = { status: reply.status, headers, type: file.type }
  if ('open' in file) {
    headers['content-length'] = String(file.size)
    return { ...answer, ...(isHead ? {} : { stream: await file.open() }) }
  }
  const path = await files().path(file.id)
  headers['content-length'] = String((await stat(path)).size)
  return { ...answer, ...(isHead ? {} : { stream: createReadStream(path) }) }
}

/** What browsers show without running anything in it. Pages and SVG are not among them. */
const safeInline: ReadonlySet<string> = new Set([
  ...['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/avif', 'image/bmp'],
  'application/pdf',
])

/** A download unless it was asked for otherwise: a file that somebody uploaded never runs as a page of ours. */
function dispositionOf(file: NonNullable<RouteReply['file']>): string {
  const { name, type } = file
  const isInline = 'isInline' in file && file.isInline === true && safeInline.has(type)
  const plain = name.replace(/[^\w. -]/g, '_').slice(0, 100)
  return `${isInline ? 'inline' : 'attachment'}; filename="${plain}"; filename*=UTF-8''${encodeURIComponent(name).slice(0, 400)}`
}

function hasRequired(schema: unknown): boolean {
  const { required = [] } = (schema ?? {}) as { required?: readonly string[] }
  return required.length > 0
}

function propertiesOf(schema: unknown): Readonly<Record<string, JsonSchema>> {
  const { properties = {} } = (schema ?? {}) as { properties?: Record<string, JsonSchema> }
  return properties
}

/** Query strings know texts only; the schema says what was meant. */
function typed(
  query: Readonly<Record<string, string>>,
  schemas: Readonly<Record<string, JsonSchema>>,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(query).map(([name, text]) => {
      const type = schemas[name]?.['type']
      if ((type === 'integer' || type === 'number') && /^-?\d{1,15}(\.\d{1,10})?$/.test(text)) {
        return [name, Number(text)]
      }
      if (type === 'boolean' && (text === 'true' || text === 'false')) {
        return [name, text === 'true']
      }
      return [name, text]
    }),
  )
}

function asMissing(check: () => void): void {
  try {
    check()
  } catch (error) {
    throw error instanceof InvalidError ? new NotFoundError() : error
  }
}
