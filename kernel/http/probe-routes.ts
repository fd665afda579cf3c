import {
  DatabaseUnavailableError,
  DrainingError,
  errorClasses,
  escapeHtml,
  NotFoundError,
} from '@runwaycrm/sdk'
import type { Database } from '../database/postgres.ts'
import type { RouteDeclaration } from './route.ts'

interface ProbeDeps {
  readonly db: Database
  isDraining(): boolean
}

/** For load balancers and people: is it alive, is it ready, what does this error mean. */
export function probeRoutes({ db, isDraining }: ProbeDeps): RouteDeclaration[] {
  const shared = {
    root: true,
    method: 'GET',
    tag: 'probes',
    auth: 'none',
    permission: null,
    rate: 'none',
    idempotency: 'safe',
    query: {},
    body: null,
    listed: false,
  } as const
  const explain: RouteDeclaration['handler'] = ({ params }) => {
    const code = params['code'] ?? ''
    const entry = catalogue.get(code)
    if (!entry) throw new NotFoundError()
    return { status: 200, type: 'text/html; charset=utf-8', body: page(entry) }
  }

  return [
    {
      ...shared,
      path: '/livez',
      summary: 'Whether the process answers',
      response: { 200: {} },
      handler: () => ({ status: 200, body: { status: 'ok' } }),
    },
    {
      ...shared,
      path: '/readyz',
      summary: 'Whether it may be sent requests',
      response: { 200: {}, 503: {} },
      handler: async () => {
        if (isDraining()) throw new DrainingError()
        try {
          await db.query(null, { text: 'select 1', values: [] })
        } catch (cause) {
          throw new DatabaseUnavailableError(undefined, { cause })
        }
        return { status: 200, body: { status: 'ok' } }
      },
    },
    {
      ...shared,
      path: '/errors/:code',
      summary: 'What an error code means',
      response: { 200: {} },
      handler: explain,
    },
    {
      ...shared,
      root: false,
      path: '/errors/:code',
      summary: 'What an error code means',
      response: { 200: {} },
      handler: explain,
    },
  ]
}

interface Entry {
  readonly code: string
  readonly status: number
  readonly title: string
  readonly advice: string
}

const catalogue: ReadonlyMap<string, Entry> = new Map(
  errorClasses.map((ErrorClass) => {
    const { code, status, title, message } = new ErrorClass()
    return [code, { code, status, title, advice: message }]
  }),
)

function page({ code, status, title, advice }: Entry): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${code}</title>
<h1>${escapeHtml(title)}</h1><p>${escapeHtml(advice)}</p><p><code>${status} ${code}</code></p></html>`
}
