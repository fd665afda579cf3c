import type { AggregateQuery } from '@runwaycrm/sdk'
import type { RequestContext } from '../context/request-context.ts'
import type { Result, Statement } from '../database/postgres.ts'
import type { Entity } from '../model/model.ts'
import {
  type Aggregate,
  aggregateKey,
  checkAggregate,
  isLocalAggregate,
} from './aggregate-query.ts'
import { compileAggregate } from './aggregate-sql.ts'
import type { Codecs } from './fields.ts'
import { operandsOf } from './filter.ts'
import type { Plans } from './plans.ts'

export interface AggregatorDeps {
  readonly plans: Plans
  readonly codecs: Codecs
  run(ctx: RequestContext, statements: readonly Statement[]): Promise<Result[]>
}

/** Counts, sums and the like over the records that the reader may see, in groups. */
export function createAggregator({ plans, codecs, run }: AggregatorDeps) {
  return async function aggregate(
    ctx: RequestContext,
    entity: Entity,
    query: AggregateQuery,
  ): Promise<{ readonly data: readonly Readonly<Record<string, unknown>>[] }> {
    const checked = checkAggregate(ctx, entity, query, codecs)
    const key = `aggregate ${aggregateKey(checked)}`
    const plan = plans.of(ctx, entity, key, isLocalAggregate(checked), () =>
      compileAggregate(ctx, codecs, entity, checked),
    )
    const operands = operandsOfAll(checked)
    const [result] = await run(ctx, [plan.statement({ ctx, operands, values: [] })])
    const rows = result!.rows as unknown as readonly (readonly unknown[])[]
    return { data: rows.map((row) => plan.compiled.read(row, ctx.model)) }
  }
}

function operandsOfAll({ condition, measures }: Aggregate) {
  return [condition, ...measures.map((measure) => measure.condition)].flatMap(operandsOf)
}
