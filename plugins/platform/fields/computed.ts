import type { FieldTypeHandler } from '@runwaycrm/sdk'
import { refused } from './parsed.ts'

/** What the kernel works out from other fields: it has the codec of its result, and nobody writes it. */
export const computed: FieldTypeHandler = () => ({
  plain: true,
  parse: () => refused('READ_ONLY', 'This is worked out from other fields.'),
  format: ({ main }) => main,
})
