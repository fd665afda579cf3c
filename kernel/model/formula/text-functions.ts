import type { FormulaFunction } from './functions.ts'

const lower = (sql: string) => `lower((${sql}) collate "und-x-icu")`
/** The collation of the argument ends here, so that texts of all functions can be joined. */
const plain = (sql: string) => `((${sql}) collate "default")`
const count = (sql: string, most = 10_000) => `kernel.calc_count(${sql}, 0, ${most})`
const place = (sql: string) => `kernel.calc_count(${sql}, 1, 1000000)`

export const textFunctions: Readonly<Record<string, FormulaFunction>> = {
  upper: {
    label: 'In capitals',
    forms: [{ signature: 'text -> text', sql: plain('upper(($1) collate "und-x-icu")') }],
    example: ['upper("Ada")', 'ADA'],
  },
  lower: {
    label: 'In small letters',
    forms: [{ signature: 'text -> text', sql: plain(lower('$1')) }],
    example: ['lower("Ada")', 'ada'],
  },
  capitalize: {
    label: 'Every word with a capital',
    forms: [{ signature: 'text -> text', sql: plain('initcap(($1) collate "und-x-icu")') }],
    example: ['capitalize("ada lovelace")', 'Ada Lovelace'],
  },
  trim: {
    label: 'Without spaces at both ends',
    forms: [{ signature: 'text -> text', sql: 'btrim($1)' }],
    example: ['trim("  Ada ")', 'Ada'],
  },
  len: {
    label: 'Number of characters',
    forms: [{ signature: 'text -> number', sql: 'length($1)::float8' }],
    example: ['len("Ada")', 3],
  },
  left: {
    label: 'The first characters',
    forms: [{ signature: 'text, number -> text', sql: `left($1, ${count('$2')})` }],
    example: ['left("Lovelace", 4)', 'Love'],
  },
  right: {
    label: 'The last characters',
    forms: [{ signature: 'text, number -> text', sql: `right($1, ${count('$2')})` }],
    example: ['right("Lovelace", 4)', 'lace'],
  },
  mid: {
    label: 'Characters from a place on, 1 is the first',
    forms: [
      {
        signature: 'text, number, number -> text',
        sql: `substr($1, ${place('$2')}, ${count('$3')})`,
      },
    ],
    example: ['mid("Lovelace", 2, 4)', 'ovel'],
  },
  replace: {
    label: 'With one text in place of another; the new one has at most 100 characters',
    forms: [
      {
        signature: 'text, text, text -> text',
        sql: 'left(replace($1, $2, left($3, 100)), 10000)',
      },
    ],
    example: ['replace("a-b-c", "-", "+")', 'a+b+c'],
  },
  contains: {
    label: 'Whether a text is in it, whatever the case; or an option in a choice of several',
    forms: [
      { signature: 'text, text -> boolean', sql: `(strpos(${lower('$1')}, ${lower('$2')}) > 0)` },
      { signature: 'list, text -> boolean', sql: '(($1) ? ($2))' },
    ],
    example: ['contains("Lovelace", "LACE")', true],
  },
  starts_with: {
    label: 'Whether it begins with a text, whatever the case',
    forms: [
      { signature: 'text, text -> boolean', sql: `starts_with(${lower('$1')}, ${lower('$2')})` },
    ],
    example: ['starts_with("Lovelace", "love")', true],
  },
  ends_with: {
    label: 'Whether it ends with a text, whatever the case',
    forms: [
      {
        signature: 'text, text -> boolean',
        sql: `starts_with(reverse(${lower('$1')}), reverse(${lower('$2')}))`,
      },
    ],
    example: ['ends_with("Lovelace", "love")', false],
  },
  find: {
    label: 'Where a text begins, 0 when it is not there',
    forms: [{ signature: 'text, text -> number', sql: 'strpos($1, $2)::float8' }],
    example: ['find("Lovelace", "l")', 5],
  },
  concat: {
    label: 'Joined; what is blank leaves nothing',
    forms: [{ signature: 'any, any... -> text', sql: 'left(concat($*), 10000)' }],
    example: ['concat("No. ", 7, null)', 'No. 7'],
  },
  split_part: {
    label: 'A part of what a sign divides, 1 is the first',
    forms: [
      {
        signature: 'text, text, number -> text',
        sql: `split_part($1, $2, ${place('$3')})`,
      },
    ],
    example: ['split_part("ada@example.test", "@", 2)', 'example.test'],
  },
  pad_left: {
    label: 'Filled up on the left to a length',
    forms: [
      {
        signature: 'text, number, text? -> text',
        sql: `lpad($1, ${count('$2', 1000)}, $3)`,
        defaults: { 2: "'0'" },
      },
    ],
    example: ['pad_left("7", 3)', '007'],
  },
  pad_right: {
    label: 'Filled up on the right to a length',
    forms: [
      {
        signature: 'text, number, text? -> text',
        sql: `rpad($1, ${count('$2', 1000)}, $3)`,
        defaults: { 2: "' '" },
      },
    ],
    example: ['pad_right("7", 3, "-")', '7--'],
  },
  reverse: {
    label: 'From the last character to the first',
    forms: [{ signature: 'text -> text', sql: 'reverse($1)' }],
    example: ['reverse("abc")', 'cba'],
  },
  text: {
    label: 'As a text',
    forms: [{ signature: 'any -> text', sql: '$1' }],
    example: ['text(12.5)', '12.5'],
  },
}
