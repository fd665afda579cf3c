import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { deflateRawSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Caller, startApp, type TestApp } from '../setup/test-app.ts'
import { png, uploadFile } from '../setup/upload-file.ts'

let app: TestApp
let acme: Caller
let rep: Caller
let other: Caller

const home = {
  label: 'Home',
  labelPlural: 'Homes',
  plural: 'homes',
  titleField: 'name',
  fields: {
    name: { type: 'text' },
    deed: { type: 'file' },
    papers: { type: 'files' },
    front: { type: 'image' },
    photos: { type: 'images' },
  },
}
/** Sees homes that are open, and no deeds. */
const agent = {
  label: 'Agent',
  rules: {
    homes: {
      operations: ['read', 'create', 'update'],
      entity: 't:home',
      condition: { name: 'Open' },
    },
    deeds: { effect: 'deny', operations: ['read'], entity: 't:home', fields: ['deed'] },
  },
}

beforeAll(async () => {
  app = await startApp({ RUNWAY_UPLOAD_LIMIT: '1MiB' })
  acme = await app.createOrg({ name: 'Acme' })
  other = await app.createOrg({ name: 'Other' })
  for (const caller of [acme, other]) await publish(caller)
  rep = await app.createKey(acme.orgId, { role: 't:agent' })
})
afterAll(() => app.stop())

async function publish(caller: Caller): Promise<void> {
  const ops = [
    { op: 'set', path: ['entities', 'home'], value: home },
    { op: 'set', path: ['roles', 'agent'], value: agent },
  ]
  expect((await caller.call('PATCH', '/studio/draft', { ops })).statusCode).toBe(200)
  const { hash } = (await caller.call('POST', '/studio/plan')).json()
  const answer = await caller.call('POST', '/studio/publish', { hash, message: 'Homes' })
  expect(answer.statusCode).toBe(201)
}

const upload = async (name: string, content: string | Uint8Array, by = acme) => {
  const answer = await uploadFile(by, name, content)
  expect(answer.statusCode, answer.body).toBe(201)
  return answer.json<{ id: string; name: string; type: string; size: number; url: string }>()
}
const createHome = (values: object, by = acme) => by.call('POST', '/homes', values)
const contentOf = (id: string, by: Caller, query = '') =>
  by.call('GET', `/files/${id}/content${query}`)

async function storedFiles(orgId: string): Promise<string[]> {
  return readdir(path.join(app.config.dataDir, 'files', orgId)).catch(() => [])
}

describe('an upload', () => {
  it('says what the file is by its content, and gives it back byte for byte', async () => {
    const bytes = randomBytes(300_000)
    const file = await upload('C:\\temp\\notes.exe', bytes)
    expect(file).toEqual({
      id: expect.any(String),
      name: 'notes.exe',
      type: 'application/octet-stream',
      size: 300_000,
      url: `/api/v1/files/${file.id}/content`,
    })
    const answer = await acme.call('GET', file.url)
    expect(answer.statusCode).toBe(200)
    expect(sha(answer.rawPayload)).toBe(sha(bytes))
    expect(answer.headers).toMatchObject({
      'content-disposition': expect.stringMatching(/^attachment; filename="notes\.exe"/),
      'x-content-type-options': 'nosniff',
      'content-security-policy': expect.stringContaining('sandbox'),
      etag: `"${file.id}"`,
      'content-length': '300000',
    })
    expect(await upload('x.jpg', png)).toMatchObject({ type: 'image/png', width: 1, height: 1 })
  })

  it('is shown in the page only when it is a picture or a PDF and was asked for', async () => {
    const shown = async (content: string | Uint8Array, name: string) => {
      const { id } = await upload(name, content)
      const answer = await contentOf(id, acme, '?inline=true')
      return [
        answer.headers['content-type'],
        String(answer.headers['content-disposition']).split(';')[0],
      ]
    }
    expect(await shown(png, 'a.html')).toEqual(['image/png', 'inline'])
    expect(await shown('%PDF-1.7\n%x\n', 'a.pdf')).toEqual(['application/pdf', 'inline'])
    const svg = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    expect(await shown(svg, 'a.png')).toEqual(['image/svg+xml', 'attachment'])
    expect(await shown(`<?xml version="1.0"?>${svg}`, 'b.svg')).toEqual([
      'image/svg+xml',
      'attachment',
    ])
    expect(await shown('<!doctype html><script>alert(1)</script>', 'a.png')).toEqual([
      'text/html',
      'attachment',
    ])
  })

  it('over the limit is 413 and leaves nothing behind', async () => {
    const before = await storedFiles(acme.orgId)
    const answer = await uploadFile(acme, 'big.bin', randomBytes(1_100_000))
    expect(answer.statusCode).toBe(413)
    expect(answer.json().code).toBe('TOO_LARGE')
    expect(answer.json().detail).toContain('1 MiB at most')
    expect(await storedFiles(acme.orgId)).toEqual(before)
    expect(await readdir(path.join(app.config.dataDir, 'uploads'))).toEqual([])
  })

  it('without a file is 422; one that never was is 404', async () => {
    const boundary = { 'content-type': 'multipart/form-data; boundary=b' }
    const empty = Buffer.from(
      '--b\r\ncontent-disposition: form-data; name="x"\r\n\r\ny\r\n--b--\r\n',
    )
    const answer = await acme.call('POST', '/files', empty, boundary)
    expect(answer.statusCode).toBe(422)
    expect((await acme.call('POST', '/files', {})).statusCode).toBe(415)
    expect((await contentOf(randomUUID(), acme)).statusCode).toBe(404)
    expect((await contentOf('x', acme)).statusCode).toBe(404)
  })
})

