import { InvalidError, type Issue } from '@runwaycrm/sdk'
import { isStorable } from './json-body.ts'

const mostPairs = 1_000

/**
 * What an HTML form posts (`application/x-www-form-urlencoded`): texts by name, lists of texts where a name
 * comes more than once. Line ends are those of texts here, not the form's CRLF.
 *
 * @throws InvalidError for names that could reach a prototype and characters that cannot be kept.
 */
export function parseForm(body: string): Readonly<Record<string, string | readonly string[]>> {
  const values = new Map<string, string | string[]>()
  const errors: Issue[] = []
  let count = 0
  for (const [name, raw] of new URLSearchParams(body)) {
    if (++count > mostPairs) throw new InvalidError('The form has too many values.')
    const value = raw.replaceAll('\r\n', '\n')
    if (name === '__proto__' || !isStorable(name)) {
      errors.push({ path: name, code: 'UNKNOWN_FIELD', message: 'There is no such field.' })
    } else if (!isStorable(value)) {
      const message = 'It has characters that cannot be used.'
      errors.push({ path: name, code: 'BAD_FORMAT', message })
    }
    const known = values.get(name)
    if (known === undefined) values.set(name, value)
    else values.set(name, [...(typeof known === 'string' ? [known] : known), value])
  }
  if (errors.length > 0) throw new InvalidError(undefined, { errors: errors.slice(0, 50) })
  return Object.fromEntries(values)
}
