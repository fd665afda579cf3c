import type { Accounts } from './accounts/accounts.ts'
import { type Contexts, systemPrincipal } from './accounts/contexts.ts'
import type { CallHandler } from './actions/call-handler.ts'
import type { Trace } from './actions/trace.ts'
import type { Database } from './database/postgres.ts'
import type { Queue } from './jobs/queue.ts'
import type { Model } from './model/model.ts'
import type { PluginFiles } from './plugins/files.ts'
import { filesNaming } from './plugins/files-naming.ts'
import { methodOf } from './plugins/services.ts'
import type { Writer } from './records/change-set.ts'
import type { Reader } from './records/read.ts'
import type { PersonFile } from './transfer/erase-files.ts'
import { createErasure } from './transfer/erase-person.ts'
import { type ExportOptions, exportOrg } from './transfer/export-org.ts'
import type { CallArchive } from './transfer/file-archive.ts'
import { type ImportOptions, importOrg } from './transfer/import-org.ts'

export interface TransfersDeps {
  readonly db: Database
  readonly queue: Queue
  readonly reader: Reader
  /** Without hooks of plugins. */
  readonly writer: Writer
  readonly contexts: Contexts
  readonly accounts: Pick<Accounts, 'forgetMember'>
  readonly trace: Trace
  readonly files: PluginFiles
  /** Of the deployment. */
  readonly model: Model
  readonly callHandler: CallHandler
}

type Given = 'db' | 'queue' | 'model' | 'callArchive'

/** What takes organisations out and in, and people out of them: transfer/ with all that it asks for. */
export function createTransfers(deps: TransfersDeps) {
  const { db, queue, model, contexts, callHandler, files } = deps
  const callArchive = methodOf(model, 'fileArchive', 1, 'list') ? archive : null

  /** Whatever the organisation switched off: its files are there all the same. */
  function archive(...[org, tx, method, input, own = model]: Parameters<CallArchive>) {
    const known = methodOf(own, 'fileArchive', 1, method) ? own : model
    const runtime = { org, model: known, revision: 0, epoch: 0, settings: new Map() }
    const traceId = crypto.randomUUID()
    const ctx = contexts.make(systemPrincipal, runtime, { door: 'job', traceId })
    const { plugin, handler } = methodOf(known, 'fileArchive', 1, method)!
    return callHandler({ ...ctx, tx }, plugin, handler, input)
  }

  /** Whatever lists keys; null when nothing does. */
  async function askKeys(orgId: string, method: string, input: unknown): Promise<unknown> {
    const ctx = await contexts.system(orgId)
    const found = methodOf(ctx.model, 'api-keys', 1, method)
    return found && callHandler(ctx, found.plugin, found.handler, input)
  }

  const erasure = createErasure({
    reader: deps.reader,
    writer: deps.writer,
    files: {
      async ofPerson({ org, tx, model: own }, records, words) {
        const found = await callArchive?.(org, tx, 'ofPerson', { records, words }, own)
        return (found ?? []) as readonly PersonFile[]
      },
      async forget({ org, tx }, ids) {
        await callArchive?.(org, tx, 'forget', { ids })
      },
      async remove({ org }, ids) {
        await callArchive?.(org, null, 'remove', { ids })
      },
      naming: ({ org }, found, words) => filesNaming(files, org.id, found, words),
      async removeOfPlugins({ org }, found) {
        for (const { plugin, ids } of found)
          for (const id of ids) await files.of(org.id, plugin).remove(id)
      },
    },
    forgetMember: deps.accounts.forgetMember,
    noteRevoked: async (orgId, ids) => {
      await askKeys(orgId, 'noteRevoked', { ids })
    },
    settle: () => deps.trace.flush(),
  })

  const given = { db, queue, model, callArchive }
  return {
    erasure,
    exportOrg: (options: Omit<ExportOptions, Given>) => exportOrg({ ...options, ...given }),
    /** @returns how many API keys are to be made anew: none comes with its organisation. */
    async importOrg(options: Omit<ImportOptions, Given>): Promise<{ readonly keys: number }> {
      await importOrg({ ...options, ...given })
      return ((await askKeys(options.orgId, 'noteLeftBehind', {})) ?? none) as { keys: number }
    },
  }
}

const none = { keys: 0 }
