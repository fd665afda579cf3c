import { randomBytes } from 'node:crypto'
import { type Caller, startApp, type TestApp } from '../setup/test-app.ts'

type Fields = Readonly<Record<string, unknown>>

/** What actions of the CRM answer, as far as the tests go into it. */
export interface Output extends Fields {
  readonly accountId: string
  readonly contactId: string
  readonly opportunityId: string
  readonly activityId: string
  readonly taskId: string
  readonly reasons: readonly { readonly criterion: string }[]
  readonly missed: readonly { readonly criterion: string }[]
}

/** Somebody who works in the CRM, with the few calls that the tests make over and over. */
export interface Who {
  readonly userId: string | null
  readonly email: string | null
  call(method: string, path: string, body?: unknown): Promise<{ status: number; body: Fields }>
  create(plural: string, values: object): Promise<Fields & { id: string }>
  get(plural: string, id: string): Promise<Fields>
  list(plural: string, filter: object): Promise<readonly Fields[]>
  /** Runs an action that succeeds. */
  run(action: string, input: object): Promise<{ output: Output; changeSetId?: string }>
  /** Runs an action that is refused. @returns the problem. */
  refused(action: string, input: object): Promise<Problem>
}

export interface Problem {
  readonly status: number
  readonly code: string
  readonly detail: string
  readonly errors: readonly { path: string; code: string; message: string }[]
}

export interface CrmTest {
  readonly app: TestApp
  /** Signed in as the admin of one organisation. */
  readonly admin: Who
  key(role: string, scopes?: readonly string[]): Promise<Who>
  /** Invites somebody and lets them accept. */
  member(name: string, role: string): Promise<Who>
  otherOrg(): Promise<Who>
  /** Well formed, and of no record. */
  unknownId(): string
  /** The present day in the organisation's time zone, which is UTC. */
  today(): string
  stop(): Promise<void>
}

export async function openCrm(): Promise<CrmTest> {
  const app = await startApp()
  const owner = await app.signUp({ orgName: 'Halden Docks' })
  const admin = whoIs(owner, owner.userId, owner.email)
  return {
    app,
    admin,
    async key(role, scopes) {
      return whoIs(await app.createKey(owner.orgId, { role, ...(scopes ? { scopes } : {}) }))
    },
    async member(name, role) {
      const email = `${name.toLowerCase().replaceAll(' ', '.')}@halden.example`
      const invited = await admin.call('POST', '/invitations', { email, roles: [role] })
      const token = String(invited.body['url']).split('token=')[1]
      const accepted = await app.inject({
        method: 'POST',
        url: '/api/v1/auth/accept',
        payload: { token, name, password: randomBytes(12).toString('hex') },
      })
      if (accepted.statusCode >= 300) throw new Error(accepted.body)
      const cookie = String(accepted.headers['set-cookie']).split(';')[0]!
      const { userId } = accepted.json<{ userId: string }>()
      return whoIs(withHeaders(app, { cookie }), userId, email)
    },
    async otherOrg() {
      return whoIs(await app.createOrg({ name: 'Somebody else' }))
    },
    unknownId: () => '0198c0de-0000-7000-8000-000000000000',
    today: () => new Date().toISOString().slice(0, 10),
    stop: () => app.stop(),
  }
}

function withHeaders(app: TestApp, headers: Record<string, string>): Pick<Caller, 'call'> {
  return {
    call: (method, url, body) =>
      app.inject({
        method: method as 'GET',
        url: `/api/v1${url}`,
        headers,
        ...(body === undefined ? {} : { payload: body as object }),
      }),
  }
}

export function whoIs(
  caller: Pick<Caller, 'call'>,
  userId: string | null = null,
  email: string | null = null,
): Who {
  const call: Who['call'] = async (method, path, body) => {
    const answer = await caller.call(method, path, body)
    return { status: answer.statusCode, body: answer.body === '' ? {} : answer.json() }
  }
  const ok = async (method: string, path: string, body?: unknown) => {
    const answer = await call(method, path, body)
    if (answer.status >= 300)
      throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
    return answer.body
  }
  return {
    userId,
    email,
    call,
    create: async (plural, values) =>
      (await ok('POST', `/${plural}`, values)) as Fields & { id: string },
    get: (plural, id) => ok('GET', `/${plural}/${id}`),
    async list(plural, filter) {
      const query = encodeURIComponent(JSON.stringify(filter))
      const page = await ok('GET', `/${plural}?limit=200&filter=${query}`)
      return page['data'] as readonly Fields[]
    },
    run: async (action, input) =>
      (await ok('POST', `/actions/${action}`, { input })) as unknown as {
        output: Output
        changeSetId?: string
      },
    async refused(action, input) {
      const { status, body } = await call('POST', `/actions/${action}`, { input })
      if (status < 400) throw new Error(`${action} was not refused: ${JSON.stringify(body)}`)
      return body as unknown as Problem
    },
  }
}
