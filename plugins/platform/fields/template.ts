import type { FieldTypeHandler } from '@runwaycrm/sdk'
import { refused } from './parsed.ts'

/** Text put together from other fields of the record; the database does it, nobody writes it. */
export const template: FieldTypeHandler = () => ({
  plain: true,
  parse: () => refused('READ_ONLY', 'This text is put together from other fields.'),
  parseFilter: (input) =>
    typeof input === 'string' && input.isWellFormed() && !input.includes('\0')
      ? { ok: true, value: { main: input.trim() === '' ? null : input } }
      : refused('WRONG_TYPE', 'Expected a text.'),
  format: ({ main }) => main,
})
