import { randomUUID } from 'node:crypto'
import { InvalidError, NotFoundError, type Principal } from '@runwaycrm/sdk'
import type { RequestContext } from '../context/request-context.ts'
import type { Database, Statement, Tx } from '../database/postgres.ts'
import { nilUuid } from '../database/uuid.ts'
import type { Queue } from '../jobs/queue.ts'
import type { Desk } from '../model/desk.ts'
import { type ArchivePlace, hasValue, listArchive } from './archive.ts'
import type { ArchiveFiles } from './archive-files.ts'

export const purgeJob = 'archive_purge'
const atOnce = 500

export interface PurgeDeps {
  readonly db: Pick<Database, 'query' | 'transaction'>
  readonly queue: Pick<Queue, 'enqueue'>
  readonly desk: (orgId: string) => Promise<Desk>
  readonly files: ArchiveFiles
}

export interface PurgeRequest {
  readonly path: string
  readonly storageId: string
  /** The key of the field or the object, typed by whoever wants this. */
  readonly confirm: string
}

interface Payload extends Pick<PurgeRequest, 'path' | 'storageId'> {
  /** Of the file. */
  readonly id: string
}

interface Row {
  readonly id: string
  readonly custom: Readonly<Record<string, unknown>>
}

/**
 * Erases the values of what is archived, for good. All of them are written into a file first, one JSON
 * object a line: `{"id", "deletedAt", "values"}` with storage ids as they are kept.
 */
export function createArchivePurge({ db, queue, desk, files }: PurgeDeps) {
  async function placeOf(orgId: string, wanted: Pick<PurgeRequest, 'path' | 'storageId'>) {
    const all = await listArchive(db, await desk(orgId))
    return all.find(({ path, storageId }) => path === wanted.path && storageId === wanted.storageId)
  }

  return {
    /** @throws NotFoundError when nothing like it is archived; InvalidError when it is not confirmed. */
    async start(ctx: RequestContext, { path, storageId, confirm }: PurgeRequest) {
      const archived = await placeOf(ctx.org.id, { path, storageId })
      if (!archived) throw new NotFoundError()
      const key = path.slice(path.lastIndexOf('/') + 1)
      if (confirm !== key) {
        const message = `Write "${key}" to say that its values may be erased for good.`
        throw new InvalidError(message, {
          errors: [{ path: 'confirm', code: 'BAD_FORMAT', message }],
        })
      }
      const { type, id, name, userId }: Principal = ctx.principal
      const payload: Payload = { path, storageId, id: `${randomUUID()}.ndjson` }
      const job = {
        plugin: 'kernel',
        job: purgeJob,
        payload,
        runAs: { type, id, name, userId },
        dedupeKey: `${purgeJob} ${storageId}`,
      }
      const [jobId] = await queue.enqueue(ctx.org.id, [job])
      return { jobId, values: archived.values, file: `/studio/archive/files/${payload.id}` }
    },

    /** Begun again after a crash: with the file written, only erasing is left to do. */
    async run(ctx: Pick<RequestContext, 'org' | 'signal'>, input: unknown): Promise<void> {
      const { id, ...wanted } = input as Payload
      // Somebody restored it meanwhile.
      const archived = await placeOf(ctx.org.id, wanted)
      if (!archived) return
      const { place } = archived
      const isWritten = await files.path(ctx.org.id, id).then(
        () => true,
        () => false,
      )
      if (!isWritten) await files.write(ctx.org.id, id, linesOf(db, ctx.org.id, place))
      for (;;) {
        ctx.signal.throwIfAborted()
        const erased = await db.transaction(ctx.org.id, (tx) => eraseSome(tx, ctx.org.id, place))
        if (erased < atOnce) return
      }
    },
  }
}

async function* linesOf(
  db: Pick<Database, 'query'>,
  orgId: string,
  place: ArchivePlace,
): AsyncGenerator<string> {
  let after: string = nilUuid
  for (;;) {
    const { rows } = await db.query<Row & { deletedAt: string | null }>(orgId, {
      text: `select t.id, t.deleted_at as "deletedAt", t.custom from ${place.table} t
        where t.org_id = $1 and ${hasValue(place)} and t.id > $4 order by t.id limit ${atOnce}`,
      values: [...valuesOf(orgId, place), after],
    })
    for (const { id, deletedAt, custom } of rows) {
      const own = Object.entries(custom).filter(([key]) => isOf(key, place))
      yield `${JSON.stringify({ id, deletedAt, values: Object.fromEntries(own) })}\n`
    }
    if (rows.length < atOnce) return
    after = rows.at(-1)!.id
  }
}

function isOf(key: string, { kind, storageId }: ArchivePlace): boolean {
  return kind === 'entity' || key === storageId || key.startsWith(`${storageId}.`)
}

/** With their copies, their links and their past. @returns how many records. */
async function eraseSome(tx: Tx, orgId: string, place: ArchivePlace): Promise<number> {
  const { table } = place
  const some = `select t.id from ${table} t where t.org_id = $1 and ${hasValue(place)} order by t.id limit ${atOnce}`
  const { rows } = await tx.one<{ id: string }>({
    text: `${some} for update`,
    values: valuesOf(orgId, place),
  })
  const ids = rows.map(({ id }) => id)
  if (ids.length === 0) return 0
  await tx.run(
    place.kind === 'entity' ? eraseRecords(orgId, table, ids) : eraseField(orgId, place, ids),
  )
  return ids.length
}

function eraseField(orgId: string, place: ArchivePlace, ids: readonly string[]): Statement[] {
  const { table, storageId } = place
  const keys = (of: string) =>
    `(select coalesce(array_agg(k), '{}') from jsonb_object_keys(${of}) k where k = $3 or starts_with(k, $3 || '.'))`
  const values = [orgId, ids, storageId]
  return [
    {
      text: `update tenant.ledger l set fields = l.fields - ${keys('l.fields')}
        where l.org_id = $1 and l.record_id = any ($2::uuid[]) and l.fields ? $3`,
      values,
    },
    {
      text: `delete from tenant.link l where l.org_id = $1 and l.from_id = any ($2::uuid[]) and l.field = $3`,
      values,
    },
    {
      text: `delete from tenant.unique_value u
        where u.org_id = $1 and u.record_id = any ($2::uuid[]) and u.field = $3`,
      values,
    },
    {
      text: `update ${table} t set custom = t.custom - ${keys('t.custom')}
        where t.org_id = $1 and t.id = any ($2::uuid[])`,
      values,
    },
  ]
}

function eraseRecords(orgId: string, table: string, ids: readonly string[]): Statement[] {
  const of = (text: string): Statement => ({ text, values: [orgId, ids] })
  return [
    of('delete from tenant.ledger l where l.org_id = $1 and l.record_id = any ($2::uuid[])'),
    of('delete from tenant.slot s where s.org_id = $1 and s.record_id = any ($2::uuid[])'),
    of('delete from tenant.link l where l.org_id = $1 and l.from_id = any ($2::uuid[])'),
    of('delete from tenant.unique_value u where u.org_id = $1 and u.record_id = any ($2::uuid[])'),
    of(`delete from ${table} t where t.org_id = $1 and t.id = any ($2::uuid[])`),
  ]
}

function valuesOf(orgId: string, { shared, entity, storageId }: ArchivePlace) {
  return [orgId, shared ? entity : null, storageId]
}
