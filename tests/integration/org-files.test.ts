import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readLines, writeLines } from '../../kernel/transfer/files.ts'
import { startS3 } from '../setup/s3-server.ts'
import { type Caller, startApp, type TestApp } from '../setup/test-app.ts'
import { png, uploadFile } from '../setup/upload-file.ts'

/** What an organisation uploaded goes with it, through whatever keeps files: here something like S3. */
let s3: Awaited<ReturnType<typeof startS3>>
let app: TestApp
let acme: Caller
let admin: pg.Client
let folder: string
let exported: string
let home: string
const large = randomBytes(300_000)
const files = { large: '', picture: '', empty: '', loose: '' }

beforeAll(async () => {
  s3 = await startS3()
  app = await startApp({ RUNWAY_FILES_URL: s3.url })
  acme = await app.createOrg({ name: 'Acme' })
  admin = new pg.Client({ connectionString: app.database.adminUrl })
  await admin.connect()
  folder = await mkdtemp(path.join(tmpdir(), 'runway-org-files-'))
  exported = path.join(folder, 'acme.runway')
  const fields = { name: { type: 'text' }, front: { type: 'image' }, papers: { type: 'files' } }
  const value = { label: 'Home', labelPlural: 'Homes', plural: 'homes', titleField: 'name', fields }
  const ops = [{ op: 'set', path: ['entities', 'home'], value }]
  await acme.call('PATCH', '/studio/draft', { ops })
  const { hash } = (await acme.call('POST', '/studio/plan')).json()
  expect((await acme.call('POST', '/studio/publish', { hash })).statusCode).toBe(201)
  files.large = await upload('large.bin', large)
  files.picture = await upload('front.png', png)
  files.empty = await upload('empty.txt', '')
  files.loose = await upload('loose.txt', 'Nothing holds it')
  const values = { name: 'Bank 1', front: files.picture, papers: [files.large, files.empty] }
  home = (await acme.call('POST', '/homes', values)).json().id
  await write(exported)
})
afterAll(async () => {
  await admin.end()
  await app.stop()
  await s3.stop()
  await rm(folder, { recursive: true, force: true })
})

async function upload(name: string, content: string | Uint8Array): Promise<string> {
  const answer = await uploadFile(acme, name, content)
  expect(answer.statusCode, answer.body).toBe(201)
  return answer.json().id
}

const write = (target: string) =>
  writeLines(target, (line) => app.house.transfer.exportOrg({ orgId: acme.orgId, write: line }))

const read = (source: string, slug: string) =>
  app.house.accounts.restore(
    { orgName: 'Copy', slug, email: `owner@${slug}.test`, password: 'correct-horse-battery' },
    async (orgId) => {
      await app.house.transfer.importOrg({ orgId, slug, lines: () => readLines(source) })
    },
  )

const sha = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')
const linesOf = async (file: string) =>
  gunzipSync(await readFile(file))
    .toString()
    .trimEnd()
    .split('\n')
const keysOf = (orgId: string) => [...s3.objects.keys()].filter((key) => key.includes(orgId)).sort()

describe('the files of an organisation', () => {
  it('come back with the same ids and bytes, and are served where they are held', async () => {
    const made = await read(exported, 'copy')
    const copy = await app.createKey(made.orgId)
    expect(await copy.call('GET', `/homes/${home}`).then((answer) => answer.json())).toMatchObject({
      front: { id: files.picture, name: 'front.png', type: 'image/png', width: 1 },
      papers: [
        { id: files.large, size: 300_000 },
        { id: files.empty, size: 0 },
      ],
    })
    for (const [id, bytes] of [
      [files.large, large],
      [files.picture, png],
      [files.empty, Buffer.alloc(0)],
    ] as const) {
      const answer = await copy.call('GET', `/files/${id}/content`)
      expect(answer.statusCode).toBe(200)
      expect(sha(answer.rawPayload)).toBe(sha(bytes))
    }
    const of = (orgId: string) => keysOf(orgId).map((key) => key.split('/').at(-1))
    expect(of(made.orgId)).toEqual(of(acme.orgId))
    expect(of(made.orgId)).toHaveLength(4)
    // They are counted, so that limits hold in the copy too.
    const { rows } = await admin.query(
      'select files, bytes from tenant.platform_files_total where org_id = any($1)',
      [[made.orgId, acme.orgId]],
    )
    expect(rows).toHaveLength(2)
    expect(rows[0]).toEqual(rows[1])
    expect(rows[0]).toMatchObject({ files: '4' })
  })

  it('are cut into lines of a bounded length', async () => {
    const lines = await linesOf(exported)
    const parts = lines.filter((line) => line.startsWith('{"part"'))
    expect(parts).toHaveLength(7 + 1 + 1)
    expect(Math.max(...parts.map((line) => line.length))).toBeLessThan(65_600)
  })

  it('that storage has lost are lost in the copy, and nothing else is', async () => {
    const [key, stored] = [...s3.objects].find(([one]) => one.endsWith(files.picture))!
    s3.objects.delete(key)
    const target = path.join(folder, 'lost.runway')
    await write(target).finally(() => s3.objects.set(key, stored))
    const made = await read(target, 'copy-of-lost')
    const copy = await app.createKey(made.orgId)
    expect((await copy.call('GET', `/files/${files.picture}/content`)).statusCode).toBe(404)
    expect((await copy.call('GET', `/files/${files.large}/content`)).statusCode).toBe(200)
  })

  it('that are not whole in storage stop the export, by name', async () => {
    const [key, stored] = [...s3.objects].find(([one]) => one.endsWith(files.large))!
    s3.objects.set(key, { ...stored, body: stored.body.subarray(1) })
    const target = path.join(folder, 'short.runway')
    const writing = write(target).finally(() => s3.objects.set(key, stored))
    await expect(writing).rejects.toThrow(`Of the file ${files.large}, storage has 299999 bytes`)
    await expect(readFile(target)).rejects.toThrow('ENOENT')
  })
})

