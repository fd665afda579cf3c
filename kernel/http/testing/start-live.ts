import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import fastify from 'fastify'
import { WebSocket } from 'ws'
import { createTestDatabase } from '../../../tests/setup/test-database.ts'
import { createAccounts } from '../../accounts/accounts.ts'
import { createContexts } from '../../accounts/contexts.ts'
import { createDirectory } from '../../accounts/directory.ts'
import { createProofs } from '../../accounts/proof.ts'
import { migrate } from '../../database/migrate.ts'
import { createDatabase } from '../../database/postgres.ts'
import { createMemoryBus } from '../../events/bus.ts'
import { createRelay } from '../../events/relay.ts'
import { quietLog } from '../../events/testing/quiet-log.ts'
import { createOrgStates } from '../../model/model-cache.ts'
import { createOrgModels } from '../../model/org-models.ts'
import { loadPlugins } from '../../plugins/load-plugins.ts'
import { createWriter } from '../../records/change-set.ts'
import { createCodecs } from '../../records/fields.ts'
import { createReader } from '../../records/read.ts'
import { createAuthenticator } from '../authenticate.ts'
import { createLive } from '../live.ts'
import type { ServerMessage } from '../live-messages.ts'
import { toProblem, toRunwayError } from '../problem.ts'
import { createRateLimit } from '../rate-limit.ts'
import { createRouteHost } from '../route-host.ts'
import { sendProblem } from '../send.ts'

export type Messages = ServerMessage[] & { closed?: { code: number; reason: string } }

/** The live route alone, on the real database, accounts, reader, writer and relay. */
export async function startLive() {
  const deployment = await loadPlugins([
    fileURLToPath(new URL('../../../plugins/', import.meta.url)),
  ])
  const test = await createTestDatabase()
  await migrate({ ...test, model: deployment.model })
  const db = createDatabase({ url: test.serverUrl, secretKey: test.secretKey, poolSize: 8 })
  const log = quietLog()
  const bus = createMemoryBus(log)
  let relay = createRelay({ db, bus, log })
  const subscribers: Parameters<typeof relay.subscribe>[] = []
  const codecs = createCodecs(deployment.fieldTypeHandler)
  const reader = createReader({ db, codecs })
  const onCommitted = ({ orgId }: { orgId: string }) => relay.poke(orgId)
  const writer = createWriter({ db, codecs, reader, onCommitted })
  const orgStates = createOrgStates({ db, models: createOrgModels(deployment.model) })
  const stopping = new AbortController()
  const contexts = createContexts({ orgStates, signal: stopping.signal })
  const systemContext = (orgId: string) => contexts.system(orgId)
  const publicUrl = 'http://crm.test'
  const mails: { text: string }[] = []
  const accounts = createAccounts({
    db,
    secretKey: test.secretKey,
    reader,
    writer,
    config: { region: 'local', publicUrl, signUp: true, operatorKey: null },
    systemContext,
    runSeeds: async () => {},
    sendMail: async (_, mail) => void mails.push(mail),
    log: { ...log, error: (details: object, message: string) => log.error(message, { details }) },
  } as Parameters<typeof createAccounts>[0])
  const authenticator = createAuthenticator({ accounts, config: { region: 'local', publicUrl } })
  const app = fastify()
  app.setErrorHandler((error, request, reply) => {
    sendProblem(reply, toProblem(toRunwayError(error), request.id))
  })
  const host = createRouteHost(app, {
    authenticator,
    contexts,
    rateLimit: createRateLimit(0),
    isDraining: () => false,
    rotate: async () => {},
    runOnce: () => Promise.reject(new Error('nothing is run once here')),
    uploadFolder: tmpdir(),
  } as unknown as Parameters<typeof createRouteHost>[1])
  const live = createLive({
    db,
    reader,
    codecs,
    relay: {
      subscribe(...subscriber) {
        subscribers.push(subscriber)
        return relay.subscribe(...subscriber)
      },
    },
    bus,
    contexts,
    systemContext,
    forgetPrincipals: () => {},
    publicUrl,
    log,
  })
  await live.register({ app, host, authenticator, rateLimit: createRateLimit(0) })
  await app.listen({ port: 0, host: '127.0.0.1' })
  relay.start()
  const { port } = app.server.address() as AddressInfo
  const client = { address: '127.0.0.1', agent: 'test' }
  const sockets: WebSocket[] = []
  let count = 0

  /** Opens a connection; resolves when it stands or was refused. */
  async function connect(
    headers: Record<string, string>,
    options: { readonly receive?: boolean } = {},
  ) {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/api/v1/live`, { headers })
    sockets.push(socket)
    const messages: Messages = []
    if (options.receive !== false) {
      socket.on('message', (data) => messages.push(JSON.parse(String(data)) as ServerMessage))
    }
    socket.on('close', (code, reason) => {
      messages.closed = { code, reason: String(reason) }
    })
    const status = await new Promise<number>((resolve) => {
      socket.once('open', () => resolve(101))
      socket.once('unexpected-response', (_, response) => {
        response.resume()
        resolve(response.statusCode ?? 0)
      })
      socket.on('error', () => {})
    })
    return {
      socket,
      status,
      messages,
      send: (message: unknown) =>
        socket.send(typeof message === 'string' ? message : JSON.stringify(message)),
      events: () => messages.filter((message) => message.type === 'event'),
    }
  }

  return {
    app,
    db,
    bus,
    get relay() {
      return relay
    },
    async restartRelay() {
      relay = createRelay({ db, bus, log })
      for (const subscriber of subscribers) relay.subscribe(...subscriber)
      relay.start()
    },
    reader,
    writer,
    accounts,
    /** What another node would write with. */
    otherNode: createDirectory(db, createProofs(test.secretKey)),
    deployment,
    log,
    systemContext,
    port,
    connect,
    orgStates,
    /** An organisation with its admin, signed in. */
    async createOrg() {
      const email = `admin-${++count}@acme.test`
      const password = 'correct horse battery'
      const { orgId, userId } = await accounts.provision({ orgName: 'Acme', email, password })
      const session = await accounts.logIn({ email, password }, client)
      return { orgId, userId, session, headers: { cookie: `runway=${session.token}` } }
    },
    /** A member with these roles, signed in. */
    async createMember(orgId: string, roles: readonly string[]) {
      const ctx = await systemContext(orgId)
      const email = `member-${++count}@acme.test`
      const { url } = await accounts.invite(ctx, { email, roles })
      const token = new URL(url).searchParams.get('token') ?? url.split(/[/=#]/).at(-1)!
      const session = await accounts.accept(
        { token, name: 'Member', password: 'correct horse battery' },
        client,
      )
      const { userId } = session
      return { orgId, userId, session, headers: { cookie: `runway=${session.token}` } }
    },
    async stop() {
      for (const socket of sockets) socket.terminate()
      live.close()
      await relay.stop()
      stopping.abort()
      await app.close()
      await accounts.settled()
      await db.close()
      await test.drop()
    },
  }
}

export type LiveServer = Awaited<ReturnType<typeof startLive>>
