import type { Readable } from 'node:stream'
import type { HandlerContext } from '@runwaycrm/sdk'
import { assertPlatform } from './archive.ts'
import { storeOf } from './disk.ts'
import { type FileUse, holdingOf, usesOf } from './may-read.ts'
import { findFiles, type StoredFile } from './stored-file.ts'
import { removeFile } from './sweep.ts'

/** A record of a person who is to be erased. */
interface FoundRecord {
  readonly id: string
  /** Those whose files go; null for all of them. */
  readonly fields: readonly string[] | null
}

/**
 * The files of a person: all that their record holds or held, those in personal fields of records that
 * lead to it, and of the rest those in whose name or content a word of the person stands.
 *
 * @returns every use of each, in whatever record, and those that nothing uses with none.
 */
export async function filesOfPerson(
  {
    records,
    words,
  }: { readonly records: readonly FoundRecord[]; readonly words: readonly string[] },
  ctx: HandlerContext,
): Promise<readonly { readonly id: string; readonly uses: readonly FileUse[] }[]> {
  assertPlatform(ctx)
  const found = new Map(records.map((record) => [record.id, record]))
  const doomed = new Set<string>()
  const doubtful = new Set<string>()
  for (const use of await usesIn(ctx, [...found.keys()])) {
    const { fields } = found.get(use.record)!
    if (fields === null || fields.includes(use.field)) doomed.add(use.file)
    else doubtful.add(use.file)
  }
  const mentions = mentioning(words)
  for (const file of (await findFiles(ctx, [...doubtful])).values())
    if (mentions(file.name) || (await contentMentions(ctx, file, mentions))) doomed.add(file.id)
  for await (const { id, name } of allFiles(ctx))
    if (!doomed.has(id) && mentions(String(name)) && !(await isHeld(ctx, id))) doomed.add(id)
  return Promise.all([...doomed].map(async (id) => ({ id, uses: await usesOf(ctx, id) })))
}

/**
 * Takes the names of files and what they were used for: from here on nothing holds them. What `remove`
 * does not get to, the sweep of the next hour does.
 */
export async function forget(
  { ids }: { readonly ids: readonly string[] },
  ctx: HandlerContext,
): Promise<void> {
  assertPlatform(ctx)
  const nameless = { name: 'erased', verdict: null, uploadedAt: new Date(0).toISOString() }
  for (const id of ids) {
    await ctx.tables.update('file', { id }, nameless)
    await ctx.tables.delete('use', { file: id })
  }
}

/** The bytes and the rows of files that were forgotten. */
export async function remove(
  { ids }: { readonly ids: readonly string[] },
  ctx: HandlerContext,
): Promise<void> {
  assertPlatform(ctx)
  const store = await storeOf(ctx)
  for (const file of (await findFiles(ctx, ids)).values()) await removeFile(ctx, store, file)
}

async function usesIn(ctx: HandlerContext, records: readonly string[]): Promise<FileUse[]> {
  const uses: FileUse[] = []
  for (let at = 0; at < records.length; at += 100) {
    // The table gives at most a thousand rows at once.
    for (let after: string | null = null; ; ) {
      const where = {
        record: records.slice(at, at + 100),
        ...(after === null ? {} : { id: { $gt: after } }),
      }
      const rows = await ctx.tables.select('use', { where, sort: 'id' })
      uses.push(...(rows as unknown as readonly FileUse[]))
      if (rows.length < 1000) break
      after = rows.at(-1)!.id
    }
  }
  return uses
}

async function* allFiles(ctx: HandlerContext) {
  for (let after: string | null = null; ; ) {
    const where = after === null ? {} : { id: { $gt: after } }
    const rows: Awaited<ReturnType<typeof ctx.tables.select>> = await ctx.tables.select('file', {
      where,
      sort: 'id',
    })
    yield* rows
    if (rows.length < 1000) return
    after = rows.at(-1)!.id
  }
}

/** By a record that is none of the person's: that keeps its files, as it keeps its values. */
async function isHeld(ctx: HandlerContext, file: string): Promise<boolean> {
  for (const use of await usesOf(ctx, file))
    if (['holds', 'deleted'].includes(await holdingOf(ctx, use))) return true
  return false
}

type Mentions = (text: string) => boolean

function mentioning(words: readonly string[]): Mentions {
  const wanted = words.map((word) => word.toLowerCase())
  return (text) => {
    const plain = text.toLowerCase()
    return wanted.some((word) => plain.includes(word))
  }
}

/** As far as it is text: nothing is unpacked. A word may lie across two pieces. */
async function contentMentions(
  ctx: HandlerContext,
  { id, state }: StoredFile,
  mentions: Mentions,
): Promise<boolean> {
  if (state === 'infected') return false
  const content: Readable | null = await (await storeOf(ctx)).open(id).catch(() => null)
  if (!content) return false
  content.setEncoding('utf8')
  let rest = ''
  for await (const piece of content) {
    const text = rest + String(piece)
    if (mentions(text)) return true
    rest = text.slice(-longestWord)
  }
  return false
}

const longestWord = 500