describe('fields that hold files', () => {
  it('are written by id or whole and say what the file is, whatever the writer said', async () => {
    const [deed, front] = [await upload('deed.pdf', '%PDF-1.7\n'), await upload('f.png', png)]
    const made = await createHome({
      name: 'Storgata 1',
      deed: { id: deed.id, name: 'other.exe', type: 'image/png', size: 1 },
      papers: [deed.id, { id: front.id }, deed.id],
      front: front.id,
      photos: [front],
    })
    expect(made.statusCode, made.body).toBe(201)
    expect(made.json()).toMatchObject({ deed, papers: [deed, front], front, photos: [front] })
    const { data } = (
      await acme.call('GET', `/homes?filter=${encodeURIComponent('{"deed":{"$exists":true}}')}`)
    ).json()
    expect(data).toHaveLength(1)
    const cleared = await acme.call('PATCH', `/homes/${made.json().id}`, { deed: null, photos: [] })
    expect(cleared.json()).toMatchObject({ deed: null, photos: null, front })
  })

  it('take pictures only where pictures belong, judged by what is in them', async () => {
    const bomb = await upload('photo.png', zipBomb())
    const answer = await createHome({ name: 'x', front: bomb.id, photos: [bomb.id] })
    expect(answer.statusCode).toBe(422)
    expect(answer.json().errors).toEqual([
      { path: 'front', code: 'BAD_FORMAT', message: expect.stringContaining('application/zip') },
      { path: 'photos.0', code: 'BAD_FORMAT', message: expect.stringContaining('photo.png') },
    ])
    const svg = await upload('a.svg', '<svg xmlns="http://www.w3.org/2000/svg"/>')
    expect((await createHome({ name: 'x', front: svg.id })).statusCode).toBe(422)
  })

  it('know no file that is missing, another’s or of another organisation', async () => {
    const theirs = await upload('theirs.png', png, other)
    const hers = await upload('hers.png', png, acme)
    const problem = async (by: Caller, id: string) => {
      const answer = await createHome({ name: 'x', deed: id, photos: [id] }, by)
      expect(answer.statusCode).toBe(422)
      return answer
        .json()
        .errors.map(({ code, path: at }: { code: string; path: string }) => [at, code])
    }
    const unknown = [
      ['deed', 'UNKNOWN_RECORD'],
      ['photos.0', 'UNKNOWN_RECORD'],
    ]
    expect(await problem(acme, randomUUID())).toEqual(unknown)
    expect(await problem(acme, theirs.id)).toEqual(unknown)
    expect((await createHome({ name: 'Open', photos: [hers.id] }, rep)).json().errors[0].code).toBe(
      'UNKNOWN_RECORD',
    )
    const [missing, foreign] = [
      await contentOf(randomUUID(), acme),
      await contentOf(theirs.id, acme),
    ]
    expect(withoutRequestId(foreign.json())).toEqual(withoutRequestId(missing.json()))
    expect(foreign.statusCode).toBe(404)
    expect((await contentOf(hers.id, rep)).statusCode).toBe(404)
  })

  it('hold at most 50, and nonsense is told apart from the unknown', async () => {
    const { id } = await upload('a.txt', 'x')
    const many = await createHome({ papers: Array.from({ length: 51 }, () => id) })
    expect(many.json().errors[0]).toMatchObject({ path: 'papers', code: 'TOO_LONG' })
    expect((await createHome({ deed: 7 })).json().errors[0].code).toBe('WRONG_TYPE')
    expect((await createHome({ papers: id })).json().errors[0].code).toBe('WRONG_TYPE')
  })
})

