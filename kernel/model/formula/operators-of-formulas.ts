import type { FormulaFunction } from './functions.ts'

const numbers = (sql: string) => ({ signature: 'number, number -> number', sql })
const ordered = (sign: string) => {
  const sql = `((($1) ${sign} ($2)) is true)`
  return [
    { signature: 'number, number -> boolean', sql },
    { signature: 'date, date -> boolean', sql },
    { signature: 'dateTime, dateTime -> boolean', sql },
    {
      signature: 'text, text -> boolean',
      sql: `((($1) collate "C" ${sign} ($2) collate "C") is true)`,
    },
  ]
}

/** What stands between values, under the names that the parser gives them. */
export const operatorsOfFormulas: Readonly<Record<string, FormulaFunction>> = {
  '+': {
    label: 'Plus; to a day or moment it adds days',
    forms: [
      numbers('kernel.calc_num($1 + $2)'),
      { signature: 'date, number -> date', sql: "kernel.calc_date_add($1, $2, 'd')" },
      {
        signature: 'dateTime, number -> dateTime',
        sql: "kernel.calc_moment_add($1, $2, 'd', $zone)",
      },
    ],
    example: ['1 + 2', 3],
  },
  '-': {
    label: 'Minus; between two days it gives days',
    forms: [
      numbers('kernel.calc_num($1 - $2)'),
      { signature: 'date, number -> date', sql: "kernel.calc_date_add($1, - ($2), 'd')" },
      {
        signature: 'dateTime, number -> dateTime',
        sql: "kernel.calc_moment_add($1, - ($2), 'd', $zone)",
      },
      { signature: 'date, date -> number', sql: '(($1) - ($2))::float8' },
    ],
    example: ['date("2026-03-01") - date("2026-02-01")', 28],
  },
  '*': { label: 'Times', forms: [numbers('kernel.calc_num($1 * $2)')], example: ['2 * 3', 6] },
  '/': {
    label: 'Divided by; blank by zero',
    forms: [numbers('kernel.calc_num($1 / nullif($2, 0))')],
    example: ['1 / 0', null],
  },
  '%': {
    label: 'What a division leaves',
    forms: [numbers('kernel.calc_mod($1, $2)')],
    example: ['-7 % 3', -1],
  },
  negate: {
    label: 'Minus',
    forms: [{ signature: 'number -> number', sql: '(- ($1))' }],
    example: ['-(1 + 2)', -3],
  },
  '&': {
    label: 'Joined as texts',
    forms: [{ signature: 'any, any -> text', sql: 'left(concat($1, $2), 10000)' }],
    example: ['"No. " & 7', 'No. 7'],
  },
  '=': {
    label: 'Equal; blank equals blank',
    forms: [{ signature: 'same, same -> boolean', sql: '(($1) is not distinct from ($2))' }],
    example: ['null = null', true],
  },
  '!=': {
    label: 'Not equal',
    forms: [{ signature: 'same, same -> boolean', sql: '(($1) is distinct from ($2))' }],
    example: ['"a" != "b"', true],
  },
  '<': { label: 'Less than', forms: ordered('<'), example: ['1 < 2', true] },
  '<=': { label: 'At most', forms: ordered('<='), example: ['2 <= 2', true] },
  '>': { label: 'More than', forms: ordered('>'), example: ['null > 1', false] },
  '>=': { label: 'At least', forms: ordered('>='), example: ['"b" >= "a"', true] },
  and: {
    label: 'Both',
    forms: [{ signature: 'boolean, boolean -> boolean', sql: '(($1) is true and ($2) is true)' }],
    example: ['true and null', false],
  },
  or: {
    label: 'One of them at least',
    forms: [{ signature: 'boolean, boolean -> boolean', sql: '(($1) is true or ($2) is true)' }],
    example: ['false or true', true],
  },
  not: {
    label: 'Not',
    forms: [{ signature: 'boolean -> boolean', sql: '(($1) is not true)' }],
    example: ['not false', true],
  },
}
