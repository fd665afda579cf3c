import type { BulkRequest, BulkResult, EntityInfo, FieldValues, RecordData } from '@runwaycrm/sdk'
import { useI18n } from 'vue-i18n'
import { ApiError, errorText, isUnreachable } from '../api/api-error.ts'
import { type BulkChunk, bulkChunks } from '../model/bulk-chunks.ts'
import { recordTitle, sameValue } from '../model/read-value.ts'
import { useFlashes } from './use-flashes.ts'
import { useFormat } from './use-format.ts'
import { useModel } from './use-model.ts'
import { useRecordCache } from './use-record-cache.ts'
import { useReportTeller } from './use-reports.ts'
import { useServices } from './use-services.ts'
import type { UndoEntry } from './use-undo.ts'

/** New values of one record. */
export interface RecordChange {
  readonly record: RecordData
  readonly values: FieldValues
}
export interface ManyWrites {
  readonly changes: readonly RecordChange[]
  readonly creates?: readonly FieldValues[]
  /** A value that somebody else has changed since is left as it is, and named. */
  readonly isGuarded?: boolean
  readonly onProgress?: (done: number, total: number) => void
}
/** One that was not written: the record, or null when it was to be made. */
export interface WriteFailure {
  readonly record: RecordData | null
  readonly values: FieldValues
  readonly name: string
  readonly reason: string
}

const atOnce = 100
const againMs = [800, 2_500]

