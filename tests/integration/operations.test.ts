import { once } from 'node:events'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import net from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { openEmbedded } from '../../kernel/database/embedded.ts'
import {
  checkout,
  endAll,
  postmasterOf,
  removeDataFolder,
  runway,
  type Server,
  startAndFail,
  startServer,
} from './server-process.ts'

let home: string
beforeAll(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'runway-operations-'))
  await chmod(home, 0o755)
})
afterAll(async () => {
  await endAll()
  await removeDataFolder(path.join(home, 'data'))
  await rm(home, { recursive: true, force: true })
})

describe('a data folder from its first command to its last server', () => {
  let environment: Record<string, string>
  let server: Server
  let node: Server | null = null
  let key: string
  let org: { orgId: string; userId: string; slug: string; loginUrl: string }
  const files = (name: string) => path.join(home, name)
  const get = async (url: string, headers: Record<string, string>) => {
    const answer = await fetch(url, { headers })
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
  }

  beforeAll(async () => {
    environment = { RUNWAY_DATA_DIR: files('data') }
    await writeFile(files('good.csv'), 'Name,Score\nAda,80\nBo,20\n')
    await writeFile(files('some.csv'), 'Name,Score\nCy,80\nDee,many\n')
    await writeFile(files('none.csv'), 'Name,Score\nEd,few\n,12\n')
    await writeFile(
      files('map.json'),
      JSON.stringify({ entity: 'leads', columns: { Name: 'name', Score: 'score' }, key: [] }),
    )
  })

  it('makes an organisation without a server and prints one JSON object', async () => {
    const args = ['org', 'create', '--name', 'Acme', '--email', 'Ann@Example.test']
    const { code, out, err } = await runway(args, environment)
    expect(code, err).toBe(0)
    org = JSON.parse(out) as typeof org
    expect(Object.keys(org).sort()).toEqual(['loginUrl', 'orgId', 'slug', 'userId'])
    expect(org).toMatchObject({
      orgId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      userId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      slug: 'acme',
      loginUrl: expect.stringMatching(/^http:.*\/api\/v1\/auth\/link\?token=/),
    })
    expect(err).toContain(`No server runs here: the link is for ${new URL(org.loginUrl).origin}.`)
    expect(await postmasterOf(files('data'))).toBeNull()
  })

  it('leaves no PostgreSQL behind when the port is in use', async () => {
    const busy = net.createServer().listen(0, '127.0.0.1')
    await once(busy, 'listening')
    const { port } = busy.address() as net.AddressInfo
    const { code, err } = await startAndFail({ ...environment, PORT: String(port) })
    busy.close()
    expect(code).toBe(1)
    expect(err).toMatch(/port is in use already\. Set PORT/)
    expect(await postmasterOf(files('data'))).toBeNull()
  })

  it('starts by npm start, and the link that was printed signs in once', async () => {
    server = await startServer(environment, { command: ['npm', 'start'], cwd: checkout })
    console.info(`npm start on an initialised folder: ready after ${Math.round(server.readyMs)} ms`)
    const link = new URL(org.loginUrl)
    const visit = () => fetch(`${server.url}${link.pathname}${link.search}`, { redirect: 'manual' })
    const first = await visit()
    expect(first.status).toBe(303)
    const cookie = first.headers.getSetCookie()[0]!.split(';')[0]!
    expect(await get(`${server.url}/api/v1/auth/me`, { cookie })).toMatchObject({ status: 200 })
    expect((await visit()).headers.getSetCookie()).toEqual([])
  })

  it('makes links to the server that runs on the folder, whatever its port', async () => {
    const args = ['org', 'create', '--name', 'Beside', '--email', 'bea@example.test']
    const { code, out, err } = await runway(args, environment)
    expect(code, err).toBe(0)
    const { loginUrl } = JSON.parse(out) as typeof org
    expect(new URL(loginUrl).origin).toBe(server.url)
    expect((await fetch(loginUrl, { redirect: 'manual' })).status).toBe(303)
  })

  it('makes a key beside the running server, printed once and alone', async () => {
    const { code, out, err } = await runway(
      ['key', 'create', '--org', 'acme', '--role', 'admin'],
      environment,
    )
    expect(code, err).toBe(0)
    key = out.trim()
    expect(key).toMatch(/^rk_local_[A-Za-z0-9]{12}_[A-Za-z0-9]{43}$/)
    const leads = await get(`${server.url}/api/v1/leads`, { authorization: `Bearer ${key}` })
    expect(leads).toMatchObject({ status: 200, body: { data: [] } })
  })

  it('exports the organisation into one file and says what it leaves out', async () => {
    const file = files('acme.runway')
    const { code, out, err } = await runway(['org', 'export', '--org', 'acme', file], environment)
    expect(code, err).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ file })
    const said = err.trimEnd().split('\n').at(-1)
    expect(said).toMatch(
      /^Left out: .*passwords.*keys.*secrets.*Members are invited anew\. .*lets it proceed\.$/,
    )
  })

  it.each([
    ['0 when all rows are in', 'good.csv', 0, { created: 2, failed: 0 }],
    ['2 when some failed', 'some.csv', 2, { created: 1, failed: 1 }],
    ['1 when nothing was done', 'none.csv', 1, { created: 0, failed: 2 }],
  ])('imports with exit code %s', async (_, file, code, counts) => {
    const args = ['import', '--org', 'acme', files(file), '--map', files('map.json')]
    const done = await runway(args, environment)
    expect(done.code, done.err).toBe(code)
    expect(JSON.parse(done.out)).toMatchObject({ status: 'done', counts: { rows: 2, ...counts } })
  })

  it.each([
    ['an organisation that is not there', ['key', 'create', '--org', 'nobody'], /slug "nobody"/],
    [
      'a slug that is taken',
      ['org', 'create', '--name', 'B', '--email', 'b@example.test', '--slug', 'acme'],
      /taken/,
    ],
    ['an address that is none', ['org', 'create', '--name', 'B', '--email', 'b'], /email/i],
    ['a role that is not there', ['key', 'create', '--org', 'acme', '--role', 'king'], /king/],
    ['an option that is not there', ['org', 'create', '--colour', 'red'], /--colour/],
    ['a command that is not there', ['org', 'destroy'], /no command "org destroy"/],
    [
      'a file that is not there',
      ['import', '--org', 'acme', '/no/leads.csv', '--map', '/no/map.json'],
      /map\.json cannot be read: it is not there/,
    ],
    [
      'a map that is no JSON',
      ['import', '--org', 'acme', 'leads.csv', '--map', import.meta.filename],
      /operations\.test\.ts is not JSON/,
    ],
    ['a word too many', ['org', 'create', 'Acme', '--name', 'B'], /"Acme" is one word too many/],
  ])('ends with 1 and a sentence for %s', async (_, args, words) => {
    const { code, out, err } = await runway(args, environment)
    expect(code).toBe(1)
    expect(err).toMatch(words)
    expect(err).not.toMatch(/\n\s+at .*\.ts/)
    expect(out === '' || out.startsWith('Commands:')).toBe(true)
  })

  it('says that the port is in use and leaves the running server alone', async () => {
    const { code, err } = await startAndFail({ ...environment, PORT: new URL(server.url).port })
    expect(code).toBe(1)
    expect(err).toMatch(/port is in use already\. Set PORT/)
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200)
  })

  it('serves from a second node, which hears of writes and revocations on the first', async () => {
    node = await startServer(environment)
    const authorization = `Bearer ${key}`
    const page = await openPage(node.url, { authorization })
    const headers = { authorization, 'content-type': 'application/json' }
    const body = JSON.stringify({ name: 'From the first node' })
    const made = await fetch(`${server.url}/api/v1/leads`, { method: 'POST', headers, body })
    expect(made.status).toBe(201)
    const { id } = (await made.json()) as { id: string }
    await expect
      .poll(() => page.heard)
      .toContainEqual(expect.objectContaining({ event: 'record.created', id }))
    expect((await get(`${node.url}/api/v1/leads/${id}`, { authorization })).status).toBe(200)

    const keys = await get(`${server.url}/api/v1/api-keys`, { authorization })
    const [known] = (keys.body['data'] as { id: string }[])!
    const revokedAt = performance.now()
    const revoked = await fetch(`${server.url}/api/v1/actions/platform.api-keys:revoke_key`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ input: { id: known!.id } }),
    })
    expect(revoked.status, await revoked.text()).toBe(200)
    await expect.poll(() => page.closed()).toBe(4401)
    const tookMs = performance.now() - revokedAt
    console.info(`A revoked key closed the other node’s socket after ${Math.round(tookMs)} ms`)
    expect((await get(`${node.url}/api/v1/leads`, { authorization })).status).toBe(401)
  })

  it('keeps PostgreSQL for the second node when the first stops', async () => {
    // npm hands the signal on to its shell, and no further.
    process.kill(server.pid, 'SIGTERM')
    await server.ended
    expect(server.output()).toContain('Stopping')
    expect((await fetch(`${node!.url}/readyz`)).status).toBe(200)
    // From the terminal and from npm.
    node!.signal('SIGINT')
    node!.signal('SIGINT')
    expect(await node!.ended).toBe(0)
    expect(await postmasterOf(files('data'))).toBeNull()
  })

  it('is refused when a newer release has worked on it, and says so', async () => {
    const embedded = await openEmbedded({ dataDir: files('data') })
    const client = new pg.Client({ connectionString: embedded.adminUrl })
    await client.connect()
    await client.query(
      `insert into kernel.schema_version (version, name) values (9999, '9999-later.sql')`,
    )
    await client.end()
    await embedded.stop()
    const { code, err } = await startAndFail(environment)
    expect(code).toBe(1)
    expect(err).toMatch(/schema version 9999, this release knows \d+\. Start the newer release/)
    expect((await runway(['doctor'], environment)).code).toBe(1)
  })

  it('is refused when it holds the data of a newer PostgreSQL', async () => {
    await writeFile(path.join(files('data'), 'postgres/cluster/data/PG_VERSION'), '99\n')
    const { code, err } = await startAndFail(environment)
    expect(code).toBe(1)
    expect(err).toMatch(/incompatible/)
    expect(err).toContain('postgres.log')
  })
})

/** A page that is open on one node and hears of leads. */
async function openPage(url: string, headers: Record<string, string>) {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/api/v1/live`, { headers })
  const heard: Record<string, unknown>[] = []
  let code = 0
  socket.on('message', (data) => heard.push(JSON.parse(String(data)) as Record<string, unknown>))
  socket.on('close', (closed) => {
    code = closed
  })
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  socket.send(JSON.stringify({ type: 'subscribe', id: '1', topics: [{ entity: 'leads' }] }))
  await expect.poll(() => heard.length).toBe(1)
  return { heard, closed: () => code }
}
