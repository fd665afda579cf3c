import {
  BadFilterError,
  type FilterOperator,
  filterLimits,
  type IssueCode,
  isKeepableText,
  parseRelativeDate,
  UnknownFieldError,
} from '@runwaycrm/sdk'
import {
  type Comparable,
  type Condition,
  type ConditionEntity,
  type ConditionField,
  type Domain,
  domainOf,
  isMany,
  type Leaf,
  type LeafOperator,
  type Operand,
} from './condition-tree.ts'
import { type FieldPath, findPath } from './field-path.ts'
import { operators } from './operators.ts'

export type ParsedOperand =
  | { readonly ok: true; readonly value: Comparable | null }
  | { readonly ok: false; readonly code: IssueCode; readonly message: string }

export interface CheckOptions<F extends ConditionField, E extends ConditionEntity<F>> {
  entityOf(ref: string): E | undefined
  /** False makes a field the same as one that does not exist. */
  canSee(entity: E, field: F): boolean
  /** A value of the filter in storage terms; null when it is blank. */
  parseOperand(field: F, part: string | null, input: Comparable): ParsedOperand
  /** Conditions of roles are put together from checked ones and have no limits of their own. */
  unlimited?: boolean
}

/** More values than this in one `$in` are a list of records, not a condition. */
const maxListItems = 1_000

/**
 * Filter JSON as a checked tree, in which negations, nulls and periods are resolved.
 *
 * @throws {UnknownFieldError} for a field that is unknown or hidden, without telling which.
 * @throws {BadFilterError} for a wrong operator, value, depth or size; `errors[].path` says where.
 */
