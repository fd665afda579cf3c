import { randomBytes } from 'node:crypto'
import http from 'node:http'
import type { TestApp } from '../../setup/test-app.ts'
import type { ModelView, OpenApiDocument } from './open-api.ts'
import type { Plan } from './plan.ts'

export interface Answer {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly body: string
  /** As it was sent, for whoever wants to see it again. */
  readonly sent: { readonly method: string; readonly url: string; readonly body: string }
  /** Sends the very same again. */
  repeat(): Promise<{ readonly status: number; readonly body: string }>
}
type Heard = Omit<Answer, 'sent' | 'repeat'>

export interface FuzzWorld {
  readonly document: OpenApiDocument
  readonly model: ModelView
  /** @param among how many records the ids of the plan are taken from; few, so that requests meet. */
  send(plan: Plan, among?: number): Promise<Answer>
  /** Forgets what answers brought, so that a sequence stands for itself. Looks anew what there is at times. */
  forget(): Promise<void>
  /** Whether the admin may still do everything; a sequence may have taken that away. */
  isIntact(): Promise<boolean>
}

const nowhere = '01a21472-aeb3-7521-befb-59aa9338c6cf'
const mostKept = 60
const lookEvery = 20

/** An organisation with sample data, four callers, and what the answers so far have brought. */
export async function createFuzzWorld(app: TestApp, address: string): Promise<FuzzWorld> {
  const email = `fuzz-${randomBytes(4).toString('hex')}@example.test`
  const password = 'correct-horse-battery'
  const { orgId } = await app.house.accounts.provision({
    orgName: 'Fuzzed',
    email,
    password,
    sampleData: true,
  })
  const login = await app.inject({
    method: 'POST',
    url: '/api/v1/auth/login',
    payload: { email, password },
  })
  const cookie = String(login.headers['set-cookie']).split(';')[0]!
  const key = await app.createKey(orgId)
  const rep = await app.createKey(orgId, { role: 'rep' })
  const credentials: Record<Plan['who'], Readonly<Record<string, string>>> = {
    session: { cookie },
    key: key.headers,
    rep: rep.headers,
    nobody: {},
  }
  const read = async <T>(url: string) => (await key.call('GET', url)).json<T>()
  const document = await read<OpenApiDocument>('/openapi.json')
  const model = await read<ModelView>('/model')
  const targets = relationTargets(model)
  let first = await firstThings(model, read)
  let forgotten = 0
  let pool = new Map(first)

  function keep(kind: string, value: unknown): void {
    if (typeof value !== 'string') return
    const known = pool.get(kind) ?? []
    pool.set(kind, [value, ...known.filter((other) => other !== value)].slice(0, mostKept))
  }

  function drop(kind: string, id: string): void {
    const known = pool.get(kind)
    if (known)
      pool.set(
        kind,
        known.filter((other) => other !== id),
      )
  }

  function learn(method: string, url: string, { status, headers, body }: Heard): void {
    const [, gone = '', id = ''] = /([\w-]+)\/([0-9a-f-]{36})$/.exec(url.split('?', 1)[0]!) ?? []
    if (method === 'DELETE' && status < 300) drop(gone, id)
    if (status >= 300 || body === '' || !String(headers['content-type']).includes('json')) return
    const told = JSON.parse(body) as Record<string, unknown> | null
    if (typeof told !== 'object' || told === null) return
    const [, kind = ''] = /(\w[\w-]*)(?:\/[0-9a-f-]{36}.*)?$/.exec(url.split('?', 1)[0]!) ?? []
    const data = Array.isArray(told['data']) ? (told['data'] as Record<string, unknown>[]) : [told]
    for (const item of data) keep(kind, item?.['id'])
    keep('changes', told['changeSetId'])
    keep('hash', told['hash'])
    keep('cursor', (told['page'] as Record<string, unknown> | undefined)?.['nextCursor'])
  }

  /** The relation's own kind most of the time, and any other at times. */
  function fill(text: string, among: number): string {
    return text.replaceAll(/⟦([^:⟧]*):(\d+)⟧/g, (_, kind: string, digits: string) => {
      const n = Number(digits)
      const own = (pool.get(targets.get(kind) ?? kind) ?? []).slice(0, among)
      if (own.length > 0 && n % 10 !== 9) return own[n % own.length]!
      const all = [...pool].flatMap(([other, ids]) => (other === 'entities' ? [] : ids))
      return n % 3 === 2 ? nowhere : (all[n % all.length] ?? nowhere)
    })
  }

  const agent = new http.Agent({ keepAlive: true, maxSockets: 16 })
  return {
    document,
    model,
    async forget() {
      if (++forgotten % lookEvery === 0) first = await firstThings(model, read)
      pool = new Map(first)
    },
    async isIntact() {
      const answers = await Promise.all(
        [cookie, null].map((value) =>
          app.inject({
            url: '/api/v1/auth/me',
            headers: value === null ? key.headers : { cookie: value },
          }),
        ),
      )
      const model = answers[0]?.statusCode === 200 ? (await key.call('GET', '/model')).json() : null
      const { permissions = [] } = (model ?? {}) as { permissions?: string[] }
      return answers.every(({ statusCode }) => statusCode === 200) && permissions.length > 3
    },
    async send(plan, among = mostKept) {
      const filled = (text: string) => fill(text, among)
      const { payload, headers: own } = payloadOf(plan, filled)
      const query = new URLSearchParams(
        plan.query.map(([name, value]): [string, string] => [name, filled(value.toWellFormed())]),
      ).toString()
      const url = `/api/v1${filled(plan.path)}${query === '' ? '' : `?${query}`}`
      const headers = { ...credentials[plan.who], ...own, ...plan.headers }
      const { method } = plan
      const exchangeIt = () => exchange(address, agent, { method, path: url, headers }, payload)
      const answer = await exchangeIt()
      learn(method, url, answer)
      return {
        ...answer,
        repeat: exchangeIt,
        sent: { method, url, body: payload?.toString('utf8') ?? '' },
      }
    },
  }
}

