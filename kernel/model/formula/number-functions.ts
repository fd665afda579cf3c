import type { FormulaFunction } from './functions.ts'

const one = (sql: string) => [{ signature: 'number -> number', sql }]

export const numberFunctions: Readonly<Record<string, FormulaFunction>> = {
  number: {
    label: 'As a number; blank when it is none',
    forms: [
      { signature: 'number -> number', sql: '$1' },
      { signature: 'text -> number', sql: 'kernel.calc_number($1)' },
      { signature: 'boolean -> number', sql: '(($1)::integer)::float8' },
    ],
    example: ['number("n/a")', null],
  },
  is_number: {
    label: 'Whether a text is a number',
    forms: [{ signature: 'text -> boolean', sql: '(kernel.calc_number($1) is not null)' }],
    example: ['is_number("12.5")', true],
  },
  round: {
    label: 'Rounded to digits after the point',
    forms: [
      {
        signature: 'number, number? -> number',
        sql: 'kernel.calc_round($1, $2)',
        defaults: { 1: '0' },
      },
    ],
    example: ['round(2.675, 2)', 2.68],
  },
  floor: {
    label: 'The next whole number below',
    forms: one('floor($1)'),
    example: ['floor(-1.5)', -2],
  },
  ceil: { label: 'The next whole number above', forms: one('ceil($1)'), example: ['ceil(1.2)', 2] },
  trunc: {
    label: 'Without what is after the point',
    forms: one('trunc($1)'),
    example: ['trunc(-1.7)', -1],
  },
  abs: { label: 'Without its sign', forms: one('abs($1)'), example: ['abs(-3)', 3] },
  sign: { label: '-1, 0 or 1', forms: one('sign($1)'), example: ['sign(-3)', -1] },
  min: {
    label: 'The least; blanks do not count',
    forms: [
      { signature: 'number, number... -> number', sql: 'least($*)' },
      { signature: 'date, date... -> date', sql: 'least($*)' },
      { signature: 'dateTime, dateTime... -> dateTime', sql: 'least($*)' },
    ],
    example: ['min(3, 1, 2)', 1],
  },
  max: {
    label: 'The greatest; blanks do not count',
    forms: [
      { signature: 'number, number... -> number', sql: 'greatest($*)' },
      { signature: 'date, date... -> date', sql: 'greatest($*)' },
      { signature: 'dateTime, dateTime... -> dateTime', sql: 'greatest($*)' },
    ],
    example: ['max(3, 1, null)', 3],
  },
  sqrt: { label: 'Square root', forms: one('kernel.calc_sqrt($1)'), example: ['sqrt(9)', 3] },
  power: {
    label: 'To a power',
    forms: [{ signature: 'number, number -> number', sql: 'kernel.calc_power($1, $2)' }],
    example: ['power(2, 10)', 1024],
  },
  mod: {
    label: 'What a division leaves, with the sign of the first',
    forms: [{ signature: 'number, number -> number', sql: 'kernel.calc_mod($1, $2)' }],
    example: ['mod(7, 3)', 1],
  },
  exp: { label: 'e to a power', forms: one('kernel.calc_exp($1)'), example: ['exp(0)', 1] },
  ln: { label: 'Natural logarithm', forms: one('kernel.calc_ln($1)'), example: ['ln(1)', 0] },
  log: {
    label: 'Logarithm, of base 10 when none is given',
    forms: [
      {
        signature: 'number, number? -> number',
        sql: 'kernel.calc_log($1, $2)',
        defaults: { 1: '10' },
      },
    ],
    example: ['log(1000)', 3],
  },
}
