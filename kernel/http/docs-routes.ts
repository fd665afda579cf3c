import fastify from 'fastify'
import type { RequestContext } from '../context/request-context.ts'
import { openApiDocument, type TemplateRoute } from './openapi.ts'
import type { RouteDeclaration } from './route.ts'
import { createTextCache } from './text-cache.ts'

interface DocsDeps {
  declared(): readonly RouteDeclaration[]
  readonly templates: readonly TemplateRoute[]
}

/** Of all documents that are kept, in memory; one of a large model takes some 2 MB. */
const mostBytes = 32 * 1024 * 1024

/** The OpenAPI document of whoever asks, and a page that shows it. Nothing comes from another host. */
export function docsRoutes({ declared, templates }: DocsDeps): RouteDeclaration[] {
  const documents = createTextCache(mostBytes)
  let script: Promise<string> | null = null
  const shared = {
    method: 'GET',
    tag: 'docs',
    permission: null,
    idempotency: 'safe',
    query: {},
    body: null,
    listed: false,
  } as const

  function documentOf(ctx: RequestContext): string {
    const key = `${ctx.org.id} ${ctx.model.hash} ${ctx.ability.shape} ${ctx.org.locale} ${ctx.org.name}`
    const known = documents.get(key)
    if (known !== undefined) return known
    const text = JSON.stringify(openApiDocument(ctx, declared(), templates))
    documents.set(key, text)
    return text
  }

  return [
    {
      ...shared,
      auth: 'principal',
      rate: 'costly',
      path: '/openapi.json',
      summary: 'This API as you may use it',
      response: { 200: { type: 'object' } },
      handler: (call) => ({ status: 200, body: documentOf(call.context()) }),
    },
    {
      ...shared,
      auth: 'none',
      rate: 'normal',
      path: '/docs',
      summary: 'The documentation of this API',
      response: { 200: {} },
      handler: () => ({ status: 200, type: html, body: page, headers: docsHeaders }),
    },
    {
      ...shared,
      auth: 'none',
      rate: 'normal',
      root: true,
      path: '/docs',
      summary: 'The documentation of this API',
      response: { 303: {} },
      handler: () => ({ status: 303, headers: { location: '/api/v1/docs' } }),
    },
    {
      ...shared,
      auth: 'none',
      rate: 'normal',
      path: '/docs/:file',
      summary: 'A script of the documentation',
      response: { 200: {} },
      handler: async (call) => {
        script ??= readScript()
        const body = call.params['file'] === 'start.js' ? start : await script
        return { status: 200, type: 'text/javascript; charset=utf-8', body, headers: cached }
      },
    },
  ]
}

const html = 'text/html; charset=utf-8'
const cached = { 'cache-control': 'public, max-age=3600' }

/** The viewer writes styles at run time; scripts come from here alone, and it may ask nobody else. */
const docsHeaders = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
}

const page = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>API</title>
<div id="app"></div>
<script src="/api/v1/docs/viewer.js"></script>
<script src="/api/v1/docs/start.js"></script>
</html>
`

const start = `Scalar.createApiReference('#app', {
  url: '/api/v1/openapi.json',
  withDefaultFonts: false,
  telemetry: false,
  hideClientButton: true,
  showDeveloperTools: 'never',
  agent: { disabled: true },
  mcp: { disabled: true },
})
`

/** The viewer is five megabytes of text in a module; it is read when somebody opens the page first. */
async function readScript(): Promise<string> {
  const { default: reference } = await import('@scalar/fastify-api-reference')
  const app = fastify()
  await app.register(reference, { routePrefix: '/d', configuration: { url: '/' } })
  const { body } = await app.inject('/d/js/scalar.js')
  await app.close()
  return body
}
