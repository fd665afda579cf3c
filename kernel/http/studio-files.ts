import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import { extname, join, relative, sep } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants } from 'node:zlib'
import { NotFoundError } from '@runwaycrm/sdk'
import type { Answer, Call, RouteDeclaration } from './route.ts'

const compress = promisify(brotliCompress)
const compressible = new Set(['.css', '.html', '.js', '.json', '.map', '.svg', '.txt'])

/**
 * The studio's built files, and its page for every other address that a browser opens. Files are listed
 * once at boot and served from that list, so no path of a request reaches the disk.
 *
 * @param folder `studio/dist`; without it a page says what to do.
 * @param served how it is reached, and the one other host that pictures may come from.
 */
export async function studioFiles(
  folder: string,
  served: { readonly isSecure: boolean; readonly mapTiles: string | null },
): Promise<RouteDeclaration> {
  const files = existsSync(folder) ? await listFiles(folder) : new Map<string, string>()
  const headers = pageHeaders(served, null)
  const loaded = new Map<string, Promise<Loaded>>()

  function load(path: string): Promise<Loaded> {
    const known = loaded.get(path)
    if (known) return known
    const loading = readOnce(files.get(path)!)
    loaded.set(path, loading)
    return loading
  }

  /** Its scripts carry a word of this one answer, which nobody who got something into the page knows. */
  async function page(): Promise<Answer> {
    const type = 'text/html; charset=utf-8'
    if (!files.has('/index.html')) return { status: 200, type, body: notBuilt, headers }
    const nonce = randomBytes(16).toString('base64')
    const { plain } = await load('/index.html')
    const body = plain.toString('utf8').replaceAll('<script ', `<script nonce="${nonce}" `)
    return { status: 200, type, body, headers: pageHeaders(served, nonce) }
  }

  return {
    method: 'GET',
    root: true,
    catchAll: true,
    path: '/*',
    summary: 'The app',
    tag: 'studio',
    auth: 'none',
    permission: null,
    rate: 'none',
    idempotency: 'safe',
    query: 'any',
    body: null,
    response: { 200: {} },
    listed: false,
    handler: async (call) => {
      const path = call.request.url.split('?', 1)[0]!
      if (path === '/' || path === '/index.html') return page()
      if (files.has(path)) {
        const type = types[extname(path)] ?? 'application/octet-stream'
        return fileAnswer(call, await load(path), type, {
          ...headers,
          // Names of built files carry a hash of their content.
          'cache-control': path.startsWith('/assets/')
            ? 'public, max-age=31536000, immutable'
            : 'public, max-age=300',
        })
      }
      if (isServers(path) || !wantsPage(call)) throw new NotFoundError()
      return page()
    },
  }
}

interface Loaded {
  readonly plain: Buffer
  /** Null where it would not be smaller. */
  readonly brotli: Buffer | null
}

async function readOnce(path: string): Promise<Loaded> {
  const plain = await readFile(path)
  if (plain.length < 1_000 || !compressible.has(extname(path))) return { plain, brotli: null }
  const brotli = await compress(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } })
  return { plain, brotli: brotli.length < plain.length ? brotli : null }
}

function fileAnswer(
  call: Call,
  { plain, brotli }: Loaded,
  type: string,
  headers: Readonly<Record<string, string>>,
): Answer {
  const takesBrotli = /\bbr\b/.test(String(call.request.headers['accept-encoding'] ?? ''))
  const varied = { ...headers, vary: 'accept-encoding' }
  return brotli && takesBrotli
    ? { status: 200, type, body: brotli, headers: { ...varied, 'content-encoding': 'br' } }
    : { status: 200, type, body: plain, headers: varied }
}

/** Addresses below these are never pages of the app. */
function isServers(path: string): boolean {
  return /^\/(api|hooks|assets|livez|readyz|errors)(\/|$)/.test(path)
}

function wantsPage(call: Call): boolean {
  return /\btext\/html\b/.test(call.request.headers.accept ?? '')
}

async function listFiles(folder: string): Promise<Map<string, string>> {
  const files = new Map<string, string>()
  for (const name of await readdir(folder, { recursive: true })) {
    const path = join(folder, name)
    const isHidden = name.split(sep).some((part) => part.startsWith('.'))
    if (!isHidden && (await stat(path)).isFile()) {
      files.set(`/${relative(folder, path).split(sep).join('/')}`, path)
    }
  }
  return files
}

/** Scripts and styles of this host alone, no inline script, no frames. */
function pageHeaders(
  { isSecure, mapTiles }: { readonly isSecure: boolean; readonly mapTiles: string | null },
  nonce: string | null,
): Readonly<Record<string, string>> {
  const tiles = mapTiles === null ? '' : ` ${new URL(mapTiles).origin}`
  const policy = [
    "default-src 'none'",
    // What those scripts load in turn is of this host: parts of the app that come when they are needed.
    `script-src 'self'${nonce === null ? '' : ` 'nonce-${nonce}'`}`,
    "style-src 'self'",
    // Positions of floating parts and widths of columns are style attributes.
    "style-src-attr 'unsafe-inline'",
    `img-src 'self' data: blob:${tiles}`,
    "font-src 'self'",
    "connect-src 'self'",
    "manifest-src 'self'",
    "worker-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "object-src 'none'",
  ]
  return {
    'content-security-policy': policy.join('; '),
    'cache-control': 'no-cache',
    'referrer-policy': 'same-origin',
    'x-frame-options': 'DENY',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy': 'camera=(), microphone=(), geolocation=()',
    ...(isSecure ? { 'strict-transport-security': 'max-age=31536000; includeSubDomains' } : {}),
  }
}

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.jpg': 'image/jpeg',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
}

const notBuilt = `<!doctype html><html lang="en"><meta charset="utf-8"><title>RunwayCRM</title>
<h1>The app is not built</h1><p>Run <code>npm start</code>, or <code>npm run build -w studio</code> and start again.
The API answers under <a href="/api/v1/docs">/api/v1</a>.</p></html>
`
