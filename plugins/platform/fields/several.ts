import type { FieldTypeHandler } from '@runwaycrm/sdk'
import { email } from './email.ts'
import { refused, stored } from './parsed.ts'
import { phone } from './phone.ts'

/** Mail addresses, each once. */
export const emails: FieldTypeHandler = severalOf(email)

/** Phone numbers, each once. */
export const phones: FieldTypeHandler = severalOf(phone)

const mostItems = 20

function severalOf(one: FieldTypeHandler): FieldTypeHandler {
  return (field) => {
    const codec = one(field)
    return {
      plain: true,
      parse(input, org) {
        if (!Array.isArray(input)) return refused('WRONG_TYPE', 'Expected a list of texts.')
        const items: unknown[] = []
        for (const [index, item] of input.entries()) {
          const parsed = codec.parse(item, org)
          if (!parsed.ok) {
            return refused(parsed.problem.code, parsed.problem.message, String(index))
          }
          const { main } = parsed.value
          if (main !== null && !items.includes(main)) items.push(main)
          if (items.length > mostItems) return refused('TOO_LONG', `At most ${mostItems}.`)
        }
        return stored(items.length === 0 ? null : items)
      },
      parseFilter: (input, org) => codec.parse(input, org),
      format: ({ main }) => main,
      text: ({ main }) => (main as readonly string[]).join(', '),
    }
  }
}
