import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/**
 * A store that speaks as much of S3 as a driver needs, on loopback: path style, Signature Version 4,
 * PutObject, GetObject with Range, HeadObject, DeleteObject, ListObjectsV2. Like most stores that are not
 * Amazon's it does not take bodies in signed chunks or with checksums behind them.
 *
 * @see Amazon S3 API reference, "Authenticating Requests (AWS Signature Version 4)".
 */
export interface S3Server {
  readonly bucket: string
  readonly region: string
  readonly accessKey: string
  /** What `RUNWAY_FILES_URL` says of it. */
  readonly url: string
  readonly port: number
  readonly objects: Map<string, StoredObject>
  /** `PUT acme/1` of each request that was let in, and `403 PUT acme/1` of others. */
  readonly requests: string[]
  /** So many of the next requests are answered with an error. */
  fail: { status: number; code: string; times: number } | null
  /** What requests must be signed with. */
  secret: string
  stop(): Promise<void>
}

interface StoredObject {
  readonly body: Buffer
  readonly type: string
  readonly at: Date
}

const s3Key = 'AKIDOFTHETESTS000000'
/** With what an address must escape. */
const s3Secret = 'secret/of+the/tests/0123456789'
const region = 'eu-north-1'
const bucket = 'runway-files'

/** An error as S3 names it. */
class S3Error extends Error {
  readonly status: number
  readonly code: string
  constructor(status: number, code: string, message = code) {
    super(message)
    this.status = status
    this.code = code
  }
}

export async function startS3(): Promise<S3Server> {
  const objects = new Map<string, StoredObject>()
  const requests: string[] = []
  const server = createServer((request, response) => {
    void answer(request, response).catch((error: unknown) => response.destroy(error as Error))
  })
  const store: S3Server = {
    get url() {
      const endpoint = encodeURIComponent(`http://127.0.0.1:${store.port}`)
      const keys = `${s3Key}:${encodeURIComponent(s3Secret)}`
      return `s3://${keys}@${bucket}?region=${region}&endpoint=${endpoint}`
    },
    get port() {
      return (server.address() as AddressInfo).port
    },
    ...{ bucket, region, accessKey: s3Key },
    objects,
    requests,
    fail: null,
    secret: s3Secret,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '' } = request
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const asked = new URL(url, 'http://127.0.0.1')
    const [, inBucket, ...path] = asked.pathname.split('/')
    const key = path.map(decodeURIComponent).join('/')
    try {
      checkSignature(request, asked, Buffer.concat(chunks), store.secret)
      if (store.fail && store.fail.times-- > 0)
        throw new S3Error(store.fail.status, store.fail.code)
      if (inBucket !== bucket) throw new S3Error(404, 'NoSuchBucket')
      requests.push(`${method} ${key}`)
      serve(request, response, asked, key, Buffer.concat(chunks))
    } catch (error) {
      if (!(error instanceof S3Error)) throw error
      requests.push(`${error.status} ${method} ${key}`)
      const body = `<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>${error.code}</Code><Message>${escaped(error.message)}</Message><RequestId>1</RequestId></Error>`
      response.writeHead(error.status, { 'content-type': 'application/xml' })
      response.end(method === 'HEAD' ? undefined : body)
    }
  }

  function serve(
    request: IncomingMessage,
    response: ServerResponse,
    asked: URL,
    key: string,
    body: Buffer,
  ): void {
    if (key === '') {
      if (request.method !== 'GET' || asked.searchParams.get('list-type') !== '2')
        throw new S3Error(501, 'NotImplemented')
      response.writeHead(200, { 'content-type': 'application/xml' })
      response.end(listing(objects, asked.searchParams))
      return
    }
    if (request.method === 'PUT') {
      const type = request.headers['content-type'] ?? 'application/octet-stream'
      objects.set(key, { body, type, at: new Date() })
      response.writeHead(200, { etag: etagOf(body) }).end()
      return
    }
    if (request.method === 'DELETE') {
      objects.delete(key)
      response.writeHead(204).end()
      return
    }
    if (request.method !== 'GET' && request.method !== 'HEAD')
      throw new S3Error(501, 'NotImplemented')
    const object = objects.get(key)
    if (!object) throw new S3Error(404, 'NoSuchKey', 'The specified key does not exist.')
    const range = rangeOf(request.headers.range, object.body.length)
    const part = range ? object.body.subarray(range.from, range.to + 1) : object.body
    response.writeHead(range ? 206 : 200, {
      'content-type': object.type,
      'content-length': part.length,
      'last-modified': object.at.toUTCString(),
      etag: etagOf(object.body),
      'accept-ranges': 'bytes',
      ...(range
        ? { 'content-range': `bytes ${range.from}-${range.to}/${object.body.length}` }
        : {}),
    })
    response.end(request.method === 'HEAD' ? undefined : part)
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return store
}