/** Many records as few change sets, which one undo takes back; whatever fails is told and can be tried again. */
export function useManyWriter() {
  const { api, undo } = useServices()
  const { t } = useI18n()
  const cache = useRecordCache()
  const flashes = useFlashes()
  const format = useFormat()
  const model = useModel()
  const tell = useReportTeller()

  async function write(entity: EntityInfo, writes: ManyWrites): Promise<void> {
    const total = writes.changes.length + (writes.creates?.length ?? 0)
    if (total === 0) return
    // It can be taken back from the moment it shows.
    const entry: UndoEntry = { label: t('edit.manyLabel', { n: total }, total), changes: [] }
    const running = run(entity, writes, entry)
    entry.running = running
    undo.push(entry)
    await running
  }

  async function run(entity: EntityInfo, writes: ManyWrites, entry: UndoEntry): Promise<void> {
    const { changes, creates = [], isGuarded = false } = writes
    const total = changes.length + creates.length
    const before = new Map(changes.map(({ record }) => [record.id, record]))
    cache.patchMany(entity, new Map(changes.map((one) => [one.record.id, one.values])))
    const made: string[] = []
    const failed: WriteFailure[] = []
    let done = 0
    const undoing = undo.pending()
    await undoing
    for (const chunk of bulkChunks(undoing ? changes.map(onNow) : changes, creates)) {
      const outcome = await send(entity, chunk, isGuarded)
      made.push(...outcome.made)
      failed.push(...outcome.failed)
      done += chunk.changes.length + chunk.creates.length
      writes.onProgress?.(done, total)
    }
    /** On what the undo that was waited for has made of it. */
    function onNow({ record, values }: RecordChange): RecordChange {
      const { version = record.version } = cache.find(entity, record.id) ?? {}
      return { record: { ...record, version: Math.max(record.version, version) }, values }
    }
    rollBack(entity, before, failed)
    void cache.refreshAll(entity)
    const succeeded = total - failed.length
    if (succeeded > 0) {
      entry.changes = made
      undo.keep()
    } else undo.withdraw(entry)
    const retry = (): Promise<void> => write(entity, { ...writes, ...retryOf(failed) })
    tell(
      { entity, done: succeeded, failed, failedCount: failed.length, retry },
      succeeded > 0 ? entry : null,
    )
  }

  async function send(entity: EntityInfo, chunk: BulkChunk, isGuarded: boolean) {
    const first = await request(entity, chunk, isGuarded)
    if (first.stale.length === 0) return first
    const looked = await lookAgain(entity, first.stale)
    const failed = [...first.failed, ...looked.failed]
    if (looked.fresh.length === 0) return { made: first.made, failed }
    // Others changed other fields: what is written here is written on top of that.
    const again = await request(entity, { changes: looked.fresh, creates: [] }, true)
    const late = again.stale.map((one) => failureOf(entity, one, t('edit.staleAgain')))
    return { made: [...first.made, ...again.made], failed: [...failed, ...again.failed, ...late] }
  }

  async function request(entity: EntityInfo, { changes, creates }: BulkChunk, isGuarded: boolean) {
    const failed: WriteFailure[] = []
    const stale: RecordChange[] = []
    try {
      const { changeSetId, results } = await sendOnce(entity, {
        update: changes.map(({ record, values }) => ({
          ...values,
          id: record.id,
          ...(isGuarded ? { version: record.version } : {}),
        })),
        create: creates,
        atomic: false,
      })
      for (const { op, index, problem } of results) {
        if (!problem) continue
        const of = op === 'update' ? changes[index] : creates[index]
        if (of && isChange(of) && problem.code === 'STALE_VERSION') stale.push(of)
        else failed.push(failureOf(entity, of ?? {}, reasonOf(problem)))
      }
      return { made: [changeSetId], failed, stale }
    } catch (error) {
      // All of the request or nothing: what is left can be tried again.
      const all = [...changes, ...creates].map((one) => failureOf(entity, one, errorText(error)))
      return { made: [], failed: all, stale }
    }
  }

  /** An answer that was lost on the way is asked for again, without doing it twice. */
  async function sendOnce(entity: EntityInfo, body: BulkRequest): Promise<BulkResult> {
    const key = crypto.randomUUID()
    for (const wait of againMs) {
      try {
        return await api.records.bulk(entity.plural, body, key)
      } catch (error) {
        if (!isUnreachable(error) && !isRunningYet(error)) throw error
        await new Promise((resolve) => setTimeout(resolve, wait))
      }
    }
    return api.records.bulk(entity.plural, body, key)
  }

  /** Of records that moved on: whether what is to be written was changed, or something else. */
  async function lookAgain(entity: EntityInfo, stale: readonly RecordChange[]) {
    const fresh: RecordChange[] = []
    const failed: WriteFailure[] = []
    for (let at = 0; at < stale.length; at += atOnce) {
      const part = stale.slice(at, at + atOnce)
      const filter = { id: { $in: part.map(({ record }) => record.id) } }
      const page = await api.records
        .list(entity.plural, { filter, limit: atOnce })
        .catch((error: unknown) => errorText(error))
      if (typeof page === 'string') {
        failed.push(...part.map((one) => failureOf(entity, one, page)))
        continue
      }
      const byId = new Map(page.data.map((record) => [record.id, record]))
      for (const one of part) {
        const now = byId.get(one.record.id)
        const other = now ? changedSince(now, one) : undefined
        if (!now) failed.push(failureOf(entity, one, t('edit.gone')))
        else if (other === undefined) fresh.push({ record: now, values: one.values })
        else
          failed.push(
            failureOf(
              entity,
              { record: now, values: one.values },
              theirsText(entity, now, other, one),
            ),
          )
      }
    }
    return { fresh, failed }
  }
  const changedSince = (now: RecordData, { record, values }: RecordChange) =>
    Object.keys(values).find(
      (name) => !sameValue(now[name], record[name]) && !sameValue(now[name], values[name]),
    )
  /** Both values, and whose theirs is. */
  function theirsText(
    entity: EntityInfo,
    now: RecordData,
    name: string,
    { values }: RecordChange,
  ): string {
    const field = model.value.fields(entity).get(name)
    const by = (now['updatedBy'] as { readonly name?: string } | undefined)?.name ?? ''
    const text = (value: unknown): string =>
      (field && format.text(field, value)) || t('common.none')
    return t('edit.theirs', {
      field: field?.label ?? name,
      by,
      theirs: text(now[name]),
      mine: text(values[name]),
    })
  }

  function rollBack(
    entity: EntityInfo,
    before: ReadonlyMap<string, RecordData>,
    failed: readonly WriteFailure[],
  ): void {
    const back = new Map<string, FieldValues>()
    for (const { record, values } of failed) {
      const seen = record ? before.get(record.id) : undefined
      if (!seen) continue
      const names = Object.keys(values)
      back.set(seen.id, Object.fromEntries(names.map((name) => [name, seen[name] ?? null])))
      flashes.add(seen.id, names, 'failed')
    }
    cache.patchMany(entity, back)
  }

  return { write }
}

const isRunningYet = (error: unknown): boolean =>
  error instanceof ApiError && error.code === 'IDEMPOTENCY_IN_PROGRESS'

const isChange = (of: RecordChange | FieldValues): of is RecordChange =>
  'record' in of && 'values' in of

function failureOf(
  entity: EntityInfo,
  of: RecordChange | FieldValues,
  reason: string,
): WriteFailure {
  const { record, values } = isChange(of) ? of : { record: null, values: of }
  const shown = { ...record, ...values } as RecordData
  return { record, values, name: recordTitle(shown, entity.titleField), reason }
}

/** What failed, to be tried again: on the records as they are by now. */
function retryOf(failed: readonly WriteFailure[]): Pick<ManyWrites, 'changes' | 'creates'> {
  return {
    changes: failed.flatMap(({ record, values }) => (record ? [{ record, values }] : [])),
    creates: failed.flatMap(({ record, values }) => (record ? [] : [values])),
  }
}

const reasonOf = (problem: NonNullable<BulkResult['results'][number]['problem']>): string =>
  problem.errors?.[0]?.message ?? problem.detail
