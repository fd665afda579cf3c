import { randomBytes } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import path from 'node:path'
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type S3Server, startS3 } from '../setup/s3-server.ts'
import { type Caller, startApp, type TestApp } from '../setup/test-app.ts'
import { png, uploadFile } from '../setup/upload-file.ts'

/** Files in a bucket, by configuration alone; a scanner looks at each. */
let store: S3Server
let app: TestApp
let acme: Caller
let other: Caller

beforeAll(async () => {
  store = await startS3()
  app = await startApp({ RUNWAY_FILES_URL: store.url, RUNWAY_UPLOAD_LIMIT: '1MiB' }, [
    path.resolve(import.meta.dirname, '../fixtures/scanner'),
  ])
  acme = await app.createOrg({ name: 'Acme' })
  other = await app.createOrg({ name: 'Other' })
})
afterAll(async () => {
  await app?.stop()
  await store?.stop()
})

interface Uploaded {
  readonly id: string
  readonly type: string
  readonly url: string
}

const contentOf = (id: string, by = acme) => by.call('GET', `/files/${id}/content?inline=true`)

/** @returns once the scanner has looked at it. */
async function upload(name: string, content: string | Uint8Array, by = acme): Promise<Uploaded> {
  const answer = await uploadFile(by, name, content)
  expect(answer.statusCode, answer.body).toBe(201)
  const file = answer.json<Uploaded>()
  const state = async () => (await contentOf(file.id, by)).body
  await expect.poll(state).not.toContain('being checked')
  return file
}
const keys = () => [...store.objects.keys()]
const uploads = () => readdir(path.join(app.config.dataDir, 'uploads'))

describe('files in a bucket', () => {
  it('are kept below the id of their organisation and come back byte for byte', async () => {
    const bytes = randomBytes(900_000)
    const file = await upload('x.exe', bytes)
    expect(store.objects.get(`${acme.orgId}/${file.id}`)).toMatchObject({
      type: 'application/octet-stream',
    })
    const answer = await acme.call('GET', file.url)
    expect(answer.statusCode).toBe(200)
    expect(answer.rawPayload.equals(bytes)).toBe(true)
    expect(answer.headers).toMatchObject({
      'content-length': '900000',
      'content-disposition': expect.stringMatching(/^attachment/),
    })
    expect(await uploads()).toEqual([])

    const theirs = await upload('theirs.txt', 'theirs', other)
    expect(keys()).toContain(`${other.orgId}/${theirs.id}`)
    expect((await contentOf(theirs.id)).statusCode).toBe(404)
    const owners = new Set(keys().map((key) => key.split('/')[0]))
    expect(owners).toEqual(new Set([acme.orgId, other.orgId]))
  })

  it('are what they are by their content; SVG stays a download', async () => {
    const picture = await upload('x.txt', png)
    expect(picture).toMatchObject({ type: 'image/png', width: 1, height: 1 })
    expect(store.objects.get(`${acme.orgId}/${picture.id}`)?.type).toBe('image/png')
    const shown = (await contentOf(picture.id)).headers['content-disposition']
    expect(shown).toMatch(/^inline/)
    const svg = await upload('a.png', '<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>')
    expect((await contentOf(svg.id)).headers).toMatchObject({
      'content-type': 'image/svg+xml',
      'content-disposition': expect.stringMatching(/^attachment/),
    })
  })

  it('over the limit never reach it', async () => {
    const before = store.requests.length
    const answer = await uploadFile(acme, 'big.bin', randomBytes(1_100_000))
    expect(answer.json()).toMatchObject({ status: 413, code: 'TOO_LARGE' })
    expect(store.requests.length).toBe(before)
  })

  it('in which a virus is found leave it', async () => {
    const virus = `X5O!P%@AP[4\\PZX54(P^)7CC)7}$${'EICAR'}-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*`
    const { id } = await upload('a.txt', virus)
    expect((await contentOf(id)).json()).toMatchObject({ status: 409, code: 'STATE_CONFLICT' })
    await expect.poll(keys).not.toContain(`${acme.orgId}/${id}`)
  })

  it('that no record ever held leave it after a day', async () => {
    const { id } = await upload('lost.txt', 'lost')
    expect(keys()).toContain(`${acme.orgId}/${id}`)
    const ctx = await app.house.contexts.system(acme.orgId)
    const now = new Date(ctx.now.getTime() + 2 * 86_400_000)
    await app.house.callHandler({ ...ctx, now }, 'platform.files', 'sweep', {})
    expect(keys()).not.toContain(`${acme.orgId}/${id}`)
    expect(keys().every((key) => key.startsWith(other.orgId))).toBe(true)
    expect((await contentOf(id)).statusCode).toBe(404)
  })
})

