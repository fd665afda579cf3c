import type { RequestContext } from '../context/request-context.ts'
import type { Entity } from '../model/model.ts'
import { type FileUse, fileFieldsOf } from '../records/attach-files.ts'
import type { TransactionContext } from '../records/transactions.ts'
import type { FoundRecord } from './found-record.ts'
import { loadRecords } from './found-records.ts'

/** Files that a plugin keeps for itself. */
export interface FilesOfPlugin {
  readonly plugin: string
  readonly ids: readonly string[]
}

/** A file of the person, and where it is held or was. */
export interface PersonFile {
  readonly id: string
  readonly uses: readonly FileUse[]
}

export interface FileErasure {
  /** @param records with the fields whose files go, null for all of them. */
  ofPerson(
    ctx: TransactionContext,
    records: readonly { readonly id: string; readonly fields: readonly string[] | null }[],
    words: readonly string[],
  ): Promise<readonly PersonFile[]>
  /** Their names and uses, in the transaction. */
  forget(ctx: TransactionContext, ids: readonly string[]): Promise<void>
  /** Their content, once the transaction stands. */
  remove(ctx: RequestContext, ids: readonly string[]): Promise<void>
  /** Of what rows of plugins name, the files that hold one of the words. */
  naming(
    ctx: RequestContext,
    files: readonly FilesOfPlugin[],
    words: readonly string[],
  ): Promise<readonly FilesOfPlugin[]>
  removeOfPlugins(ctx: RequestContext, files: readonly FilesOfPlugin[]): Promise<void>
}

/** The files that go with the person. */
export function findFiles(
  ctx: TransactionContext,
  files: FileErasure,
  records: readonly FoundRecord[],
  words: readonly string[],
): Promise<readonly PersonFile[]> {
  const asked = records.map(({ id, tie, entity }) => ({
    id,
    fields: tie === 'own' ? null : tie === 'about' ? personalFiles(entity) : [],
  }))
  return files.ofPerson(ctx, asked, words)
}

function personalFiles(entity: Entity): string[] {
  return fileFieldsOf(entity)
    .filter(({ definition }) => definition.pii === true)
    .map(({ apiName }) => apiName)
}

/** Records that hold one of the files and are not among those found. */
export async function holdersOf(
  ctx: TransactionContext,
  files: readonly PersonFile[],
  found: readonly FoundRecord[],
): Promise<FoundRecord[]> {
  const known = new Set(found.map(({ id }) => id))
  const uses = files.flatMap((file) => file.uses).filter(({ record }) => !known.has(record))
  const holders: FoundRecord[] = []
  for (const [ref, some] of Map.groupBy(uses, (use) => use.entity)) {
    const entity = ctx.model.entities.get(ref)
    const ids = [...new Set(some.map(({ record }) => record))]
    if (entity) holders.push(...(await loadRecords(ctx, entity, 'holder', ids, null)))
  }
  return holders
}
