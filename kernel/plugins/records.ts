import type { HandlerContext, OpenChangeSet, Records, Tables } from '@runwaycrm/sdk'
import { NotFoundError } from '@runwaycrm/sdk'
import type { Operation } from '../access/resolve-rules.ts'
import type { RequestContext } from '../context/request-context.ts'
import type { TablesScope } from '../database/tables.ts'
import type { Entity } from '../model/model.ts'
import type { Writer } from '../records/change-set.ts'
import type { Codecs } from '../records/fields.ts'
import type { Reader } from '../records/read.ts'
import { writtenIn } from '../records/written.ts'
import type { BrokeredCall } from './broker.ts'
import { needData, operationsOf } from './capabilities.ts'

interface RecordsDeps {
  readonly reader: Reader
  readonly writer: Writer
  readonly codecs: Codecs
  readonly tables: (scope: TablesScope) => Tables
}

/** Records, batches and change sets as a handler has them. */
export function brokerRecords(
  deps: RecordsDeps,
  call: BrokeredCall,
): Pick<HandlerContext, 'records' | 'batch' | 'changes'> {
  const { reader, writer } = deps
  const { acting, manifest, options } = call

  /** Single writes of an action belong to its change set. */
  const joined = async (): Promise<RequestContext> =>
    options.change && !acting.changeSet ? options.change.join(acting) : acting

  /** @param writing The context that writes go through, opened with the first of them. */
  function recordsIn(
    reading: RequestContext,
    writing: () => RequestContext | Promise<RequestContext>,
  ): Records {
    const allowed = (ref: string, ...operations: readonly Operation[]): Entity => {
      acting.signal.throwIfAborted()
      const entity = entityOf(acting, ref)
      for (const operation of operations) needData(manifest, operation, entity.ref)
      return entity
    }
    return {
      async list(ref, query = {}) {
        return reader.list(reading, allowed(ref, 'read'), query)
      },
      async get(ref, id, more = {}) {
        return reader.get(reading, allowed(ref, 'read'), id, more)
      },
      async aggregate(ref, query) {
        return reader.aggregate(reading, allowed(ref, 'read'), query)
      },
      async create(ref, values) {
        const entity = allowed(ref, 'create')
        return writer.create(await writing(), entity, values)
      },
      async update(ref, id, values, version) {
        const entity = allowed(ref, 'update')
        return writer.update(await writing(), entity, id, values, version)
      },
      async delete(ref, id, version) {
        const entity = allowed(ref, 'delete')
        return writer.delete(await writing(), entity, id, version)
      },
      async restore(ref, id) {
        const entity = allowed(ref, 'restore')
        return writer.restore(await writing(), entity, id)
      },
      async bulk(ref, request) {
        const entity = allowed(ref, ...operationsOf(request))
        return writer.bulk(await writing(), entity, request)
      },
      async repoint(ref, from, to) {
        const entity = allowed(ref, 'update')
        return writer.repoint(await writing(), entity, from, to)
      },
    }
  }

  function openChange(ctx: RequestContext & { changeSet: { id: string } | null }): OpenChangeSet {
    return {
      id: (ctx.changeSet as { id: string }).id,
      records: recordsIn(ctx, () => ctx),
      batch: (work) =>
        writer.transaction(
          ctx,
          (inner) =>
            work({
              records: recordsIn(inner, () => inner),
              tables: deps.tables({
                orgId: ctx.org.id,
                plugin: manifest.id,
                model: ctx.model,
                tx: inner.tx,
              }),
            }),
          { retry: true },
        ),
      close: () => writer.closeChangeSet(ctx),
    }
  }

  return {
    records: recordsIn(acting, joined),
    async batch(work) {
      return writer.transaction(await joined(), (inner) => work(recordsIn(inner, () => inner)))
    },
    changes: {
      open: async (more = {}) => openChange(await writer.openChangeSet(acting, more)),
      resume: async (id) => openChange(await writer.resumeChangeSet(acting, id)),
      written: () => writtenIn(acting, deps.codecs),
    },
  }
}

/** @param ref A reference or a plural. @throws NotFoundError for a name that the model does not know. */
function entityOf(ctx: RequestContext, ref: string): Entity {
  const entity = ctx.model.entities.get(ref) ?? ctx.model.entityByPlural.get(ref)
  if (!entity) throw new NotFoundError(`There is no entity "${ref}".`)
  return entity
}
