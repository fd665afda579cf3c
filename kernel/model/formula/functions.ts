import { dateFunctions } from './date-functions.ts'
import { logicFunctions } from './logic-functions.ts'
import { numberFunctions } from './number-functions.ts'
import { operatorsOfFormulas } from './operators-of-formulas.ts'
import { textFunctions } from './text-functions.ts'

/** A function of formulas: what it takes, what it gives, and what it is in SQL. */
export interface FormulaFunction {
  /** For people. */
  readonly label: string
  /**
   * Ways to call it, the first that fits. A signature is `text, number? -> text`; `...` repeats the
   * last, `any` is made a text, `same` are values of one type, `unit` is a quoted letter of `units`.
   *
   * In the SQL `$1` is an argument, `$*` all of them, `$today`, `$now` and `$zone` are those of the
   * organisation. Every argument stands there once: formulas in formulas would double otherwise. Nothing
   * in it may raise.
   */
  readonly forms: readonly FormulaForm[]
  /** Letters that a `unit` may be. */
  readonly units?: string
  /** A formula without fields, and what it gives as JSON. */
  readonly example: readonly [string, string | number | boolean | null]
}

export interface FormulaForm {
  readonly signature: string
  readonly sql: string
  /** SQL of arguments that were left out, by their place from 0. */
  readonly defaults?: Readonly<Record<number, string>>
}

/** All functions by name. */
export const formulaFunctions: Readonly<Record<string, FormulaFunction>> = {
  ...textFunctions,
  ...numberFunctions,
  ...dateFunctions,
  ...logicFunctions,
}

export function findFunction(name: string, isSign: boolean): FormulaFunction | undefined {
  const table = isSign ? operatorsOfFormulas : formulaFunctions
  return Object.hasOwn(table, name) ? table[name] : undefined
}
