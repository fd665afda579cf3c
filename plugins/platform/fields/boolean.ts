import type { FieldTypeHandler } from '@runwaycrm/sdk'
import { refused, stored } from './parsed.ts'

/** Yes or no, and nothing that only looks like it. */
export const boolean: FieldTypeHandler = () => ({
  plain: true,
  parse: (input) =>
    typeof input === 'boolean' ? stored(input) : refused('WRONG_TYPE', 'Expected true or false.'),
  format: ({ main }) => main,
})
