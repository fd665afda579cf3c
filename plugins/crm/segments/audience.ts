import {
  type EntityInfo,
  type Filter,
  type HandlerContext,
  InvalidError,
  type Issue,
  invalidInput,
  type RecordData,
  RunwayError,
  StateConflictError,
} from '@runwaycrm/sdk'

export const segmentEntity = 'crm.segments:segment'

export interface Audience {
  readonly entity: EntityInfo
  readonly condition: Filter
}

/** @throws InvalidError when the reader knows no such entity. */
export function entityOf(ctx: HandlerContext, name: string): EntityInfo {
  const entity = ctx.model.entity(name, ctx.language)
  if (entity?.can.read) return entity
  throw invalidInput(
    'entity',
    'UNKNOWN_RECORD',
    `There is no entity "${name}", or you may not read it.`,
  )
}

/** What a saved segment is of. @throws StateConflictError when it has no condition, or its entity is gone. */
export function audienceOf(ctx: HandlerContext, segment: RecordData): Audience {
  const entity = ctx.model.entity(String(segment['target'] ?? ''), ctx.language)
  const { condition } = segment
  if (!entity?.can.read)
    throw new StateConflictError(
      'What this {segment} is of is not here any longer, or not for you.',
    )
  if (typeof condition !== 'object' || condition === null)
    throw new StateConflictError('This {segment} has no condition; give it one first.')
  return { entity, condition: condition as Filter }
}

/**
 * How many there are, as the reader sees it. Asking is the check: the model refuses fields and operators
 * that it does not know or that are hidden from the reader, and says where.
 *
 * @throws InvalidError with paths below `input.condition`.
 */
export async function countOf(ctx: HandlerContext, { entity, condition }: Audience) {
  return checked(async () => {
    const { data } = await ctx.records.aggregate(entity.ref, {
      filter: condition,
      measures: { n: { count: '*' } },
    })
    return Number(data[0]?.['n'] ?? 0)
  })
}

/** Problems of a condition, told as those of the input. */
export async function checked<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    if (!(error instanceof RunwayError) || !['BAD_FILTER', 'UNKNOWN_FIELD'].includes(error.code))
      throw error
    const errors = (error.errors ?? [{ path: '', code: 'BAD_FORMAT', message: error.message }]).map(
      ({ path, code, message }): Issue => {
        const inside = path.replace(/^filter\b\.?/, '')
        return { path: inside ? `input.condition.${inside}` : 'input.condition', code, message }
      },
    )
    throw new InvalidError('The condition cannot be used.', { errors, cause: error })
  }
}
