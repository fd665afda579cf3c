import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RouteDeclaration } from '../../kernel/http/route.ts'
import { type Caller, startApp, type TestApp } from '../setup/test-app.ts'

const seed = Number(process.env['NONSENSE_SEED'] ?? 20_261_125)
const perRoute = Number(process.env['NONSENSE_PER_ROUTE'] ?? 12)

let app: TestApp
let key: Caller
let session: Caller
let leadId = ''
beforeAll(async () => {
  app = await startApp()
  const ann = await app.signUp()
  session = ann
  key = await app.createKey(ann.orgId)
  leadId = (await ann.call('POST', '/leads', { name: 'Lead' })).json<{ id: string }>().id
})
afterAll(() => app?.stop())

/** @see mulberry32, T. Ettinger, 2017. */
function random(state: number) {
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
const next = random(seed)
const pick = <T>(from: readonly T[]): T => from[Math.floor(next() * from.length)]!

const texts = [
  '',
  ' ',
  'x',
  'x'.repeat(5_000),
  '\u0000',
  '\ud800',
  '‮ ',
  "'; drop table tenant.record; --",
  '{{7*7}}',
  '../../etc/passwd',
  '%00',
  '$1',
  'null',
  '[object Object]',
  '2026-13-45',
  '2026-03-01T25:00:00Z',
  '01a21472-aeb3-7521-befb-59aa9338c6cf',
  '@me',
  '@today-30d',
  '-score,createdAt',
  'account.industry',
  '__proto__',
  'constructor.prototype',
]
const numbers = [0, -0, -1, 1.5, 1e21, 2 ** 53, -(2 ** 63), Number.MAX_VALUE, 5e-324]
const names = [
  'name',
  'email',
  'status',
  'score',
  'filter',
  'create',
  'update',
  'upsert',
  'delete',
  'by',
  'records',
  'measures',
  'groupBy',
  'field',
  'count',
  'sum',
  'input',
  'entity',
  'ids',
  'ops',
  'op',
  'path',
  'value',
  'hash',
  'revision',
  'token',
  'password',
  'roles',
  'id',
  'version',
  'ownerId',
  '$eq',
  '$in',
  '$not',
  '$and',
  '$contains',
  '__proto__',
  'constructor',
  'toString',
  'a.b.c',
  '',
]

function value(depth: number): unknown {
  const kind = next()
  if (depth > 0 && kind < 0.25) {
    const count = Math.floor(next() * 5)
    return Object.fromEntries(Array.from({ length: count }, () => [pick(names), value(depth - 1)]))
  }
  if (depth > 0 && kind < 0.4) {
    return Array.from({ length: Math.floor(next() * 4) }, () => value(depth - 1))
  }
  if (kind < 0.7) return pick(texts)
  if (kind < 0.85) return pick(numbers)
  return pick([true, false, null])
}

/** Mostly what the schema names, with values that it does not expect. */
function body(route: RouteDeclaration): unknown {
  const schema = typeof route.body === 'object' ? route.body : null
  const known = Object.keys((schema?.['properties'] ?? {}) as object)
  if (known.length === 0 || next() < 0.2) return value(3)
  return Object.fromEntries(known.filter(() => next() < 0.8).map((name) => [name, value(3)]))
}

function url(route: RouteDeclaration): string {
  const path = route.path
    .replace(':plural', () => pick(['leads', 'accounts', 'users', 'api-keys', 'activities', 'x']))
    .replace(':ref', () => pick(['crm.leads:lead', 'crm.leads:score_lead', 'x:y', 'constructor']))
    .replace(/:\w+/g, () => encodeURIComponent(pick([leadId, leadId, ...texts]).toWellFormed()))
  const query = route.query === 'any' ? [] : Object.keys(route.query)
  const values = query
    .filter(() => next() < 0.5)
    .map((name) => {
      const text = next() < 0.4 ? JSON.stringify(value(2)) : pick(texts)
      return `${name}=${encodeURIComponent(text.toWellFormed())}`
    })
  return `${route.root ? '' : '/api/v1'}${path}${values.length > 0 ? `?${values.join('&')}` : ''}`
}

describe(`nonsense (seed ${seed})`, () => {
  it('is refused by every route and breaks none', async () => {
    const broken: string[] = []
    const statuses: Record<number, number> = {}
    const routes = app.house.app!.declaredRoutes.filter(
      (route) => !['/auth/password', '/auth/logout', '/auth/sessions/:id'].includes(route.path),
    )
    for (const route of routes) {
      for (let i = 0; i < perRoute; i++) {
        const who = route.auth === 'session' || next() < 0.3 ? session : key
        const address = url(route)
        const sent = route.body === null ? undefined : body(route)
        const answer = await app.inject({
          method: route.method as 'GET',
          url: address,
          headers: {
            ...who.headers,
            ...(sent === undefined ? {} : { 'content-type': 'application/json' }),
            ...(next() < 0.1
              ? {
                  'idempotency-key': pick(texts)
                    .toWellFormed()
                    .slice(0, 300)
                    .replace(/[^\x20-\x7e]/g, '?'),
                }
              : {}),
            ...(next() < 0.1 ? { 'if-match': pick(['"1"', '*', 'x', '']) } : {}),
            ...(next() < 0.05 ? { 'x-runway-revision': 'draft' } : {}),
          },
          ...(sent === undefined ? {} : { payload: JSON.stringify(sent) }),
        })
        statuses[answer.statusCode] = (statuses[answer.statusCode] ?? 0) + 1
        if (answer.statusCode >= 500) {
          broken.push(
            `${answer.statusCode} ${route.method} ${address.slice(0, 300)} ${JSON.stringify(sent)?.slice(0, 500)} ${answer.body}`,
          )
          // People who come by a link get pages.
        } else if (
          answer.statusCode >= 400 &&
          !/^\/(forms|me\/notifications\/unsubscribe|approvals\/decide)\//.test(route.path) &&
          answer.headers['content-type'] !== 'application/problem+json; charset=utf-8'
        ) {
          broken.push(`no problem document: ${route.method} ${address}`)
        }
      }
    }
    // Refused at the door, nonsense would show nothing of what is behind it.
    const all = Object.values(statuses).reduce((sum, count) => sum + count, 0)
    expect((statuses[401] ?? 0) / all, JSON.stringify(statuses)).toBeLessThan(0.25)
    expect((statuses[200] ?? 0) / all, JSON.stringify(statuses)).toBeGreaterThan(0.02)
    const log = app.logLines.filter((line) => line.includes('"level":"error"')).slice(0, 20)
    console.info(`answers by status: ${JSON.stringify(statuses)}`)
    expect(broken.slice(0, 20), log.join('\n')).toEqual([])
  })
})
