import {
  type AggregateQuery,
  defineHandlers,
  type FieldValues,
  type HandlerContext,
  type ListQuery,
} from '@runwaycrm/sdk'

interface Read {
  readonly method: 'list' | 'get' | 'aggregate'
  readonly entity: string
  readonly id?: string
  readonly query?: object
}
interface Write {
  readonly method: 'create' | 'update'
  readonly entity: string
  readonly id?: string
  readonly values?: FieldValues
}

async function read({ method, entity, id = '', query = {} }: Read, { records }: HandlerContext) {
  if (method === 'get') return { result: await records.get(entity, id, query) }
  if (method === 'list') return { result: await records.list(entity, query as ListQuery) }
  return { result: await records.aggregate(entity, query as AggregateQuery) }
}

async function write({ method, entity, id = '', values = {} }: Write, { records }: HandlerContext) {
  if (method === 'create') return { result: await records.create(entity, values) }
  return { result: await records.update(entity, id, values) }
}

export const handlers = defineHandlers({ read, write })
