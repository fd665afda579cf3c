import type { FieldTypeHandler } from '@runwaycrm/sdk'
import { refused, stored } from './parsed.ts'

/** Kept in lower case: mail systems that tell cases apart are gone, people who do not are many. */
export const email: FieldTypeHandler = () => ({
  plain: true,
  parse(input) {
    if (typeof input !== 'string') return refused('WRONG_TYPE', 'Expected an email address.')
    const address = input.trim().toLowerCase()
    if (address === '') return stored(null)
    if (address.length > 254) return refused('TOO_LONG', 'At most 254 characters.')
    return isAddress(address)
      ? stored(address)
      : refused('BAD_FORMAT', 'Expected an address such as ann@example.com.')
  },
  // A filter may ask for what no record can have; the answer is nothing, not an error.
  parseFilter: (input) =>
    typeof input === 'string' && input.isWellFormed() && !input.includes('\0')
      ? stored(input.trim().toLowerCase() || null)
      : refused('WRONG_TYPE', 'Expected an email address.'),
  format: ({ main }) => main,
})

/** The part before the @ as mail servers take it, then a host of at least two names. */
const addressForm =
  /^[\p{L}\p{N}.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?\.)+[\p{L}\p{N}-]{2,63}$/u

function isAddress(address: string): boolean {
  const local = address.slice(0, address.indexOf('@'))
  return (
    addressForm.test(address) &&
    !local.startsWith('.') &&
    !local.endsWith('.') &&
    !local.includes('..')
  )
}