/** @throws S3Error unless the request is signed with the secret, now, as it is. */
function checkSignature(request: IncomingMessage, asked: URL, body: Buffer, secret: string): void {
  const header = request.headers.authorization ?? ''
  const form =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/
  const [, accessKey, day = '', ofRegion, names = '', signature = ''] = form.exec(header) ?? []
  if (accessKey === undefined) throw new S3Error(403, 'AccessDenied')
  if (accessKey !== s3Key) {
    throw new S3Error(403, 'InvalidAccessKeyId', 'The AWS Access Key Id does not exist.')
  }
  if (ofRegion !== region) throw new S3Error(400, 'AuthorizationHeaderMalformed')
  const moment = String(request.headers['x-amz-date'])
  const at = Date.parse(
    moment.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'),
  )
  if (!(Math.abs(Date.now() - at) < 15 * 60_000)) throw new S3Error(403, 'RequestTimeTooSkewed')
  const payload = String(request.headers['x-amz-content-sha256'])
  if (payload.startsWith('STREAMING-')) throw new S3Error(501, 'NotImplemented')
  if (payload !== 'UNSIGNED-PAYLOAD' && payload !== sha256(body)) {
    throw new S3Error(400, 'XAmzContentSHA256Mismatch')
  }
  const signed = names.split(';')
  const must = Object.keys(request.headers).filter((name) => name.startsWith('x-amz-'))
  if (!['host', ...must].every((name) => signed.includes(name))) {
    throw new S3Error(403, 'AccessDenied', 'There were headers present which were not signed')
  }
  const query = [...asked.searchParams]
    .map(([name, value]) => `${encoded(name)}=${encoded(value)}`)
    .sort()
    .join('&')
  const headers = signed.map((name) => `${name}:${String(request.headers[name]).trim()}\n`).join('')
  const canonical = [request.method, asked.pathname, query, headers, names, payload].join('\n')
  const scope = `${day}/${region}/s3/aws4_request`
  const text = ['AWS4-HMAC-SHA256', moment, scope, sha256(Buffer.from(canonical))].join('\n')
  let key: Buffer | string = `AWS4${secret}`
  for (const part of [day, region, 's3', 'aws4_request']) key = hmac(key, part)
  const expected = hmac(key, text)
  if (!timingSafeEqual(expected, Buffer.from(signature, 'hex'))) {
    throw new S3Error(403, 'SignatureDoesNotMatch', 'The request signature does not match.')
  }
}

/** Keys in order, those below a delimiter folded, so many at a time. */
function listing(objects: ReadonlyMap<string, StoredObject>, query: URLSearchParams): string {
  const prefix = query.get('prefix') ?? ''
  const delimiter = query.get('delimiter') ?? ''
  const most = Number(query.get('max-keys') ?? 1_000)
  const after = Buffer.from(query.get('continuation-token') ?? '', 'base64').toString()
  const entries = new Map<string, StoredObject | null>()
  for (const key of [...objects.keys()].sort()) {
    if (!key.startsWith(prefix)) continue
    const end = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length)
    if (end < 0) entries.set(key, objects.get(key)!)
    else entries.set(key.slice(0, end + delimiter.length), null)
  }
  const left = [...entries].filter(([name]) => name > after)
  const page = left.slice(0, most)
  const isTruncated = left.length > most
  const token = Buffer.from(page.at(-1)?.[0] ?? '').toString('base64')
  const rows = page.map(([name, object]) =>
    object
      ? `<Contents><Key>${escaped(name)}</Key><LastModified>${object.at.toISOString()}</LastModified><ETag>${escaped(etagOf(object.body))}</ETag><Size>${object.body.length}</Size><StorageClass>STANDARD</StorageClass></Contents>`
      : `<CommonPrefixes><Prefix>${escaped(name)}</Prefix></CommonPrefixes>`,
  )
  return `<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>${bucket}</Name><Prefix>${escaped(prefix)}</Prefix><KeyCount>${page.length}</KeyCount><MaxKeys>${most}</MaxKeys><IsTruncated>${isTruncated}</IsTruncated>${isTruncated ? `<NextContinuationToken>${token}</NextContinuationToken>` : ''}${rows.join('')}</ListBucketResult>`
}

/** @throws S3Error 416 */
function rangeOf(header: string | undefined, size: number): { from: number; to: number } | null {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? []
  if (first === undefined || last === undefined || first + last === '') return null
  const from = first === '' ? Math.max(0, size - Number(last)) : Number(first)
  const to = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1)
  if (from >= size || from > to) throw new S3Error(416, 'InvalidRange')
  return { from, to }
}

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')
const hmac = (key: Buffer | string, text: string) => createHmac('sha256', key).update(text).digest()
const etagOf = (body: Buffer) => `"${createHash('md5').update(body).digest('hex')}"`
const encoded = (text: string) =>
  encodeURIComponent(text).replace(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  )
const escaped = (text: string) => text.replace(/[<>&"]/g, (c) => `&#${c.charCodeAt(0)};`)
