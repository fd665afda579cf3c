import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RouteDeclaration } from '../../kernel/http/route.ts'
import { startApp, type TestApp } from '../setup/test-app.ts'

let app: TestApp
let studio: string
beforeAll(async () => {
  studio = await mkdtemp(path.join(tmpdir(), 'runway-studio-'))
  await mkdir(path.join(studio, 'assets'))
  await writeFile(
    path.join(studio, 'index.html'),
    `<!doctype html><title>App</title>${' '.repeat(2000)}`,
  )
  await writeFile(
    path.join(studio, 'assets', 'app-1a2b.js'),
    `console.log('app')//${'x'.repeat(5000)}`,
  )
  await writeFile(path.join(studio, '.secret'), 'secret')
  app = await startApp({
    STUDIO_DIR: studio,
    METRICS_PORT: '0',
    RUNWAY_MAP_TILES: 'https://tiles.example.test/ground/{z}/{x}/{y}.png',
    RUNWAY_MAP_CREDIT: '© Mappers',
  })
})
afterAll(async () => {
  await app?.stop()
  await rm(studio, { recursive: true, force: true })
})

const page = (url: string, headers: Record<string, string> = {}) =>
  app.inject({ url, headers: { accept: 'text/html', ...headers } })

describe('the app in the browser', () => {
  it.each(['/', '/leads', '/leads/01a21472-aeb3-7521-befb-59aa9338c6cf?view=x', '/sign-in'])(
    'opens at %s',
    async (url) => {
      const answer = await page(url)
      expect([answer.statusCode, answer.headers['content-type']]).toEqual([
        200,
        'text/html; charset=utf-8',
      ])
      expect(answer.body).toContain('<title>App</title>')
    },
  )

  it('runs its own scripts and no other', async () => {
    const { headers } = await page('/')
    const policy = String(headers['content-security-policy'])
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("script-src 'self'")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).not.toMatch(/script-src[^;]*unsafe/)
    // Its scripts carry a word that the next answer does not have.
    const nonceOf = (answer: { headers: object }) =>
      /'nonce-([^']+)'/.exec(JSON.stringify(answer.headers))?.[1]
    const [one, other] = [await page('/'), await page('/')]
    expect(nonceOf(one)).toMatch(/^[A-Za-z0-9+/=]{22,}$/)
    expect(nonceOf(one)).not.toBe(nonceOf(other))
    for (const [tag] of one.body.matchAll(/<script[^>]*>/g)) {
      expect(tag).toContain(`nonce="${nonceOf(one)}"`)
    }
    // One other host, for pictures alone: that of the map's ground.
    expect(policy.match(/[^;]*https?:[^;]*/g)).toEqual([
      " img-src 'self' data: blob: https://tiles.example.test",
    ])
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'same-origin',
      'cache-control': 'no-cache',
    })
  })

  it('knows where the ground of maps comes from', async () => {
    const org = await app.createOrg()
    expect((await org.call('GET', '/model')).json().map).toEqual({
      tiles: 'https://tiles.example.test/ground/{z}/{x}/{y}.png',
      credit: '© Mappers',
    })
  })

  it('keeps built files for ever, compressed where the browser can', async () => {
    const plain = await app.inject({ url: '/assets/app-1a2b.js' })
    expect(plain.headers).toMatchObject({
      'content-type': 'text/javascript; charset=utf-8',
      'cache-control': 'public, max-age=31536000, immutable',
    })
    const small = await app.inject({
      url: '/assets/app-1a2b.js',
      headers: { 'accept-encoding': 'gzip, br' },
    })
    expect(small.headers['content-encoding']).toBe('br')
    expect(small.rawPayload.length).toBeLessThan(plain.rawPayload.length / 10)
  })

  it.each([
    '/assets/nothing.js',
    '/assets/../.secret',
    '/%2e%2e/package.json',
    '/assets/%2e%2e%2f.secret',
    '/api/v1/nothing/at/all/here',
    '/api/nothing',
    '/hooks/x',
    '//etc/passwd',
  ])('has nothing at %s', async (url) => {
    const answer = await app.inject({ url })
    expect(answer.statusCode).toBe(404)
    expect(answer.headers['content-type']).toContain('application/problem+json')
  })

  it('is no page for programs, nor for other methods', async () => {
    const headers = { accept: 'application/json' }
    expect((await app.inject({ url: '/leads', headers })).statusCode).toBe(404)
    expect((await app.inject({ method: 'POST', url: '/leads' })).statusCode).toBe(404)
  })
})

