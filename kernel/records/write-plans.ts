import type { RecordData } from '@runwaycrm/sdk'
import type { RequestContext } from '../context/request-context.ts'
import type { Statement } from '../database/postgres.ts'
import type { Entity, Model } from '../model/model.ts'
import { nothingExpanded } from './expand.ts'
import { explainText } from './explain-sql.ts'
import type { Codecs } from './fields.ts'
import { createParams, type Slot, valuesOf } from './params.ts'
import { compileProjection } from './projection.ts'
import { createCompiler } from './query.ts'
import { storageOf } from './storage-columns.ts'
import { compileChecks, type RowOperation, type WriteCheck } from './write-checks.ts'
import { baseParameters, writeText } from './write-sql.ts'

/** A statement of the writer whose text is settled. */
export interface WritePlan {
  readonly checks: readonly WriteCheck[]
  statement(ctx: RequestContext, base: readonly unknown[]): Statement
  /** Of a row of the answer; only for statements that write. */
  read(row: readonly unknown[], model: Model): RecordData
}

export interface WriteShapeKey {
  readonly operation: RowOperation
  /** `why` asks which check fails, the others write and answer the record or its version. */
  readonly answer: 'record' | 'version' | 'why'
  readonly changeSet: 'own' | 'joined'
  readonly relations: boolean
}

/** Parameters of the explaining statement: the first five of the writing one. */
export const explainParameters = 5
/** Abilities come and go; past this many plans of one entity the oldest go. */
const maxPlans = 500

/** The writer's statements, one per entity, operation and shape of ability. */
export function createWritePlans(codecs: Codecs) {
  const byEntity = new WeakMap<Entity, Map<string, WritePlan>>()
  const numberOf = createNumbers()
  let named = 0

  return function planOf(ctx: RequestContext, entity: Entity, shape: WriteShapeKey): WritePlan {
    let plans = byEntity.get(entity)
    if (!plans) {
      plans = new Map()
      byEntity.set(entity, plans)
    }
    const { operation, answer, changeSet, relations } = shape
    // Relations lead to other entities, which may differ between models that share this one.
    const targets = storageOf(entity).relations.map(({ target }) =>
      numberOf(ctx.model.entities.get(target)),
    )
    const key = `${operation} ${answer} ${changeSet} ${relations} ${targets} ${ctx.ability.shape}`
    let plan = plans.get(key)
    if (!plan) {
      if (plans.size >= maxPlans) plans.delete(plans.keys().next().value ?? '')
      named += 1
      plan = compile(ctx, entity, shape, `write_${named}`)
      plans.set(key, plan)
    }
    return plan
  }

  function compile(
    ctx: RequestContext,
    entity: Entity,
    { operation, answer, changeSet, relations }: WriteShapeKey,
    name: string,
  ): WritePlan {
    const params = createParams(answer === 'why' ? explainParameters : baseParameters[changeSet])
    const compiler = createCompiler(ctx, codecs, params)
    const lock = answer !== 'why'
    const checks = compileChecks(ctx, entity, operation, compiler, { lock, relations })
    if (answer === 'why')
      return planFrom(name, explainText(entity, operation, checks), params.slots, checks, noRecord)
    if (answer === 'version') {
      const text = writeText({ entity, operation, changeSet, checks, columns: 't.id, t.version' })
      return planFrom(name, text, params.slots, checks, readVersion)
    }
    const projection = compileProjection(
      compiler,
      codecs,
      ctx.ability,
      { alias: 't', entity },
      {
        fields: null,
        expand: nothingExpanded,
        offset: 0,
      },
    )
    const columns = projection.columns.join(', ')
    const text = writeText({ entity, operation, changeSet, checks, columns })
    return planFrom(name, text, params.slots, checks, projection.read)
  }
}
export type WritePlans = ReturnType<typeof createWritePlans>

function planFrom(
  name: string,
  text: string,
  slots: readonly Slot[],
  checks: readonly WriteCheck[],
  read: WritePlan['read'],
): WritePlan {
  const rowMode = read === noRecord ? {} : ({ rowMode: 'array' } as const)
  return {
    checks,
    read,
    statement(ctx, base) {
      const conditions = valuesOf(slots, { ctx, operands: [], values: [] })
      return { name, text, values: [...base, ...conditions], ...rowMode }
    },
  }
}

function readVersion(row: readonly unknown[]): RecordData {
  return { id: String(row[0]), version: Number(row[1]) }
}

function noRecord(): never {
  throw new TypeError('An explanation holds no record.')
}

/** Small numbers that tell objects apart. */
function createNumbers() {
  const numbers = new WeakMap<object, number>()
  let last = 0
  return (object: object | undefined): number => {
    if (!object) return 0
    let number = numbers.get(object)
    if (number === undefined) {
      last += 1
      number = last
      numbers.set(object, number)
    }
    return number
  }
}