/** Field name to the plural whose ids it takes, `accountId` to `accounts`. */
function relationTargets(model: ModelView): ReadonlyMap<string, string> {
  const plurals = new Map(model.entities.map(({ ref, plural }) => [ref, plural]))
  const targets = new Map<string, string>()
  for (const { ref, key, plural, fields } of model.entities) {
    targets.set(`${key}Id`, plural)
    targets.set(ref.replace(':', '/'), plural)
    for (const { apiName, kind, to } of fields) {
      const target = kind === 'user' ? 'users' : to ? plurals.get(to) : undefined
      if (target) targets.set(apiName, target)
    }
  }
  return targets
}

async function firstThings(
  model: ModelView,
  read: <T>(url: string) => Promise<T>,
): Promise<ReadonlyMap<string, string[]>> {
  const pool = new Map([['entities', model.entities.map(({ ref }) => ref)]])
  for (const kind of [...model.entities.map(({ plural }) => plural), 'changes']) {
    const { data = [] } = await read<{ data?: { id: string }[] }>(`/${kind}?limit=8`)
    if (data.length > 0)
      pool.set(
        kind,
        data.map(({ id }) => id),
      )
  }
  return pool
}

function payloadOf(plan: Plan, fill: (text: string) => string) {
  const { body } = plan
  if (body === null) return { payload: null, headers: {} }
  if (body.kind === 'json') {
    const text = fill(JSON.stringify(body.value) ?? 'null')
    return { payload: Buffer.from(text), headers: { 'content-type': 'application/json' } }
  }
  if (body.kind === 'text') {
    const headers = body.contentType === null ? {} : { 'content-type': body.contentType }
    return { payload: Buffer.from(fill(body.text)), headers }
  }
  const boundary = 'fuzz-boundary'
  const part = (name: string, text: string, more = '') =>
    `--${boundary}\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n${text}\r\n`
  const text = `${part('spec', body.spec)}${part('file', body.file, '; filename="a.csv"')}--${boundary}--\r\n`
  return {
    payload: Buffer.from(text),
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
  }
}

function exchange(
  address: string,
  agent: http.Agent,
  target: { method: string; path: string; headers: Record<string, string> },
  payload: Buffer | null,
): Promise<Heard> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(address)
    const length = payload === null ? {} : { 'content-length': payload.length }
    const request = http.request(
      {
        ...target,
        agent,
        hostname,
        port,
        headers: { ...target.headers, ...length },
        timeout: 120_000,
      },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          const body = Buffer.concat(chunks).toString('utf8')
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body })
        })
      },
    )
    request.on('timeout', () => request.destroy(new Error('No answer within two minutes.')))
    request.on('error', reject)
    request.end(payload ?? undefined)
  })
}
