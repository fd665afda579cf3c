import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { connect } from 'node:net'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Caller, startApp, type TestApp } from '../setup/test-app.ts'

/**
 * What goes wrong where data is described and brought in, through HTTP, with an answer that says what to
 * do. Shown elsewhere, and not again here:
 * - division by zero, a text that is no number: computed-fields.test.ts, "are blank where there is no answer"
 * - a lookup through a deleted record: computed-fields.test.ts, "are blank when the record ... is deleted"
 * - a rollup over what the reader may not see: computed-fields.test.ts, "what a reader may not see"
 * - a zip bomb named photo.png: files.test.ts, "take pictures only where pictures belong"
 * - a field made unique with duplicates already there: field-changes.test.ts, "a field that becomes unique"
 * - two merges at once, a merge taken back after edits: duplicates.test.ts, "merge_records"
 */
let app: TestApp
let org: Caller
let address: string
const megabyte = 1_048_576

beforeAll(async () => {
  app = await startApp({ RUNWAY_UPLOAD_LIMIT: '2MiB' })
  org = await app.createOrg()
  address = await app.listen()
})
afterAll(() => app?.stop())

const draft = (ops: readonly object[]) => org.call('PATCH', '/studio/draft', { ops })
const set = (at: string[], value: unknown, from?: unknown) => ({
  op: 'set',
  path: at,
  value,
  ...(from === undefined ? {} : { from }),
})
const entity = (label: string, plural: string, fields: object) => ({
  label,
  labelPlural: `${label}s`,
  plural,
  titleField: 'name',
  fields: { name: { type: 'text' }, ...fields },
})
async function publish(ops: readonly object[]) {
  const edited = await draft(ops)
  expect(edited.statusCode, edited.body).toBe(200)
  const { hash } = (await org.call('POST', '/studio/plan')).json()
  const published = await org.call('POST', '/studio/publish', { hash })
  expect(published.statusCode, published.body).toBe(201)
}

describe('fields that build on themselves', () => {
  const formula = (text: string) => ({ type: 'formula', formula: text })

  it.each([
    ['itself', { a: formula('a + 1') }],
    ['each other', { a: formula('b + 1'), b: formula('a + 1') }],
    ['each other by way of a third', { a: formula('b'), b: formula('c'), c: formula('a') }],
  ])('are refused when a formula builds on %s, and nothing is saved', async (_, fields) => {
    const answer = await draft([set(['entities', 'ring'], entity('Ring', 'rings', fields))])
    expect(answer.statusCode).toBe(422)
    expect(answer.json().errors[0].message).toContain('builds on itself: a')
    expect((await org.call('GET', '/studio/draft')).body).not.toContain('"ring"')
  })

  it('are refused when the circle goes through two objects', async () => {
    const there = entity('There', 'theres', {
      here: { type: 'relation', to: 't:here' },
      back: { type: 'lookup', lookup: { through: 'here', field: 'total' } },
    })
    const here = entity('Here', 'heres', {
      total: {
        type: 'rollup',
        rollup: { from: 't:there', through: 'here', measure: { count: '*' }, filter: { back: 1 } },
      },
    })
    const answer = await draft([set(['entities', 'here'], here), set(['entities', 'there'], there)])
    expect(answer.statusCode, answer.body).toBe(422)
    expect(answer.body).toContain('builds on itself')
  })
})

describe('options and types in use', () => {
  const status = { type: 'select', options: { open: {}, shut: {} } }
  beforeAll(async () => {
    await publish([
      set(['entities', 'door'], entity('Door', 'doors', { status, size: { type: 'text' } })),
    ])
    const create = ['open', 'shut', 'shut'].map((one, i) => ({
      name: `Door ${i}`,
      status: one,
      size: ['7', 'n/a', null][i],
    }))
    const made = await org.call('POST', '/doors/bulk', { create })
    expect(made.statusCode, made.body).toBe(200)
  })

  it('are told with the number of records before they go, and stay readable after', async () => {
    const at = ['entities', 'door', 'fields', 'status', 'options']
    expect((await draft([set(at, { open: {} }, status.options)])).statusCode).toBe(200)
    const { items, hash } = (await org.call('POST', '/studio/plan')).json()
    expect(items).toMatchObject([
      { text: expect.stringContaining('"shut"'), affects: [{ records: 2 }] },
    ])
    expect(items[0].severity).not.toBe('safe')
    expect((await org.call('POST', '/studio/publish', { hash })).statusCode).toBe(201)
    const { data } = (await org.call('GET', '/doors?sort=name')).json()
    expect(data.map(({ status: one }: { status: string }) => one)).toEqual(['open', 'shut', 'shut'])
    // The old value stays until somebody chooses another; the option cannot be chosen any more.
    const kept = await org.call('PATCH', `/doors/${data[1].id}`, { name: 'Painted' })
    expect(kept.statusCode, kept.body).toBe(200)
    const again = await org.call('PATCH', `/doors/${data[0].id}`, { status: 'shut' })
    expect(again.json().errors).toMatchObject([{ path: 'status', code: 'UNKNOWN_OPTION' }])
  })
})

