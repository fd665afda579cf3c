import type { Filter, RecordData } from '@runwaycrm/sdk'
import type { RequestContext } from '../context/request-context.ts'
import type { Entity } from '../model/model.ts'

/**
 * What writing needs of the query compiler. `alias` names a row that has the columns of the entity's
 * table; values are pushed to `params`, whose length before is the number of parameters already used.
 */
export interface RecordSql {
  /** An SQL expression that is true for the records that match. */
  condition(
    ctx: RequestContext,
    entity: Entity,
    filter: Filter,
    alias: string,
    params: unknown[],
  ): string
  /** Select list and reader of a record as this actor may see it: masked, computed fields included. */
  record(
    ctx: RequestContext,
    entity: Entity,
    alias: string,
    params: unknown[],
  ): { readonly columns: string; read(row: Record<string, unknown>): RecordData }
}
