import type { RecordData } from '@runwaycrm/sdk'
import type { RequestContext } from '../context/request-context.ts'
import type { Statement } from '../database/postgres.ts'
import type { Entity, Model } from '../model/model.ts'
import { readsOf } from '../model/resolve-computed.ts'
import { nothingExpanded } from './expand.ts'
import { explainText } from './explain-sql.ts'
import type { Codecs } from './fields.ts'
import { createParams, type Slot, valuesOf } from './params.ts'
import { compileProjection } from './projection.ts'
import { createCompiler } from './query.ts'
import { storageOf } from './storage-columns.ts'
import { compileChecks, type RowOperation, type WriteCheck } from './write-checks.ts'
import type { BindValue, InputShape } from './write-input.ts'
import { type WriteShape, writeText } from './write-sql.ts'
import type { WriteValues } from './write-values.ts'

/** A statement of the writer whose text is settled. */
export interface WritePlan {
  readonly checks: readonly WriteCheck[]
  statement(ctx: RequestContext, values: WriteValues): Statement
  /** Of a row of the answer; only for statements that write. */
  read(row: readonly unknown[], model: Model): RecordData
}

export interface PlanShape {
  readonly operation: RowOperation
  /** `why` asks which check fails, the others write and answer the record or its version. */
  readonly answer: 'record' | 'version' | 'why'
  readonly changeSet: WriteShape['changeSet']
  /** False where values come from the ledger. */
  readonly checkRelations: boolean
  readonly input: InputShape
}

/** Field sets and abilities come and go; past this many plans of one entity the oldest go. */
const maxPlans = 2_000
/** A set of fields that is written once is not worth a prepared statement. */
const namedFrom = 2

/** The writer's statements, one per entity, operation, set of fields and shape of ability. */
export function createWritePlans(codecs: Codecs) {
  const byEntity = new WeakMap<Entity, Map<string, WritePlan>>()
  const numberOf = createNumbers()
  let named = 0

  return function planOf(ctx: RequestContext, entity: Entity, shape: PlanShape): WritePlan {
    let plans = byEntity.get(entity)
    if (!plans) {
      plans = new Map()
      byEntity.set(entity, plans)
    }
    const { operation, answer, changeSet, checkRelations, input } = shape
    // Relations lead to other entities, which may differ between models that share this one.
    const targets = [...input.relations, ...storageOf(entity).links].map(({ target }) =>
      numberOf(ctx.model.entities.get(target ?? '')),
    )
    // So do lookups and rollups in the answer.
    const surroundings = readsOf(entity).size === 0 ? '' : ctx.model.hash
    const key = `${operation} ${answer} ${changeSet} ${checkRelations} ${input.key} ${targets} ${surroundings} ${ctx.ability.shape}`
    let plan = plans.get(key)
    if (!plan) {
      if (plans.size >= maxPlans) plans.delete(plans.keys().next().value ?? '')
      plan = compile(ctx, entity, shape)
      plans.set(key, plan)
    }
    return plan
  }

  function compile(ctx: RequestContext, entity: Entity, shape: PlanShape): WritePlan {
    const { operation, answer, changeSet, checkRelations, input } = shape
    const params = createParams()
    params.add((run) => valuesIn(run.values).orgId)
    const bind: BindValue = (type, pick) =>
      `${params.add((run) => pick(valuesIn(run.values)))}::${type}`
    const compiler = createCompiler(ctx, codecs, params)
    const checks = compileChecks(ctx, entity, operation, compiler, input, {
      lock: answer !== 'why',
      relations: checkRelations,
    })
    if (answer === 'why') {
      const text = explainText(entity, operation, input, checks, bind)
      return planFrom(text, params.slots, checks, null)
    }
    const write = (columns: string) =>
      writeText({ entity, operation, changeSet, input, checks, bind, columns })
    // Whoever may write and not read, e.g. a key that only creates, learns which record it was.
    if (answer === 'version' || !ctx.ability.can('read', entity.ref))
      return planFrom(write('t.id, t.version'), params.slots, checks, readVersion)
    const source = { alias: 't', entity }
    const projection = compileProjection(compiler, codecs, ctx.ability, source, {
      fields: null,
      expand: nothingExpanded,
      offset: 0,
    })
    const seen = compiler.allowed(source, ctx.ability.condition('read', entity.ref))
    if (seen === 'true')
      return planFrom(write(projection.columns.join(', ')), params.slots, checks, projection.read)
    // The same for a record that they may write and, as it is now, not read.
    const columns = [...projection.columns, `((${seen}) is true)`]
    return planFrom(write(columns.join(', ')), params.slots, checks, (row, model) => {
      const record = projection.read(row, model)
      const isSeen = row[projection.columns.length] === true
      return isSeen ? record : { id: record.id, version: record.version }
    })
  }

  function planFrom(
    text: string,
    slots: readonly Slot[],
    checks: readonly WriteCheck[],
    read: WritePlan['read'] | null,
  ): WritePlan {
    const rowMode = read ? ({ rowMode: 'array' } as const) : {}
    let uses = 0
    let name: string | undefined
    return {
      checks,
      read: read ?? noRecord,
      statement(ctx, values) {
        uses += 1
        if (uses === namedFrom) {
          named += 1
          name = `write_${named}`
        }
        const all = valuesOf(slots, { ctx, operands: [], values: [values] })
        return { text, values: all, ...rowMode, ...(name ? { name } : {}) }
      },
    }
  }
}
export type WritePlans = ReturnType<typeof createWritePlans>

const valuesIn = (values: readonly unknown[]) => values[0] as WriteValues

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
