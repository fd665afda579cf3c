import { fieldFinder, looseParts } from './compute-formula.ts'
import { type CheckedFormula, readFormula } from './formula/check.ts'
import { type Expression, FormulaError, type ValueType } from './formula/expression.ts'
import { clip } from './formula/parse.ts'
import type { Entity } from './model.ts'

/** What a formula over values may name, by the first word of a name: `record.value`, `vars.total`. */
export interface NamedValues {
  /** Words whose members are the fields of an entity; of none while there is no record. */
  readonly entities: Readonly<Record<string, string | null>>
  /** Words whose members may be anything. */
  readonly open: readonly string[]
}

/**
 * Reads a formula whose names lead into values instead of columns. Nodes of names carry the whole name.
 *
 * @param values what stands there, once it is known: kinds of open values are those of what is there. Without it
 *   they fit everywhere.
 */
export function checkFormulaOverValues(
  entities: ReadonlyMap<string, Entity>,
  { entities: records, open }: NamedValues,
  source: string,
  values: unknown = null,
): CheckedFormula {
  const [resolver, parts] = looseParts(entities)
  return readFormula(source, (name, at): Expression => {
    const [root = '', ...rest] = name.split('.')
    if (Object.hasOwn(records, root) && rest.length > 0) {
      const entity = entities.get(records[root] ?? '')
      if (!entity) {
        throw new FormulaError(
          at,
          `There is no ${clip(root)} here.`,
          'Say which object it is about.',
        )
      }
      const { type } = fieldFinder(resolver, parts, entity)(rest.join('.'), at)
      return named(name, type)
    }
    if (!open.includes(root)) {
      const words = [...Object.keys(records).map((word) => `${word}.…`), ...open]
      const message = `There is no "${clip(name)}".`
      throw new FormulaError(at, message, `Names begin with ${words.join(', ')}.`)
    }
    const value = values === null ? null : (valueAt(values, name) ?? null)
    if (value === null) return { kind: 'literal', type: 'null', value: null }
    const type = typeOf(value)
    if (type !== null) return named(name, type)
    const hint = 'Name one of its members.'
    throw new FormulaError(at, `"${clip(name)}" is of a kind that formulas cannot use.`, hint)
  })
}

const named = (name: string, type: ValueType): Expression => ({
  ...{ kind: 'field', type, name },
  ...{ steps: [], part: null },
})

function typeOf(value: unknown): ValueType | null {
  if (typeof value === 'string') return 'text'
  if (typeof value === 'number') return 'number'
  if (typeof value === 'boolean') return 'boolean'
  if (Array.isArray(value)) return 'list'
  return amountOf(value) === null ? null : 'number'
}

/** Money is a number of its unit. */
export function amountOf(value: unknown): number | null {
  if (typeof value !== 'object' || value === null) return null
  const { amount } = value as { readonly amount?: unknown }
  return typeof amount === 'string' || typeof amount === 'number' ? Number(amount) : null
}

/** What stands at a dotted name; only own members are followed. */
export function valueAt(values: unknown, name: string): unknown {
  let found = values
  for (const step of name.split('.')) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, step)) return undefined
    found = (found as Record<string, unknown>)[step]
  }
  return found
}
