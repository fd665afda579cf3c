import type { FormulaFunction } from './functions.ts'

/** Comparisons and what joins them are true or false, never blank: blank equals blank alone. */
export const logicFunctions: Readonly<Record<string, FormulaFunction>> = {
  if: {
    label: 'One value or another; blank when the other is missing',
    forms: [
      {
        signature: 'boolean, same, same? -> same',
        sql: '(case when ($1) is true then $2 else $3 end)',
        defaults: { 2: 'null' },
      },
    ],
    example: ['if(2 > 1, "yes", "no")', 'yes'],
  },
  switch: {
    label: 'The value behind the first that is equal, or the last of all',
    // Pairs have no signature: `check.ts` knows them.
    forms: [{ signature: 'any, any, any, any... -> any', sql: '' }],
    example: ['switch("b", "a", 1, "b", 2, 3)', 2],
  },
  coalesce: {
    label: 'The first that is not blank',
    forms: [{ signature: 'same, same... -> same', sql: 'coalesce($*)' }],
    example: ['coalesce(null, "b", "c")', 'b'],
  },
  null_if: {
    label: 'Blank when both are equal, the first otherwise',
    forms: [{ signature: 'same, same -> same', sql: 'nullif($1, $2)' }],
    example: ['null_if(0, 0)', null],
  },
  is_blank: {
    label: 'Whether there is nothing',
    forms: [{ signature: 'any -> boolean', sql: "(nullif($1, '') is null)" }],
    example: ['is_blank("")', true],
  },
  between: {
    label: 'Whether it is between two, both included',
    forms: [
      {
        signature: 'number, number, number -> boolean',
        sql: '((($1) between ($2) and ($3)) is true)',
      },
      { signature: 'date, date, date -> boolean', sql: '((($1) between ($2) and ($3)) is true)' },
      {
        signature: 'dateTime, dateTime, dateTime -> boolean',
        sql: '((($1) between ($2) and ($3)) is true)',
      },
    ],
    example: ['between(5, 1, 5)', true],
  },
}
