import { rm, writeFile } from 'node:fs/promises'
import net from 'node:net'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startApp, type TestApp } from '../setup/test-app.ts'

let app: TestApp
let port: number
let cookie: string

beforeAll(async () => {
  app = await startApp({ RUNWAY_UPLOAD_LIMIT: '1000' })
  port = Number(new URL(await app.listen()).port)
  cookie = (await app.signUp()).cookie
})
afterAll(() => app.stop())

/** Bytes as they come from somebody who speaks HTTP by hand. */
function talk() {
  const socket = net.connect({ port, host: '127.0.0.1' })
  const heard = { text: '', closed: false }
  socket.on('data', (chunk) => {
    heard.text += chunk
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    heard.closed = true
  })
  const statuses = () => [...heard.text.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map((found) => found[1])
  return { socket, heard, statuses }
}

const request = (line: string, headers: readonly string[], body: string | Buffer = '') =>
  Buffer.concat([
    Buffer.from([line, 'Host: crm.test', `Cookie: ${cookie}`, ...headers, '', ''].join('\r\n')),
    Buffer.from(body),
  ])
const sized = (line: string, type: string, body: string) =>
  request(line, [`Content-Type: ${type}`, `Content-Length: ${Buffer.byteLength(body)}`], body)
const chunked = (line: string, type: string, body: string) =>
  request(
    line,
    [`Content-Type: ${type}`, 'Transfer-Encoding: chunked'],
    `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
  )
const json = 'application/json'
const form = 'multipart/form-data; boundary=b'
const part = (name: string, body: string, file = '') =>
  `--b\r\nContent-Disposition: form-data; name="${name}"${file && `; filename="${file}"`}\r\n\r\n${body}\r\n`
const many = Array.from({ length: 40 }, (_, i) => part(`f${i}`, 'x')).join('')
const large = 'x'.repeat(3_000_000)

const refused: Readonly<Record<string, Buffer>> = {
  'a JSON body that is too large': sized(
    'POST /api/v1/leads HTTP/1.1',
    json,
    `{"name":"${large}"}`,
  ),
  'one that comes in chunks': chunked('POST /api/v1/leads HTTP/1.1', json, `{"name":"${large}"}`),
  'a body of another type': sized('POST /api/v1/leads HTTP/1.1', 'text/plain', large),
  'a body for nobody': sized('POST /api/v1/nothing HTTP/1.1', json, large),
  'a body of a GET': sized('GET /api/v1/leads HTTP/1.1', json, '{"name":"x"}'),
  'a body of a DELETE': sized('DELETE /api/v1/leads/x HTTP/1.1', 'text/plain', large),
  'a body with a key that is wrong': request(
    'POST /api/v1/leads HTTP/1.1',
    ['Authorization: Bearer nonsense', `Content-Type: ${json}`, `Content-Length: ${large.length}`],
    large,
  ),
  'an upload that is too large': sized(
    'POST /api/v1/imports HTTP/1.1',
    form,
    `${part('spec', '{}')}${part('file', large, 'a.csv')}--b--\r\n`,
  ),
  'an upload whose field is too large': sized(
    'POST /api/v1/imports HTTP/1.1',
    form,
    `${part('spec', large)}${part('file', large, 'a.csv')}--b--\r\n`,
  ),
  'an upload with too many fields': sized(
    'POST /api/v1/imports HTTP/1.1',
    form,
    `${many}${part('file', large, 'a.csv')}--b--\r\n`,
  ),
  'an upload with two files': sized(
    'POST /api/v1/imports HTTP/1.1',
    form,
    `${part('file', large, 'a.csv')}${part('more', large, 'b.csv')}--b--\r\n`,
  ),
  'an upload without an end': sized(
    'POST /api/v1/imports HTTP/1.1',
    form,
    part('file', large, 'a.csv'),
  ),
  'an upload with a field that cannot be stored': sized(
    'POST /api/v1/imports HTTP/1.1',
    form,
    `${part('spec', 'a\0b')}${part('file', large, 'a.csv')}--b--\r\n`,
  ),
  'an upload that is none': sized('POST /api/v1/imports HTTP/1.1', form, large),
}

describe('a connection on which something was refused', () => {
  it.each(Object.entries(refused))('is free or closed after %s', async (_, bytes) => {
    const status = await answerAndAfter(bytes)
    expect(status).toBeGreaterThanOrEqual(200)
    expect(status).toBeLessThan(500)
  })

  it('is free or closed after an upload that could not be kept', async () => {
    const uploads = path.join(app.config.dataDir, 'uploads')
    await rm(uploads, { recursive: true, force: true })
    await writeFile(uploads, 'not a folder')
    const bytes = sized(
      'POST /api/v1/imports HTTP/1.1',
      form,
      `${part('file', large, 'a.csv')}--b--\r\n`,
    )
    expect(await answerAndAfter(bytes)).toBe(500)
    await rm(uploads)
  })

  it('does not keep the server from stopping', async () => {
    const other = await startApp()
    const at = Number(new URL(await other.listen()).port)
    const silent = net.connect({ port: at, host: '127.0.0.1' })
    const half = net.connect({ port: at, host: '127.0.0.1' })
    const idle = net.connect({ port: at, host: '127.0.0.1' })
    for (const socket of [silent, half, idle]) socket.on('error', () => {})
    half.write('POST /api/v1/leads HTTP/1.1\r\nHost: crm.test\r\nContent-Le')
    idle.write('GET /livez HTTP/1.1\r\nHost: crm.test\r\n\r\n')
    await new Promise((resolve) => idle.once('data', resolve))
    await sleep(50)
    const from = performance.now()
    await other.stop()
    // Headers may take a minute to come; it does not wait for those.
    expect(performance.now() - from).toBeLessThan(30_000)
    for (const socket of [silent, half, idle]) socket.destroy()
  })
})

/** @returns the status of the answer, once the same connection has answered again or is closed. */
async function answerAndAfter(bytes: Buffer): Promise<number> {
  const { socket, heard, statuses } = talk()
  socket.write(bytes)
  await expect.poll(statuses).toHaveLength(1)
  socket.write(request('GET /livez HTTP/1.1', ['Connection: close']))
  await expect.poll(() => heard.closed || statuses().length === 2).toBe(true)
  if (statuses().length === 2) expect(statuses()[1]).toBe('200')
  socket.destroy()
  return Number(statuses()[0])
}
