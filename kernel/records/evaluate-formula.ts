import { InvalidError } from '@runwaycrm/sdk'
import type { RequestContext } from '../context/request-context.ts'
import type { Database } from '../database/postgres.ts'
import type { Expression } from '../model/formula/expression.ts'
import {
  amountOf,
  checkFormulaOverValues,
  type NamedValues,
  valueAt,
} from '../model/formula-over-values.ts'
import type { Field } from '../model/model.ts'
import { formulaSql, sqlTypes } from './formula-sql.ts'

export interface FormulaInput extends NamedValues {
  readonly formula: string
  /** By the words that names begin with, as the API has values: `{record: {...}, vars: {...}}`. */
  readonly values: Readonly<Record<string, unknown>>
}

/**
 * Works out a formula over values that are there already, for plugins. It is the same language and the same SQL as
 * that of fields; it reads nothing.
 *
 * @throws InvalidError with what is wrong with it, also where a value is of another kind than the formula takes.
 */
export function evaluateFormula({ db }: { readonly db: Pick<Database, 'query'> }) {
  return async (
    { model, org, now }: RequestContext,
    { formula, values, entities, open }: FormulaInput,
  ): Promise<{ readonly value: unknown }> => {
    const named = { entities, open }
    const { expression, problems } = checkFormulaOverValues(model.entities, named, formula, values)
    if (expression === null) {
      throw new InvalidError('The formula cannot be worked out.', {
        errors: problems.map(({ at, message, hint }) => ({
          ...{ path: 'formula', code: 'BAD_FORMAT' },
          message: `Character ${at + 1}: ${message} ${hint}`,
        })),
      })
    }
    if (expression.type === 'list') {
      const message = 'A formula results in one value, not in a list.'
      throw new InvalidError(message, {
        errors: [{ path: 'formula', code: 'WRONG_TYPE', message }],
      })
    }
    const params: unknown[] = []
    const bound = (value: unknown, type: string) => `$${params.push(value)}::${type}`
    const sql = formulaSql(expression, {
      field: (node) => ({
        field: plain,
        sql: bound(bare(valueAt(values, node.name), node.type), sqlTypes[node.type]),
      }),
      now: () => bound(now, 'timestamptz'),
      zone: () => bound(org.timeZone, 'text'),
    })
    const { rows } = await db.query<{ value: unknown }>(org.id, {
      text: `select to_jsonb(${sql}) as value`,
      values: params,
    })
    const value = rows[0]?.value ?? null
    const isMoment = expression.type === 'dateTime' && typeof value === 'string'
    return { value: isMoment ? new Date(value).toISOString() : value }
  }
}

type Type = (Expression & { kind: 'field' })['type']

/** A value of the API as a parameter of its kind. */
function bare(value: unknown, type: Type): unknown {
  if (value === null || value === undefined) return null
  if (type === 'number') return amountOf(value) ?? Number(value)
  if (type === 'list') return JSON.stringify(value)
  if (type !== 'text' || typeof value === 'string') return value
  const { name } = value as { readonly name?: unknown }
  return typeof name === 'string' ? name : JSON.stringify(value)
}

/** What a value is counts here, not how a column keeps it. */
const plain = { typeDefinition: {} } as Field