describe('a store that does not do what it is asked', () => {
  it('is asked again when it is busy', async () => {
    store.fail = { status: 503, code: 'SlowDown', times: 2 }
    const file = await upload('busy.txt', 'in the end')
    expect((await contentOf(file.id)).body).toBe('in the end')
  })

  it('makes an error that says what to look at in the log, and nothing is lost', async () => {
    const kept = await upload('kept.txt', 'kept')
    const [before, hidden] = [keys(), store.secret]
    store.secret = 'another one'
    const refused = await uploadFile(acme, 'lost.txt', 'lost')
    expect(refused.json()).toMatchObject({ status: 500, code: 'INTERNAL' })
    expect(refused.body).not.toContain('Signature')
    expect((await contentOf(kept.id)).json()).toMatchObject({ status: 500, code: 'INTERNAL' })
    const log = app.logLines.join('\n')
    expect(log).toContain('SignatureDoesNotMatch (403). Check the keys in RUNWAY_FILES_URL')
    expect(log).not.toContain(hidden)
    expect(log).not.toContain(encodeURIComponent(hidden))

    store.secret = hidden
    expect((await contentOf(kept.id)).body).toBe('kept')
    expect(keys()).toEqual(before)
    expect(await uploads()).toEqual([])
    // What was refused takes no room of the organisation's.
    const limits = { maxFiles: before.filter((key) => key.startsWith(acme.orgId)).length + 1 }
    await acme.call('PATCH', '/settings/platform.files:limits', limits)
    await upload('one-more.txt', 'more')
    expect((await uploadFile(acme, 'too-many.txt', 'x')).statusCode).toBe(413)
    await acme.call('PATCH', '/settings/platform.files:limits', { maxFiles: null })
  })

  it('tells a bucket that is not there from a file that is not there', async () => {
    const { id } = await upload('a.txt', 'a')
    store.fail = { status: 404, code: 'NoSuchBucket', times: 1 }
    expect((await contentOf(id)).statusCode).toBe(500)
    expect(app.logLines.join('\n')).toContain('NoSuchBucket (404). Make the bucket')
    store.objects.delete(`${acme.orgId}/${id}`)
    expect((await contentOf(id)).statusCode).toBe(404)
  })

  it('is told from one that cannot be reached', async () => {
    const { port } = store
    await store.stop()
    const answer = await uploadFile(acme, 'a.txt', 'a')
    expect(answer.json()).toMatchObject({ status: 500, code: 'INTERNAL' })
    expect(app.logLines.join('\n')).toContain(
      `The bucket runway-files at 127.0.0.1:${port} did not do what was asked: it cannot be reached (ECONNREFUSED). Check the endpoint`,
    )
    store = await startS3()
  })
})

describe('the store of these tests', () => {
  it('does what S3 does, as the vendor’s own client sees it', async () => {
    const { bucket: Bucket, region } = store
    const client = (secretAccessKey: string, accessKeyId = store.accessKey) =>
      new S3Client({
        region,
        endpoint: `http://127.0.0.1:${store.port}`,
        forcePathStyle: true,
        credentials: { accessKeyId, secretAccessKey },
        requestChecksumCalculation: 'WHEN_REQUIRED',
      })
    const s3 = client(store.secret)
    for (const Key of ['a/1', 'a/2 ö+', 'b/3']) {
      await s3.send(new PutObjectCommand({ Bucket, Key, Body: `of ${Key}`, ContentType: 'x/y' }))
    }
    const get = async (Range?: string) => {
      const answer = await s3.send(new GetObjectCommand({ Bucket, Key: 'a/2 ö+', Range }))
      return [await answer.Body?.transformToString(), answer.ContentRange]
    }
    expect(await get()).toEqual(['of a/2 ö+', undefined])
    expect(await get('bytes=3-5')).toEqual(['a/2', 'bytes 3-5/10'])
    expect(await get('bytes=-1')).toEqual(['+', 'bytes 9-9/10'])
    const head = await s3.send(new HeadObjectCommand({ Bucket, Key: 'a/1' }))
    expect(head).toMatchObject({ ContentLength: 6, ContentType: 'x/y' })
    const list = async (more: object) => {
      const page = await s3.send(new ListObjectsV2Command({ Bucket, ...more }))
      const { Contents = [], CommonPrefixes = [], NextContinuationToken: next } = page
      return [Contents.map(({ Key }) => Key), CommonPrefixes.map(({ Prefix }) => Prefix), next]
    }
    expect(await list({ Prefix: 'a/' })).toEqual([['a/1', 'a/2 ö+'], [], undefined])
    expect(await list({ Delimiter: '/' })).toEqual([[], ['a/', 'b/'], undefined])
    const [first, , next] = await list({ MaxKeys: 2 })
    expect(first).toEqual(['a/1', 'a/2 ö+'])
    expect(await list({ ContinuationToken: next })).toEqual([['b/3'], [], undefined])
    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'b/3' }))

    const refusal = (by: S3Client, more: object = {}) =>
      by.send(new GetObjectCommand({ Bucket, Key: 'b/3', ...more })).catch(({ name }) => name)
    expect(await refusal(s3)).toBe('NoSuchKey')
    expect(await refusal(s3, { Bucket: 'nobodys' })).toBe('NoSuchBucket')
    expect(await refusal(client('wrong'))).toBe('SignatureDoesNotMatch')
    expect(await refusal(client(store.secret, 'NOBODY'))).toBe('InvalidAccessKeyId')
    const unsigned = await fetch(`http://127.0.0.1:${store.port}/${Bucket}/a/1`)
    expect(unsigned.status).toBe(403)
  })
})
