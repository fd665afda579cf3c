import type { Seeded } from '../../../kernel/records/testing/seeded.ts'

const pieces = [
  '(',
  ')',
  '((((((((',
  '))))',
  ',',
  '"',
  "'",
  '""',
  '+',
  '-',
  '*',
  '/',
  '%',
  '&',
  '=',
  '!=',
  '<',
  '<=',
  ' and ',
  ' or ',
  ' not ',
  ' null ',
  'if(',
  'switch(',
  'upper(',
  'date_add(',
  'name',
  'price',
  'tags',
  'agent.',
  '.',
  '..',
  '__proto__',
  'constructor(',
  '{name}',
  '`',
  '\u0000',
  '\ud800',
  '😀',
  ';',
  '--',
  '/*',
  "'; drop table tenant.record; --",
  '1e999',
  '1e-999',
  '9'.repeat(40),
  '0x1F',
  '\\',
  '$1',
  '$$',
  '::text',
  ' '.repeat(30),
  '\n',
  'x'.repeat(100),
  '-'.repeat(50),
] as const

/** The text of a formula, broken once or a few times: pieces added, cut out, doubled, put elsewhere. */
export function mutateFormula(source: string, random: Seeded): string {
  let text = source
  for (let count = 1 + random.below(3); count > 0; count--) {
    const at = random.below(text.length + 1)
    const end = Math.min(text.length, at + 1 + random.below(12))
    switch (random.below(5)) {
      case 0:
        text = text.slice(0, at) + random.pick(pieces) + text.slice(at)
        break
      case 1:
        text = text.slice(0, at) + text.slice(end)
        break
      case 2:
        text = text.slice(0, end) + text.slice(at)
        break
      case 3:
        text = text.slice(end) + text.slice(0, end)
        break
      default:
        text = text.slice(0, at) + random.pick(pieces) + text.slice(end)
    }
  }
  return text
}