describe('the API', () => {
  it('takes a draft as the model of a read, from those who may see it', async () => {
    const ann = await app.signUp()
    const field = {
      ops: [
        {
          op: 'set',
          path: ['fields', 'shoeSize'],
          value: { entity: 'crm.leads:lead', field: { type: 'integer', label: 'Shoe size' } },
        },
      ],
    }
    const edited = await ann.call('PATCH', '/studio/draft', field)
    expect(edited.statusCode, edited.body).toBe(200)
    const fields = async (headers: Record<string, string>) => {
      const { entities } = (await ann.call('GET', '/model', undefined, headers)).json<{
        entities: { ref: string; fields: { key: string }[] }[]
      }>()
      return entities.find((one) => one.ref === 'crm.leads:lead')!.fields.map((one) => one.key)
    }
    const draft = { 'x-runway-revision': 'draft' }
    expect(await fields({})).not.toContain('shoeSize')
    expect(await fields(draft)).toContain('shoeSize')
    const write = await ann.call('POST', '/leads', { name: 'L' }, draft)
    expect(write.statusCode).toBe(409)
    const viewer = await app.createKey(ann.orgId, { role: 'viewer' })
    expect((await viewer.call('GET', '/model', undefined, draft)).statusCode).toBe(403)
    const plan = (await ann.call('POST', '/studio/plan')).json<{ hash: string; items: [] }>()
    expect(plan.items.length).toBeGreaterThan(0)
    const published = await ann.call('POST', '/studio/publish', { hash: plan.hash, message: 'x' })
    expect([published.statusCode, published.json()]).toEqual([201, { revision: 1 }])
    await expect.poll(() => fields({})).toContain('shoeSize')
    const lead = await ann.call('POST', '/leads', { name: 'L', shoeSize: 43 })
    expect(lead.json()).toMatchObject({ shoeSize: 43 })
    const document = await ann.call('GET', '/openapi.json')
    expect(document.body).toContain('shoeSize')
    const exported = await ann.call('POST', '/studio/export', { id: 'acme.shoes' })
    expect(exported.json()).toMatchObject({ id: 'acme.shoes', tier: 'declarative' })
    const back = await ann.call('POST', '/studio/rollback', { revision: 1 })
    expect([back.statusCode, back.json()]).toEqual([201, { revision: 2 }])
  })

  it('speaks the organisation’s language where its plugins do, and keeps its own words', async () => {
    const ann = await app.signUp()
    const label = async () => {
      const { entities } = (await ann.call('GET', '/model')).json<{
        entities: { ref: string; label: string; fields: { key: string; label: string }[] }[]
      }>()
      const lead = entities.find((one) => one.ref === 'crm.leads:lead')!
      return [lead.label, lead.fields.find((field) => field.key === 'company')!.label]
    }
    expect(await label()).toEqual(['Lead', 'Company'])
    await app.house.db.query(ann.orgId, {
      text: `update tenant.org_state set locale = 'de-CH', epoch = epoch + 1`,
      values: [],
    })
    await expect.poll(label).toEqual(['Lead', 'Firma'])
  })

  it('explains who may do what, and why', async () => {
    const ann = await app.signUp()
    const bob = await ann.call('POST', '/users', {
      name: 'Bob',
      email: `bob-${ann.orgId}@example.test`,
      roles: ['platform.people:viewer'],
    })
    const { id } = bob.json<{ id: string }>()
    const ask = (action: string, userId = id) =>
      ann.call('GET', `/access/explain?entity=leads&action=${action}&userId=${userId}`)
    expect((await ask('read')).json()).toEqual({
      allowed: true,
      because: [{ role: 'platform.people:viewer', rule: 'look', effect: 'allow' }],
    })
    expect((await ask('update')).json()).toEqual({ allowed: false, because: [] })
    expect((await ask('read', '01a21472-aeb3-7521-befb-59aa9338c6cf')).statusCode).toBe(404)
    const key = await app.createKey(ann.orgId, { role: 'viewer' })
    const refused = await key.call('GET', `/access/explain?entity=leads&userId=${id}`)
    expect(refused.statusCode).toBe(403)
  })

  it('describes itself as each principal may use it', async () => {
    const org = await app.createOrg()
    const all = (await org.call('GET', '/openapi.json')).json<OpenApi>()
    expect(all.openapi).toBe('3.1.0')
    expect(Object.keys(all.paths['/leads']!).sort()).toEqual(['get', 'post'])
    expect(Object.keys(all.paths['/leads/{id}']!).sort()).toEqual(['delete', 'get', 'patch'])
    expect(all.paths['/orgs']).toBeUndefined()
    expect(all.paths['/{plural}']).toBeUndefined()
    const ids = Object.values(all.paths).flatMap((methods) =>
      Object.values(methods).map((operation) => operation.operationId),
    )
    expect(new Set(ids).size).toBe(ids.length)
    for (const reference of JSON.stringify(all).matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
      expect(all.components.schemas).toHaveProperty([reference[1]!])
    }
    const headersOf = (path: string, method: string) =>
      all.paths[path]![method]!.parameters.filter((one) => one.in === 'header').map(
        ({ name }) => name,
      )
    expect(headersOf('/leads/{id}', 'patch')).toEqual(['If-Match'])
    expect(headersOf('/leads/{id}', 'delete')).toEqual(['If-Match'])
    expect(headersOf('/leads/{id}/restore', 'post')).toEqual(['Idempotency-Key', 'If-Match'])
    expect(headersOf('/leads', 'get')).toEqual(['X-Runway-Revision', 'X-Runway-Role'])
    expect(headersOf('/leads', 'post')).toEqual(['Idempotency-Key'])
    expect(all.paths['/leads/{id}']!['get']!.responses['200']).toMatchObject({
      headers: { ETag: { schema: { type: 'string' } } },
    })
    const bulk = all.paths['/leads/bulk']!['post']!
    const { schema } = bulk.requestBody!.content['application/json']
    expect(schema.oneOf.map(({ properties }) => Object.keys(properties))).toEqual([
      ['create', 'update', 'upsert', 'delete', 'restore', 'atomic'],
      ['filter', 'update'],
      ['filter', 'delete'],
      ['filter', 'restore'],
    ])
    expect(bulk.responses['202']!.content!['application/json'].schema.required).toContain('jobId')
    const action = all.paths['/actions/{ref}']!['post']!.responses
    expect(action['200']!.content!['application/json'].schema).toMatchObject({
      required: ['output'],
      properties: { changeSetId: { type: 'string', format: 'uuid' } },
    })
    const key = await app.createKey(org.orgId, { scopes: ['leads:read'] })
    const some = (await key.call('GET', '/openapi.json')).json<OpenApi>()
    expect(Object.keys(some.paths['/leads']!)).toEqual(['get'])
    expect(some.paths['/accounts']).toBeUndefined()
    expect(some.paths['/studio/draft']).toBeUndefined()
  })

  it('shows its documentation with scripts of its own', async () => {
    expect((await page('/docs')).headers['location']).toBe('/api/v1/docs')
    const docs = await page('/api/v1/docs')
    expect(docs.body).not.toMatch(/https?:\/\//)
    expect(docs.headers['content-security-policy']).toContain("script-src 'self';")
    const viewer = await app.inject({ url: '/api/v1/docs/viewer.js' })
    expect(viewer.headers['content-type']).toContain('text/javascript')
    expect(viewer.body.length).toBeGreaterThan(1_000_000)
  })

  it('limits an organisation, not its neighbours', async () => {
    const limited = await startApp({ RUNWAY_RATE_LIMIT: '4' })
    try {
      const [busy, calm] = [await limited.createOrg(), await limited.createOrg()]
      // However slow each of them is: many at once are more than what comes back meanwhile.
      const ask = () => Promise.all(Array.from({ length: 40 }, () => busy.call('GET', '/auth/me')))
      let refused: Awaited<ReturnType<TestApp['inject']>> | undefined
      while (!refused) refused = (await ask()).find(({ statusCode }) => statusCode === 429)
      expect(refused.headers).toMatchObject({
        'retry-after': expect.stringMatching(/^[1-9]\d*$/),
        'ratelimit-limit': '20',
        'ratelimit-remaining': '0',
        'ratelimit-reset': expect.stringMatching(/^[1-9]\d*$/),
      })
      expect((await calm.call('GET', '/auth/me')).statusCode).toBe(200)
      expect((await limited.inject({ url: '/livez' })).statusCode).toBe(200)
    } finally {
      await limited.stop()
    }
  })
})

describe('running it', () => {
  it('answers what is no HTTP with a status and nothing else', async () => {
    const listening = await startApp()
    try {
      const { port } = new URL(await listening.listen())
      const say = (text: string) =>
        new Promise<string>((resolve, reject) => {
          const socket = connect(Number(port), '127.0.0.1', () => socket.write(text))
          let answer = ''
          socket.on('data', (data) => {
            answer += data
          })
          socket.on('close', () => resolve(answer))
          socket.on('error', reject)
        })
      expect(await say('NONSENSE\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/)
      const long = `GET / HTTP/1.1\r\nhost: x\r\nx-long: ${'x'.repeat(20_000)}\r\n\r\n`
      expect(await say(long)).toMatch(/^HTTP\/1\.1 431 /)
    } finally {
      await listening.stop()
    }
  })

  it('says that it lives and is ready, and counts requests by route', async () => {
    expect((await app.inject({ url: '/livez' })).json()).toEqual({ status: 'ok' })
    expect((await app.inject({ url: '/readyz' })).json()).toEqual({ status: 'ok' })
    const org = await app.createOrg()
    await org.call('GET', '/leads')
    const text = app.house.app!.metrics!.text()
    expect(text).toMatch(
      /runway_http_request_seconds_count\{method="GET",route="\/api\/v1\/:plural",status="200"\} \d+/,
    )
    expect(text).not.toContain(org.orgId)
  })

  it('drains: new requests are sent elsewhere, probes tell why, those under way are finished', async () => {
    const going = await startApp()
    const org = await going.createOrg()
    const underWay = org.call('POST', '/leads', { name: 'Last' })
    await new Promise((resolve) => setImmediate(resolve))
    going.house.app!.drain()
    const late = await org.call('GET', '/leads')
    expect(late.json()).toMatchObject({ code: 'DRAINING', status: 503 })
    expect(late.headers).toMatchObject({ 'retry-after': '1', connection: 'close' })
    expect((await going.inject({ url: '/readyz' })).statusCode).toBe(503)
    expect((await going.inject({ url: '/livez' })).statusCode).toBe(200)
    expect((await underWay).statusCode).toBe(201)
    await going.stop()
  })

  it('refuses to boot with a route that does not declare itself', async () => {
    const { createRouteHost } = await import('../../kernel/http/route-host.ts')
    const { default: fastify } = await import('fastify')
    const server = fastify()
    const host = createRouteHost(server, {} as Parameters<typeof createRouteHost>[1])
    expect(() => server.get('/naked', () => 'x')).toThrow('declares nothing')
    const { rate: _, ...partly } = {
      method: 'GET',
      path: '/partly',
      summary: 'Partly declared',
      tag: 'test',
      auth: 'none',
      permission: null,
      rate: 'normal',
      idempotency: 'safe',
      query: {},
      body: null,
      response: { 200: {} },
      handler: () => ({ status: 200 }),
    } as const
    expect(() => host.add(partly as unknown as RouteDeclaration)).toThrow('does not declare rate')
    await server.close()
  })
})

interface OpenApi {
  readonly openapi: string
  readonly paths: Readonly<Record<string, Record<string, OpenApiOperation>>>
  readonly components: { readonly schemas: Readonly<Record<string, object>> }
}

interface OpenApiOperation {
  readonly operationId: string
  readonly parameters: readonly { readonly name: string; readonly in: string }[]
  readonly requestBody?: {
    readonly content: {
      readonly 'application/json': {
        readonly schema: { readonly oneOf: readonly { readonly properties: object }[] }
      }
    }
  }
  readonly responses: Readonly<
    Record<
      string,
      {
        readonly content?: {
          readonly 'application/json': { readonly schema: { readonly required: readonly string[] } }
        }
      }
    >
  >
}
