import type { Readable } from 'node:stream'
import type { OrgInfo } from '@runwaycrm/sdk'
import type { Tx } from '../database/postgres.ts'
import type { Model } from '../model/model.ts'
import type { KeptFile } from './org-file.ts'

/** The uploaded files of one organisation, wherever the operator has them kept. */
export interface FileArchive {
  /** Those that have content, by id; empty at the end. With a transaction, as it sees them. */
  list(after: string | null, tx: Tx): Promise<readonly KeptFile[]>
  /** @returns null when the content is gone. */
  open(id: string): Promise<Readable | null>
  /** Keeps the content of a file that the transaction has brought. False when it brought none of that id. */
  put(file: KeptFile & { readonly content: Readable }, tx: Tx): Promise<boolean>
  /** Of an organisation that will not be: what `put` kept. */
  discard(ids: readonly string[]): Promise<void>
}

/** Calls a method of the service `fileArchive`, version 1, of whichever plugin offers it. */
export type CallArchive = (
  org: OrgInfo,
  tx: Tx | null,
  method: string,
  input: unknown,
  /** Of the organisation, for what has to know its own entities; the deployment's when absent. */
  model?: Model,
) => Promise<unknown>

/** @param call null when no plugin keeps files: then there are none. */
export function archiveOf(call: CallArchive | null, org: OrgInfo): FileArchive {
  if (!call) {
    return {
      list: async () => [],
      open: async () => null,
      put: async () => false,
      async discard() {},
    }
  }
  return {
    list: async (after, tx) => (await call(org, tx, 'list', { after })) as readonly KeptFile[],
    open: async (id) => (await call(org, null, 'open', { id })) as Readable | null,
    put: async (file, tx) => (await call(org, tx, 'put', file)) as boolean,
    async discard(ids) {
      if (ids.length > 0) await call(org, null, 'discard', { ids })
    },
  }
}

/** All of them, a page at a time. */
export async function* filesOf(archive: FileArchive, tx: Tx): AsyncIterable<KeptFile> {
  for (let after: string | null = null; ; ) {
    const page: readonly KeptFile[] = await archive.list(after, tx)
    yield* page
    after = page.at(-1)?.id ?? null
    if (after === null) return
  }
}