export function checkCondition<F extends ConditionField, E extends ConditionEntity<F>>(
  filter: unknown,
  entity: E,
  options: CheckOptions<F, E>,
): Condition<F> {
  let conditions = 0

  const refuse = (path: string, code: IssueCode, message: string): never => {
    throw new BadFilterError(message, { errors: [{ path, code, message }] })
  }

  function checkObject(value: unknown, path: string, depth: number): Condition<F> {
    if (!isObject(value)) refuse(path, 'WRONG_TYPE', 'A filter is an object of fields.')
    if (depth > filterLimits.depth && !options.unlimited) {
      refuse(path, 'OUT_OF_RANGE', `A filter is at most ${filterLimits.depth} deep.`)
    }
    const of: Condition<F>[] = []
    for (const [key, part] of Object.entries(value as object)) {
      if (part !== undefined) of.push(checkKey(key, part, `${path}.${clip(key)}`, depth))
    }
    return of.length === 1 ? of[0]! : { kind: 'all', of }
  }

  function checkKey(key: string, value: unknown, path: string, depth: number): Condition<F> {
    if (key === '$and' || key === '$or') {
      if (!Array.isArray(value) || value.length === 0) {
        refuse(path, 'WRONG_TYPE', `${key} takes a list of at least one filter.`)
      }
      const of = (value as unknown[]).map((item, index) =>
        checkObject(item, `${path}[${index}]`, depth + 1),
      )
      return { kind: key === '$and' ? 'all' : 'any', of }
    }
    if (key === '$not') return { kind: 'not', of: checkObject(value, path, depth + 1) }
    if (key.startsWith('$')) refuse(path, 'BAD_FORMAT', `There is no operator ${clip(key)} here.`)
    const found = findPath(entity, key, options)
    if (!found) {
      const message = `There is no field "${clip(key)}" on ${entity.plural}, or you may not read it.`
      throw new UnknownFieldError(message, {
        errors: [{ path, code: 'UNKNOWN_FIELD', message }],
      })
    }
    return checkOperators(found, isObject(value) ? value : { $eq: value }, path, depth)
  }

  function checkOperators(
    found: FieldPath<F>,
    value: object,
    path: string,
    depth: number,
  ): Condition<F> {
    const entries = Object.entries(value).filter(([, operand]) => operand !== undefined)
    if (entries.length === 0) refuse(path, 'BAD_FORMAT', 'A field needs a value or an operator.')
    if (depth > filterLimits.depth && !options.unlimited) {
      refuse(path, 'OUT_OF_RANGE', `A filter is at most ${filterLimits.depth} deep.`)
    }
    const of = entries.map(([name, operand]) => {
      const at = `${path}.${clip(name)}`
      if (name === '$not') {
        if (!isObject(operand)) refuse(at, 'WRONG_TYPE', '$not takes an object of operators.')
        return {
          kind: 'not',
          of: checkOperators(found, operand as object, at, depth + 1),
        } as const
      }
      conditions += 1
      if (conditions > filterLimits.conditions && !options.unlimited) {
        refuse(at, 'OUT_OF_RANGE', `A filter has at most ${filterLimits.conditions} conditions.`)
      }
      return checkOperator(found, name, operand, at)
    })
    return of.length === 1 ? of[0]! : { kind: 'all', of }
  }

  function checkOperator(
    found: FieldPath<F>,
    name: string,
    operand: unknown,
    path: string,
  ): Condition<F> {
    const domain = domainOf(found.field, found.part)
    const operator = Object.hasOwn(operators, name) ? operators[name as FilterOperator] : undefined
    const presence = operand === null || name === '$exists'
    const declared =
      found.part !== null ||
      presence ||
      found.field.typeDefinition.operators.includes(name as FilterOperator)
    if (!operator || !declared || !operator.domains.includes(domain)) {
      refuse(path, 'BAD_FORMAT', `${clip(name)} does not work on ${found.name}.`)
    }
    if (operand === null && !operator!.takesNull) {
      refuse(path, 'WRONG_TYPE', `${name} never matches null; use $exists or $eq.`)
    }
    // Arrays and JSON have no equality here, only presence and, for arrays, $contains.
    if (operand !== null && ['$eq', '$ne'].includes(name) && isOpaque(domain)) {
      refuse(path, 'WRONG_TYPE', `${name} takes only null on ${found.name}; use $contains.`)
    }
    const affirmed = affirm(
      found,
      domain,
      (operator!.negates ?? name) as LeafOperator,
      operand,
      path,
    )
    return operator!.negates ? { kind: 'not', of: affirmed } : affirmed
  }

  function affirm(
    found: FieldPath<F>,
    domain: Domain,
    operator: LeafOperator,
    input: unknown,
    path: string,
  ): Condition<F> {
    const leaf = (name: LeafOperator, operand: Operand): Leaf<F> => ({
      kind: 'leaf',
      steps: found.steps,
      field: found.field,
      part: found.part,
      domain,
      operator: name,
      operand,
    })
    // An actor as a whole is its id, which the system has none of; somebody it was all the same.
    const isActor = found.field.typeDefinition.kind === 'actor' && found.part === null
    const present: Leaf<F> = {
      ...leaf('$exists', { is: 'value', value: true }),
      part: isActor ? 'type' : found.part,
    }
    const absent = { kind: 'not', of: present } as const

    if (operator === '$exists') {
      if (typeof input !== 'boolean') refuse(path, 'WRONG_TYPE', '$exists takes true or false.')
      return input ? present : absent
    }
    if (operator === '$contains' && isMany(found.field)) {
      const one = point(input, path)
      return one.is === 'value' || one.is === 'me' ? leaf(operator, one) : { kind: 'any', of: [] }
    }
    if (operator === '$contains' || operator === '$startsWith') {
      return leaf(operator, { is: 'value', value: checkText(input, path) })
    }
    if (operator === '$in') {
      if (!Array.isArray(input)) refuse(path, 'WRONG_TYPE', `${operator} takes a list of values.`)
      const list = input as unknown[]
      if (list.length > maxListItems) {
        refuse(path, 'TOO_LONG', `A list has at most ${maxListItems} values.`)
      }
      return oneOf(list.map((item, index) => point(item, `${path}[${index}]`)))
    }
    const only = point(input, path)
    if (only.is === 'period') {
      if (operator === '$eq') return within(only.token)
      // After a period begins at its end, and up to it ends there.
      const edge = operator === '$gt' || operator === '$lte' ? 'to' : 'from'
      const sign = only.instant ? operator : edge === 'from' ? operator : flipAtEnd[operator]!
      return leaf(sign, { is: 'edge', token: only.token, edge })
    }
    if (only.is === 'null' || only.is === 'team') {
      return operator === '$eq' ? oneOf([only]) : { kind: 'any', of: [] }
    }
    return leaf(operator, only)

    function oneOf(points: readonly Point[]): Condition<F> {
      const of: Condition<F>[] = []
      const items = points.flatMap((item) =>
        item.is === 'null' || item.is === 'period' ? [] : [item],
      )
      if (items.length > 0) of.push(leaf('$in', { is: 'list', items }))
      if (points.some((item) => item.is === 'null')) of.push(absent)
      for (const item of points) if (item.is === 'period') of.push(within(item.token))
      return of.length === 1 ? of[0]! : { kind: 'any', of }
    }

    function within(token: string): Condition<F> {
      if (token.startsWith('@now')) {
        if (domain === 'instant') return leaf('$eq', { is: 'edge', token, edge: 'from' })
      }
      return {
        kind: 'all',
        of: [
          leaf('$gte', { is: 'edge', token, edge: 'from' }),
          leaf('$lt', { is: 'edge', token, edge: 'to' }),
        ],
      }
    }

    function point(value: unknown, at: string): Point {
      if (value === null) return { is: 'null' }
      if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
        return refuse(at, 'WRONG_TYPE', 'Expected a text, a number, true, false or null.')
      }
      if (typeof value === 'string' && value.startsWith('@')) {
        if ((value === '@me' || value === '@team') && isUser(found)) {
          return value === '@me' ? { is: 'me' } : { is: 'team' }
        }
        if (domain === 'date' || domain === 'instant') {
          const relative = parseRelativeDate(value)
          if (!relative) return refuse(at, 'BAD_FORMAT', `"${clip(value)}" is no relative date.`)
          return {
            is: 'period',
            token: value,
            instant: relative.base === 'now' && domain === 'instant',
          }
        }
      }
      const parsed = options.parseOperand(found.field, found.part, value)
      if (!parsed.ok) return refuse(at, parsed.code, parsed.message)
      return parsed.value === null ? { is: 'null' } : { is: 'value', value: parsed.value }
    }
  }

  function checkText(input: unknown, path: string): string {
    if (typeof input !== 'string') return refuse(path, 'WRONG_TYPE', 'Expected a text.')
    if (!isKeepableText(input)) {
      return refuse(path, 'BAD_FORMAT', 'The text has characters that cannot be kept.')
    }
    return input
  }

  return checkObject(filter, 'filter', 1)
}

type Point =
  | Exclude<Operand, { is: 'list' } | { is: 'edge' }>
  | { readonly is: 'null' }
  | { readonly is: 'period'; readonly token: string; readonly instant: boolean }

/** At the end of a period, which is exclusive: after is from there on, up to is before it. */
const flipAtEnd: Partial<Record<LeafOperator, LeafOperator>> = { $gt: '$gte', $lte: '$lt' }

function isOpaque(domain: Domain): boolean {
  return domain === 'list' || domain === 'opaque'
}

/** Where `@me` means the user: user fields, actors, and the id of a record (which then is a user's). */
function isUser({ field, part }: FieldPath<ConditionField>): boolean {
  const { kind } = field.typeDefinition
  if (isMany(field)) return field.target === 'kernel:user'
  return kind === 'user' || (kind === 'actor' && part !== 'type') || field.apiName === 'id'
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function clip(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}
