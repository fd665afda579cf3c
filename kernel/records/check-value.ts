import type { CodecOrg, FieldCodec, StoredValue, ValueProblem } from '@runwaycrm/sdk'
import type { Field } from '../model/model.ts'

/** Longest value of a unique text: it has to fit into an index entry. */
export const maxUniqueLength = 500
/** Amounts are kept in units of 1/10,000. */
const currencyUnits = 10_000

export type ValueCheck = (input: unknown, org: CodecOrg) => CheckedValue
export type CheckedValue =
  | { readonly ok: true; readonly value: StoredValue | null }
  | { readonly ok: false; readonly problem: ValueProblem }

/**
 * The check of one field's values: the codec of its type, then what the definition says (options, min,
 * max, length), then what PostgreSQL can keep. Null, undefined and blank come back as null.
 */
export function createValueCheck(field: Field, codec: FieldCodec): ValueCheck {
  const checks = checksOf(field)
  return (input, org) => {
    if (input === null || input === undefined) return { ok: true, value: null }
    const parsed = codec.parse(input, org)
    if (!parsed.ok) return parsed
    const { main } = parsed.value
    if (main === null || main === undefined) return { ok: true, value: null }
    for (const check of checks) {
      const problem = check(main)
      if (problem) return { ok: false, problem }
    }
    if (!isKeepable(main) || (parsed.value.parts && !isKeepable(parsed.value.parts)))
      return fail('BAD_FORMAT', 'Leave out characters that cannot be kept: NUL or half of a pair.')
    return { ok: true, value: parsed.value }
  }
}

function fail(code: ValueProblem['code'], message: string): CheckedValue {
  return { ok: false, problem: { code, message } }
}

type Check = (main: unknown) => ValueProblem | null

function checksOf(field: Field): Check[] {
  const { definition, typeDefinition } = field
  const checks: Check[] = []
  const { kind } = typeDefinition
  const options = definition.options
  if (options && kind === 'option')
    checks.push((main) => (Object.hasOwn(options, String(main)) ? null : unknownOption(main)))
  if (options && kind === 'options')
    checks.push((main) => {
      const unknown = asArray(main).find((one) => !Object.hasOwn(options, String(one)))
      return unknown === undefined ? null : unknownOption(unknown)
    })
  const unit = kind === 'currency' ? currencyUnits : 1
  const { min, max, maxLength } = definition
  if (min !== undefined)
    checks.push((main) => (typeof main === 'number' && main < min * unit ? tooLow(min) : null))
  if (max !== undefined)
    checks.push((main) => (typeof main === 'number' && main > max * unit ? tooHigh(max) : null))
  const longest = Math.min(
    maxLength ?? Number.POSITIVE_INFINITY,
    field.unique ? maxUniqueLength : Number.POSITIVE_INFINITY,
  )
  if (longest < Number.POSITIVE_INFINITY)
    checks.push((main) =>
      typeof main === 'string' && main.length > longest ? tooLong(longest) : null,
    )
  return checks
}

const asArray = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value])
const unknownOption = (option: unknown): ValueProblem => ({
  code: 'UNKNOWN_OPTION',
  message: `There is no option "${String(option).slice(0, 60)}".`,
})
const tooLow = (min: number): ValueProblem => ({
  code: 'OUT_OF_RANGE',
  message: `Must be at least ${min}.`,
})
const tooHigh = (max: number): ValueProblem => ({
  code: 'OUT_OF_RANGE',
  message: `Must be at most ${max}.`,
})
const tooLong = (length: number): ValueProblem => ({
  code: 'TOO_LONG',
  message: `Must have at most ${length} characters.`,
})

/** PostgreSQL keeps neither NUL nor lone surrogates, wherever they stand in a value. */
function isKeepable(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed() && !value.includes('\u0000')
  if (value === null || typeof value !== 'object') return true
  if (Array.isArray(value)) return value.every(isKeepable)
  return Object.entries(value).every(([key, item]) => isKeepable(key) && isKeepable(item))
}
