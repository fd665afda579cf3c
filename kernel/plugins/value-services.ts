import { InvalidError } from '@runwaycrm/sdk'
import { checkInput } from '../actions/check-values.ts'
import type { RequestContext } from '../context/request-context.ts'
import type { Database } from '../database/postgres.ts'
import { checkSchema } from '../manifest/check-schema.ts'
import { evaluateFormula } from '../records/evaluate-formula.ts'

export interface ValueInput {
  readonly schema: object
  readonly value: unknown
  /** Where the value stands in what was sent, e.g. `input`. */
  readonly at: string
}

/** What plugins ask of values that are in no record: formulas over them, and whether they fit a schema. */
export const valueServices = (db: Pick<Database, 'query'>) => ({
  'kernel.formulas@1': { evaluate: evaluateFormula({ db }) },
  'kernel.schemas@1': {
    /**
     * A copy with defaults filled in.
     *
     * @throws InvalidError naming every problem, also of a schema that no validator is made of.
     */
    async check(_ctx: RequestContext, { schema, value, at }: ValueInput): Promise<unknown> {
      // Whoever wrote it may be somebody whom the operator did not install.
      const wrong = safe.has(schema) ? [] : checkSchema(schema, at, 'declarative')
      if (wrong.length > 0) {
        const errors = wrong.map(({ at: path, code, message }) => ({ path, code, message }))
        throw new InvalidError('The schema cannot be used.', { errors })
      }
      safe.add(schema)
      return checkInput(schema, value, at)
    },
  },
})

const safe = new WeakSet<object>()
