import type { RequestContext } from '../context/request-context.ts'
import type { Statement } from '../database/postgres.ts'
import type { Entity } from '../model/model.ts'
import { readsOf } from '../model/resolve-computed.ts'
import { type QueryRun, type Slot, valuesOf } from './params.ts'

/** A statement whose text is settled; only values are missing. */
export interface Compiled {
  readonly text: string
  readonly slots: readonly Slot[]
}

export interface Plan<T extends Compiled> {
  readonly compiled: T
  statement(run: QueryRun): Statement
}

/** Compiled statements, so that a question asked again is not put together again. */
export interface Plans {
  /**
   * @param key equal keys are equal questions of one entity under one shape of ability.
   * @param isLocal false when the SQL depends on other entities of the model.
   */
  of<T extends Compiled>(
    ctx: RequestContext,
    entity: Entity,
    key: string,
    isLocal: boolean,
    compile: () => T,
  ): Plan<T>
}

/** Kept per entity; past this many the oldest go. */
const maxPlans = 500
/** A question of its own is not worth a prepared statement; one that comes again is. */
const namedFrom = 2

export function createPlans(): Plans {
  const byEntity = new WeakMap<Entity, Map<string, Plan<Compiled>>>()
  let named = 0

  function makePlan<T extends Compiled>(compiled: T): Plan<T> {
    let uses = 0
    let name: string | undefined
    return {
      compiled,
      statement(run) {
        uses += 1
        if (uses === namedFrom) {
          named += 1
          name = `read_${named}`
        }
        const values = valuesOf(compiled.slots, run)
        const { text } = compiled
        return name === undefined
          ? { text, values, rowMode: 'array' }
          : { text, values, name, rowMode: 'array' }
      },
    }
  }

  return {
    of<T extends Compiled>(
      ctx: RequestContext,
      entity: Entity,
      key: string,
      isLocal: boolean,
      compile: () => T,
    ): Plan<T> {
      let plans = byEntity.get(entity)
      if (!plans) {
        plans = new Map()
        byEntity.set(entity, plans)
      }
      const { ability, model } = ctx
      const isAlone = isLocal && readsOf(entity).size === 0
      const whole = isAlone ? `${ability.shape} ${key}` : `${ability.shape} ${model.hash} ${key}`
      const known = plans.get(whole)
      if (known) return known as Plan<T>
      if (plans.size >= maxPlans) plans.delete(plans.keys().next().value!)
      const plan = makePlan(compile())
      plans.set(whole, plan)
      return plan
    },
  }
}