describe('who reads a file', () => {
  it('is whoever may read a record and the field that hold it, and no longer than that', async () => {
    const deed = await upload('deed.txt', 'the deed')
    const photo = await upload('photo.png', png)
    const closed = (await createHome({ name: 'Closed', deed: deed.id, photos: [photo.id] })).json()
    expect((await contentOf(photo.id, rep)).statusCode).toBe(404)

    const open = (await createHome({ name: 'Open', photos: [photo.id], deed: deed.id })).json()
    expect((await contentOf(photo.id, rep)).statusCode).toBe(200)
    // The record is theirs to read, the field is not.
    expect((await rep.call('GET', `/homes/${open.id}`)).json()).not.toHaveProperty('deed')
    expect((await contentOf(deed.id, rep)).statusCode).toBe(404)

    await acme.call('PATCH', `/homes/${open.id}`, { photos: null })
    expect((await contentOf(photo.id, rep)).statusCode).toBe(404)
    expect((await contentOf(photo.id, acme)).statusCode).toBe(200)
    await acme.call('DELETE', `/homes/${closed.id}`)
    await acme.call('PATCH', `/homes/${open.id}`, { photos: [photo.id] })
    expect((await contentOf(photo.id, rep)).statusCode).toBe(200)
    await acme.call('DELETE', `/homes/${open.id}`)
    expect((await contentOf(photo.id, rep)).statusCode).toBe(404)
  })

  it('is not its uploader any more, once it is in a record that they may not see', async () => {
    const mine = await upload('mine.txt', 'from the agent', rep)
    expect((await contentOf(mine.id, rep)).statusCode).toBe(200)
    expect((await contentOf(mine.id, acme)).statusCode).toBe(404)
    expect((await createHome({ name: 'x', papers: [mine.id] }, acme)).statusCode).toBe(422)
    const open = (await createHome({ name: 'Open', papers: [mine.id] }, rep)).json()
    expect(open).toMatchObject({ papers: [{ id: mine.id }] })
    expect((await contentOf(mine.id, acme)).statusCode).toBe(200)
    await acme.call('PATCH', `/homes/${open.id}`, { name: 'Closed' })
    expect((await contentOf(mine.id, rep)).statusCode).toBe(404)
    expect((await contentOf(mine.id, acme)).statusCode).toBe(200)
  })
})

describe('what was', () => {
  it('comes back with its files when a change is reverted or a record restored', async () => {
    const [first, second] = [await upload('1.txt', 'one'), await upload('2.txt', 'two')]
    const { id } = (await createHome({ name: 'x', deed: first.id })).json()
    await acme.call('PATCH', `/homes/${id}`, { deed: second.id })
    await sweepLater()
    const { data } = (await acme.call('GET', `/homes/${id}/history`)).json()
    expect(data[0].fields.deed).toEqual({ from: first, to: second })
    const reverted = await acme.call('POST', `/changes/${data[0].changeId}/revert`, {})
    expect(reverted.statusCode).toBe(200)
    expect((await acme.call('GET', `/homes/${id}`)).json().deed).toEqual(first)
    expect((await contentOf(first.id, acme)).body).toBe('one')
    await acme.call('DELETE', `/homes/${id}`)
    await sweepLater()
    await acme.call('POST', `/homes/${id}/restore`)
    expect((await contentOf(first.id, acme)).body).toBe('one')
  })

  it('goes after a day when no record ever held it', async () => {
    const [lost, kept] = [await upload('lost.txt', 'x'), await upload('kept.txt', 'y')]
    await createHome({ name: 'x', papers: [kept.id] })
    expect(await storedFiles(acme.orgId)).toContain(lost.id)
    await sweepLater()
    const left = await storedFiles(acme.orgId)
    expect(left).not.toContain(lost.id)
    expect(left).toContain(kept.id)
    expect((await contentOf(lost.id, acme)).statusCode).toBe(404)
    expect((await contentOf(kept.id, acme)).statusCode).toBe(200)
  })
})

describe('limits of an organisation', () => {
  it('count files and bytes', async () => {
    const small = await app.createOrg({ name: 'Small' })
    const limits = { maxFiles: 2, maxGigabytes: 0.001 }
    const set = await small.call('PATCH', '/settings/platform.files:limits', limits)
    expect(set.statusCode, set.body).toBe(200)
    await upload('a.bin', randomBytes(600_000), small)
    const full = await uploadFile(small, 'b.bin', randomBytes(600_000))
    expect(full.json()).toMatchObject({ status: 413, code: 'TOO_LARGE' })
    await upload('c.bin', 'c', small)
    expect((await uploadFile(small, 'd.bin', 'd')).statusCode).toBe(413)
    expect(await storedFiles(small.orgId)).toHaveLength(2)
  })
})

/** As the schedule does, two days from now. */
async function sweepLater(): Promise<void> {
  const ctx = await app.house.contexts.system(acme.orgId)
  const now = new Date(ctx.now.getTime() + 2 * 86_400_000)
  await app.house.callHandler({ ...ctx, now }, 'platform.files', 'sweep', {})
}

/** 50 MB of nothing in a few kilobytes, under a name that promises a picture. */
function zipBomb(): Buffer {
  const data = deflateRawSync(Buffer.alloc(50_000_000))
  const head = Buffer.alloc(30)
  head.writeUInt32LE(0x04034b50, 0)
  head.writeUInt16LE(20, 4)
  head.writeUInt16LE(8, 8)
  head.writeUInt32LE(data.length, 18)
  head.writeUInt32LE(50_000_000, 22)
  head.writeUInt16LE(1, 26)
  return Buffer.concat([head, Buffer.from('a'), data])
}

const sha = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const withoutRequestId = ({ requestId: _, ...rest }: Record<string, unknown>) => rest
