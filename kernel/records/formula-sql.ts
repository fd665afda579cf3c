import { isMainPart } from '../access/condition-tree.ts'
import type { Expression, ValueType } from '../model/formula/expression.ts'
import { formOf } from '../model/formula/forms.ts'
import type { Field } from '../model/model.ts'
import { literal } from './sql-text.ts'

/** What a formula needs from the statement it stands in. */
export interface FormulaSurroundings {
  /** The value as it is stored, or as the reader may see it; null when the way leads nowhere. */
  field(expression: Expression & { kind: 'field' }): { field: Field; sql: string } | null
  /** Placeholders with casts: the moment it is, and the time zone of the organisation. */
  now(): string
  zone(): string
}

/** A checked formula as SQL that raises nothing, of the class that `sqlTypes` gives for its type. */
export function formulaSql(expression: Expression, around: FormulaSurroundings): string {
  const sql = toSql(expression)
  return expression.type === 'text' ? `nullif(${sql}, '')` : sql

  function toSql(node: Expression): string {
    switch (node.kind) {
      case 'literal':
        return literalSql(node)
      case 'field': {
        const found = around.field(node)
        return found ? operandSql(found.field, node, found.sql) : nullOf(node.type)
      }
      case 'as':
        return castSql(node.of.type, node.type, toSql(node.of))
      case 'call':
        return callSql(node)
    }
  }

  function callSql(node: Expression & { kind: 'call' }): string {
    const args = node.args.map(toSql)
    if (node.name === 'switch') return switchSql(args)
    const form = formOf(node)
    const at = (place: number) => args[place] ?? form.defaults?.[place] ?? 'null'
    return form.sql.replaceAll(/\$(\d|\*|today|now|zone)/g, (_, name: string) => {
      if (name === '*') return args.join(', ')
      if (name === 'now') return around.now()
      if (name === 'zone') return around.zone()
      if (name === 'today') return castSql('dateTime', 'date', around.now())
      return at(Number(name) - 1)
    })
  }

  function castSql(from: Expression['type'], to: ValueType, sql: string): string {
    if (to === 'date') return `((${sql} at time zone ${around.zone()})::date)`
    if (to === 'dateTime') return `((${sql})::timestamp at time zone ${around.zone()})`
    if (from === 'number') return `kernel.calc_text(${sql})`
    if (from === 'date') return `to_char((${sql})::timestamp, 'YYYY-MM-DD')`
    if (from === 'dateTime') {
      return `to_char((${sql} at time zone ${around.zone()}), 'YYYY-MM-DD HH24:MI')`
    }
    return from === 'list' ? `nullif((${sql})::text, '[]')` : `(${sql})::text`
  }
}

/** The type in SQL of a value of a formula. */
export const sqlTypes: Readonly<Record<ValueType | 'null', string>> = {
  text: 'text',
  number: 'float8',
  boolean: 'boolean',
  date: 'date',
  dateTime: 'timestamptz',
  list: 'jsonb',
  null: 'text',
}

function nullOf(type: ValueType | 'null'): string {
  return `null::${sqlTypes[type]}`
}

function literalSql({ type, value }: Expression & { kind: 'literal' }): string {
  if (value === null) return nullOf(type)
  if (typeof value === 'string') return `${literal(value)}::text`
  return typeof value === 'number' ? `(${value})::float8` : `${value}`
}

/** A stored value as one that formulas can work on without raising. Money is a number of its unit. */
function operandSql(field: Field, node: Expression & { kind: 'field' }, sql: string): string {
  const isMain = node.part === null || isMainPart(field, node.part)
  switch (node.type) {
    case 'number': {
      const isMoney = isMain && field.typeDefinition.kind === 'currency'
      return `kernel.calc_num((${sql})::float8${isMoney ? ' / 10000' : ''})`
    }
    case 'text':
      return `left((${sql})::text, 10000)`
    case 'date':
      return `kernel.calc_day(${sql})`
    case 'dateTime':
      return `kernel.calc_moment(${sql})`
    default:
      return sql
  }
}

function switchSql(args: readonly string[]): string {
  const [value, ...rest] = args
  const otherwise = rest.length % 2 === 1 ? rest.at(-1) : undefined
  const cases: string[] = []
  for (let index = 0; index + 1 < rest.length; index += 2) {
    cases.push(`when ${rest[index]} then ${rest[index + 1]}`)
  }
  return `(case ${value} ${cases.join(' ')}${otherwise === undefined ? '' : ` else ${otherwise}`} end)`
}