describe('an upload of 5 GB', () => {
  const size = 5 * 1024 * megabyte

  /** Sends as fast as it is taken. @returns what came back, and how much was taken until then. */
  async function send(route: string, framing: 'declared' | 'streamed') {
    const { hostname, port } = new URL(address)
    const socket = connect(Number(port), hostname)
    const boundary = 'boundary-of-five-gigabytes'
    const head =
      `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="film.mp4"\r\n` +
      'content-type: video/mp4\r\n\r\n'
    const isStreamed = framing === 'streamed'
    const chunk = Buffer.alloc(megabyte / 4, 'x')
    const write = async (bytes: Buffer) => {
      if (socket.destroyed) return
      const framed = isStreamed
        ? Buffer.concat([
            Buffer.from(`${bytes.length.toString(16)}\r\n`),
            bytes,
            Buffer.from('\r\n'),
          ])
        : bytes
      if (!socket.write(framed)) {
        const more = new AbortController()
        const either = (name: string) => once(socket, name, { signal: more.signal })
        await Promise.race([either('drain'), either('close')]).catch(() => {})
        more.abort()
      }
    }
    let answer = ''
    socket.on('data', (data) => {
      answer += data.toString('latin1')
    })
    socket.on('error', () => {})
    await once(socket, 'connect')
    socket.write(
      `POST /api/v1${route} HTTP/1.1\r\nhost: ${hostname}:${port}\r\n` +
        `authorization: ${org.headers['authorization']}\r\n` +
        `content-type: multipart/form-data; boundary=${boundary}\r\n` +
        `${isStreamed ? 'transfer-encoding: chunked' : `content-length: ${size}`}\r\n\r\n`,
    )
    await write(Buffer.from(head))
    let sent = 0
    while (!socket.destroyed && !socket.readableEnded && sent < 200 * megabyte) {
      await write(chunk)
      sent += chunk.length
    }
    socket.destroy()
    return { status: Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]), answer, sent }
  }

  it.each(['/files', '/imports'])('to %s is refused by its length alone', async (route) => {
    const { hostname, port } = new URL(address)
    const socket = connect(Number(port), hostname)
    socket.on('error', () => {})
    await once(socket, 'connect')
    const answered = once(socket, 'data')
    socket.write(
      `POST /api/v1${route} HTTP/1.1\r\nhost: ${hostname}:${port}\r\n` +
        `authorization: ${org.headers['authorization']}\r\n` +
        `content-type: multipart/form-data; boundary=x\r\ncontent-length: ${size}\r\n\r\n`,
    )
    const [answer] = (await answered) as [Buffer]
    socket.destroy()
    expect(answer.toString('latin1')).toMatch(/^HTTP\/1\.1 413 [\s\S]*TOO_LARGE/)
  })

  it.each([
    ['/files', 'declared'],
    ['/files', 'streamed'],
    ['/imports', 'declared'],
    ['/imports', 'streamed'],
  ] as const)(
    'to %s, %s, is stopped early with 413, and leaves nothing',
    async (route, framing) => {
      const { status, answer, sent } = await send(route, framing)
      expect(status, answer).toBe(413)
      expect(answer).toContain('TOO_LARGE')
      // What is on its way in the buffers of both sides counts as sent.
      expect(sent).toBeLessThan(40 * megabyte)
      await expect
        .poll(() => readdir(path.join(app.config.dataDir, 'uploads')).catch(() => []))
        .toEqual([])
      expect((await org.call('GET', '/leads?limit=1')).statusCode).toBe(200)
    },
  )
})
