/** What a value of a formula can be. `list` is a choice of several. */
export type ValueType = 'text' | 'number' | 'boolean' | 'date' | 'dateTime' | 'list'

/** A formula whose names and types have been checked; plain data, names instead of objects. */
export type Expression =
  | {
      readonly kind: 'literal'
      readonly type: ValueType | 'null'
      readonly value: string | number | boolean | null
    }
  | {
      readonly kind: 'field'
      readonly type: ValueType
      /** API names of the relations on the way, `agentId`. */
      readonly steps: readonly string[]
      /** API name of the field, and of a part of it, e.g. `currency`. */
      readonly name: string
      readonly part: string | null
    }
  /** A function, or an operator under its sign. */
  | {
      readonly kind: 'call'
      readonly type: ValueType
      readonly name: string
      readonly args: readonly Expression[]
    }
  /** The value as one of another type; it was checked that there is a way. */
  | { readonly kind: 'as'; readonly type: ValueType; readonly of: Expression }

/** What is wrong with a formula, where, and what to do about it. */
export interface FormulaProblem {
  /** Characters before the place. */
  readonly at: number
  readonly message: string
  readonly hint: string
}

/** Length in characters, nodes of one formula, nodes with all that it builds on, nesting. */
export const formulaLimits = { length: 2_000, nodes: 400, inlined: 2_000, depth: 60 } as const

/** Ends reading a formula; caught where reading began. */
export class FormulaError extends Error implements FormulaProblem {
  override readonly name = 'FormulaError'
  readonly at: number
  readonly hint: string

  constructor(at: number, message: string, hint: string) {
    super(message)
    this.at = at
    this.hint = hint
  }
}

export function sizeOf(expression: Expression): number {
  if (expression.kind === 'call') {
    return expression.args.reduce((sum, arg) => sum + sizeOf(arg), 1)
  }
  return expression.kind === 'as' ? 1 + sizeOf(expression.of) : 1
}

/** All fields that are named, from left to right. */
export function fieldsOf(
  expression: Expression,
  into: (Expression & { kind: 'field' })[] = [],
): (Expression & { kind: 'field' })[] {
  if (expression.kind === 'field') into.push(expression)
  else if (expression.kind === 'as') fieldsOf(expression.of, into)
  else if (expression.kind === 'call') for (const arg of expression.args) fieldsOf(arg, into)
  return into
}
