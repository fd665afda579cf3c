import { type FieldTypeHandler, isKeepableText } from '@runwaycrm/sdk'
import { refused, stored } from './parsed.ts'

/** An address on the web, kept as it was written. Anything but http and https is refused. */
export const url: FieldTypeHandler = () => ({
  plain: true,
  parse(input) {
    if (typeof input !== 'string') return refused('WRONG_TYPE', 'Expected a web address.')
    const address = input.trim()
    if (address === '') return stored(null)
    if (address.length > 2048) return refused('TOO_LONG', 'At most 2,048 characters.')
    return isWebAddress(address)
      ? stored(address)
      : refused('BAD_FORMAT', 'Expected an address such as https://example.com.')
  },
  parseFilter: (input) =>
    typeof input === 'string' && isKeepableText(input)
      ? stored(input.trim() || null)
      : refused('WRONG_TYPE', 'Expected a web address.'),
  format: ({ main }) => main,
})

/** White space and control characters are refused: URL parsers drop them, people do not see them. */
function isWebAddress(address: string): boolean {
  if (!isKeepableText(address) || !/^https?:\/\/[^\s\p{Cc}\p{Cf}]+$/iu.test(address)) return false
  return URL.canParse(address) && new URL(address).hostname !== ''
}
