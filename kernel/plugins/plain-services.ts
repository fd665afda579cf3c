import { InvalidError } from '@runwaycrm/sdk'
import { checkInput } from '../actions/check-values.ts'
import type { RequestContext } from '../context/request-context.ts'
import type { Database } from '../database/postgres.ts'
import { checkSchema } from '../manifest/check-schema.ts'
import { evaluateFormula } from '../records/evaluate-formula.ts'
import type { RevertOptions } from '../records/revert.ts'

export interface ValueInput {
  readonly schema: object
  readonly value: unknown
  /** Where the value stands in what was sent, e.g. `input`. */
  readonly at: string
}

/** What belongs together and was written by many transactions, for plugins, with the rights of whoever acts. */
export interface ChangesService {
  find(ctx: RequestContext, id: string): Promise<object>
  revert(ctx: RequestContext, id: string, options: RevertOptions): Promise<object>
}

/**
 * What plugins ask of values that are in no record, formulas over them and whether they fit a schema; and of change
 * sets.
 */
export const plainServices = (db: Pick<Database, 'query'>, changes: ChangesService) => ({
  'kernel.changes@1': {
    /** @throws NotFoundError when there is none, or none with a record that may be read. */
    find: (ctx: RequestContext, { id }: { readonly id: string }) => changes.find(ctx, id),
    /** Takes it back with all that belongs to it, at once or by a job. @throws as `POST /changes/:id/revert` */
    revert: (ctx: RequestContext, { id, ...options }: { readonly id: string } & RevertOptions) =>
      changes.revert(ctx, id, options),
  },
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
