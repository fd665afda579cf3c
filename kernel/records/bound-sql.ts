import type { RequestContext } from '../context/request-context.ts'
import type { Codecs } from './fields.ts'
import { createParams, valuesOf } from './params.ts'
import { type Compiler, createCompiler } from './query.ts'

/** A statement that is put together for one run, with conditions of the ability in it. */
export interface BoundSql {
  readonly compiler: Compiler
  /** All values: those given, then those of the conditions. To be asked for when the text is done. */
  values(): unknown[]
}

/** @param given values of the statement's first parameters. */
export function bindSql(ctx: RequestContext, codecs: Codecs, given: readonly unknown[]): BoundSql {
  const params = createParams(given.length)
  return {
    compiler: createCompiler(ctx, codecs, params),
    values: () => [...given, ...valuesOf(params.slots, { ctx, operands: [], values: [] })],
  }
}
