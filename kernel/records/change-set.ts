import type { BulkRequest, BulkResult, FieldValues, RecordData } from '@runwaycrm/sdk'
import type { RequestContext } from '../context/request-context.ts'
import type { Database } from '../database/postgres.ts'
import type { Entity } from '../model/model.ts'
import { type AttachFiles, noFiles } from './attach-files.ts'
import { createBulk } from './bulk.ts'
import type { Codecs } from './fields.ts'
import { type HookRunner, noHooks } from './hooks.ts'
import { type KernelHooks, kernelHooks } from './kernel-hooks.ts'
import type { Reader } from './read.ts'
import { createRepoint } from './repoint.ts'
import { createTransactions, type Transactions } from './transactions.ts'
import { assertValid, createValidator } from './validate.ts'
import type { RowOperation } from './write-checks.ts'
import { createRecordWriter, type Draft, type RecordWriter } from './write-records.ts'
import { type CommittedBatch, createRowWriter } from './write-rows.ts'

/**
 * The only way to write records. Every write validates, authorises, writes, notes the change in the
 * ledger and puts an event in the outbox, in one transaction per batch; outside a transaction a single
 * create or update is one round trip.
 */
export interface Writer extends Transactions {
  /** @throws InvalidError, FieldNotWritableError, ForbiddenError, UniqueTakenError */
  create(ctx: RequestContext, entity: Entity, values: FieldValues): Promise<RecordData>
  /**
   * Absent fields keep their value, null clears. What changes nothing is not written.
   *
   * @param version refuses with StaleVersionError when the record has moved on.
   * @throws also NotFoundError, StaleVersionError
   */
  update(
    ctx: RequestContext,
    entity: Entity,
    id: string,
    values: FieldValues,
    version?: number,
  ): Promise<RecordData>
  /** Soft; `onDelete` of relations to the record takes effect. @throws also RelationInUseError */
  delete(ctx: RequestContext, entity: Entity, id: string, version?: number): Promise<void>
  /** A record that is not deleted comes back as it is. */
  restore(ctx: RequestContext, entity: Entity, id: string, version?: number): Promise<RecordData>
  bulk(ctx: RequestContext, entity: Entity, request: BulkRequest): Promise<BulkResult>
  /**
   * What can be said of an update without the records: values, fields, rights to fields.
   *
   * @param path put before the field in issues.
   * @throws InvalidError, FieldNotWritableError
   */
  checkUpdate(ctx: RequestContext, entity: Entity, values: FieldValues, path: string): void
  /**
   * Lets everything that leads to the records `from` lead to `to`: relations, lists and references of all
   * entities.
   *
   * @returns how many records were changed.
   * @throws StateConflictError when one of them is gone, ForbiddenError
   */
  repoint(ctx: RequestContext, entity: Entity, from: readonly string[], to: string): Promise<number>
  /** For those who write what the ledger holds. */
  readonly records: RecordWriter
}

export interface WriterDeps {
  readonly db: Database
  readonly codecs: Codecs
  readonly reader: Pick<Reader, 'get' | 'getMany'>
  readonly hooks?: HookRunner
  readonly kernelHooks?: KernelHooks
  /** Whoever keeps files; without it no field takes one. */
  readonly attachFiles?: AttachFiles
  /** A hint for those who wait for events. */
  readonly onCommitted?: (batch: CommittedBatch) => void
}

export function createWriter(deps: WriterDeps): Writer {
  const { db, codecs, reader } = deps
  const onCommitted = deps.onCommitted ?? (() => {})
  const validator = createValidator(codecs)
  const rows = createRowWriter({ db, codecs, reader, onCommitted })
  const transactions = createTransactions({ db, onCommitted })
  const records = createRecordWriter({
    db,
    rows,
    codecs,
    reader,
    validator,
    hooks: deps.hooks ?? noHooks,
    kernelHooks: deps.kernelHooks ?? kernelHooks,
    attachFiles: deps.attachFiles ?? noFiles,
    transaction: transactions.transaction,
  })

  async function writeOne(
    ctx: RequestContext,
    entity: Entity,
    operation: RowOperation,
    draft: Draft,
  ): Promise<RecordData | null> {
    const answer = operation === 'delete' ? 'version' : 'record'
    const [outcome] = await records.write(ctx, entity, operation, [draft], { answer })
    if (outcome?.status === 'failed') throw outcome.error
    return outcome?.status === 'written' ? outcome.record : null
  }

  return {
    ...transactions,
    records,
    checkUpdate(ctx, entity, values, path) {
      assertValid(ctx, [validator.check(ctx, entity, 'update', values, path)], entity)
    },
    bulk: createBulk({ records, codecs, transaction: transactions.transaction }),
    repoint: createRepoint({ codecs, records, transaction: transactions.transaction }),
    async create(ctx, entity, values) {
      return (await writeOne(ctx, entity, 'create', { values })) as RecordData
    },
    async update(ctx, entity, id, values, version) {
      const written = await writeOne(ctx, entity, 'update', { id, values, version })
      return written ?? reader.get(ctx, entity, id)
    },
    async delete(ctx, entity, id, version) {
      await writeOne(ctx, entity, 'delete', { id, version })
    },
    async restore(ctx, entity, id, version) {
      const written = await writeOne(ctx, entity, 'restore', { id, version })
      return written ?? reader.get(ctx, entity, id)
    },
  }
}