describe('an import with files that are not right', () => {
  type Change = (lines: string[]) => string[]
  const at = (lines: string[], start: string, nth = 0) =>
    lines.flatMap((line, index) => (line.startsWith(start) ? [index] : []))[nth]!
  const without =
    (start: string, nth: number): Change =>
    (lines) =>
      lines.filter((_, index) => index !== at(lines, start, nth))
  const changed =
    (start: string, nth: number, next: (line: string) => string[]): Change =>
    (lines) =>
      lines.flatMap((line, index) => (index === at(lines, start, nth) ? next(line) : [line]))
  /** The block of the large file, which has several parts. */
  const isLarge = (lines: string[]) => lines.findIndex((line) => line.includes('"size":300000'))
  const partOfLarge = (lines: string[]) => isLarge(lines) + 3

  const cases: readonly (readonly [string, Change, string])[] = [
    [
      'without one of the parts',
      (lines) => lines.filter((_, index) => index !== partOfLarge(lines)),
      'a part is missing or changed',
    ],
    [
      'with a byte changed',
      (lines) =>
        lines.with(partOfLarge(lines), lines[partOfLarge(lines)]!.replace(/.{4}"}$/, 'AAAA"}')),
      'a part is missing or changed',
    ],
    [
      'with a part twice',
      (lines) => lines.toSpliced(partOfLarge(lines), 0, lines[partOfLarge(lines)]!),
      'a part is missing or changed',
    ],
    ['without the end of a file', without('{"fileEnd"', 1), 'a part is missing or changed'],
    ['that ends in the middle', (lines) => lines.slice(0, partOfLarge(lines)), 'cut short'],
    [
      'without one of the files',
      (lines) => lines.filter((line) => !line.startsWith('{"part"') && !line.startsWith('{"file')),
      'There should be 4 files and are 0',
    ],
    [
      'that says of a file nothing at all',
      (lines) =>
        lines
          .filter((line) => !line.startsWith('{"part"') && !line.startsWith('{"file'))
          .map((line) => line.replace('"files":4}', '"files":0}')),
      'is missing',
    ],
    [
      'with content of nothing',
      changed('{"file"', 0, (line) => [
        `{"file":{"id":"${randomUUID()}","type":"text/plain","size":0}}`,
        `{"fileEnd":{"sha256":"${sha(Buffer.alloc(0))}"}}`,
        line,
      ]),
      'is content of nothing',
    ],
    [
      'with a line of a kind that nobody knows',
      changed('{"table"', 3, (line) => ['{"view":{}}', line]),
      'of no known kind',
    ],
    [
      'with rows behind the files',
      changed('{"end"', 0, (line) => ['{"row":{}}', line]),
      'not in its place',
    ],
    [
      'with work that nobody does',
      changed('{"runwaycrm"', 0, (line) => [line.replace('"work":[', '"work":[{"job":"x"}')]),
      'Nobody does "x"',
    ],
  ]

  it.each(cases)('%s is refused, and leaves nothing anywhere', async (_name, change, message) => {
    const target = path.join(folder, 'broken.runway')
    await writeFile(target, gzipSync(`${change(await linesOf(exported)).join('\n')}\n`))
    const before = [...s3.objects.keys()]
    const count = async () =>
      (
        await admin.query(
          `select (select count(*) from directory.org) + (select count(*) from tenant.platform_files_file)
            + (select count(*) from tenant.org_state) + (select count(*) from directory.ready_job
              where org_id not in (select id from directory.org)) as n`,
        )
      ).rows[0].n
    const rows = await count()
    await expect(read(target, 'broken')).rejects.toThrow(message)
    expect([...s3.objects.keys()]).toEqual(before)
    // The slug is free again, too: all of these take the same.
    expect(await count()).toBe(rows)
  })
})
