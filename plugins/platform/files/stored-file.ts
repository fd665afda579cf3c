import { type HandlerContext, isKeepableText, type Principal, type Row, toId } from '@runwaycrm/sdk'

/** `pending` until a scanner has looked at it; `infected` is never given out. */
export type FileState = 'pending' | 'clean' | 'infected'

export interface StoredFile {
  readonly id: string
  readonly name: string
  readonly type: string
  readonly size: number
  readonly width: number | null
  readonly height: number | null
  readonly state: FileState
  readonly uploaderType: string
  readonly uploaderId: string | null
}

export async function findFiles(
  ctx: HandlerContext,
  ids: readonly string[],
): Promise<ReadonlyMap<string, StoredFile>> {
  const known = [...new Set(ids)].filter((id) => toId(id) !== null)
  const found = new Map<string, StoredFile>()
  // The table gives at most a thousand rows at once.
  for (let at = 0; at < known.length; at += 1000) {
    const rows = await ctx.tables.select('file', { where: { id: known.slice(at, at + 1000) } })
    for (const row of rows) found.set(row.id, toFile(row))
  }
  return found
}

/** What the API and fields say of a file. */
export function factsOf({ id, name, type, size, width, height }: StoredFile) {
  return { id, name, type, size, ...(width === null ? {} : { width, height }) }
}

export function urlOf(id: string): string {
  return `/api/v1/files/${id}/content`
}

/** Whose upload it is: a person through all their sessions and keys, or a key of its own. */
export function uploaderOf({ type, id, userId }: Principal) {
  return userId === null
    ? { uploaderType: type, uploaderId: id }
    : { uploaderType: 'user', uploaderId: userId }
}

/** A name to show and to save under; never part of a path. */
export function fileName(name: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be in a name.
  const plain = name.toWellFormed().replace(/[\u0000-\u001f\u007f\u202a-\u202e\u2066-\u2069]/g, '')
  const last = plain.split(/[/\\]/).pop()?.trim() ?? ''
  return last === '' || !isKeepableText(last) ? 'file' : last.slice(-200)
}

function toFile(row: Row): StoredFile {
  return row as unknown as StoredFile
}
