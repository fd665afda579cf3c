import { InvalidError, type Issue } from '@runwaycrm/sdk'

/** A line of an exported organisation. */
export type Parsed = Readonly<Record<string, unknown>>

/** @throws InvalidError */
export function parse(text: string): Parsed {
  try {
    const line: unknown = JSON.parse(text)
    if (isObject(line)) return line
  } catch {
    // Told below, with the line.
  }
  throw refused(`A line is not what it should be: ${text.slice(0, 60)}`)
}

export function isObject(value: unknown): value is Parsed {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What an import ends with when the file is none that it can take. */
export function refused(message: string): Error {
  const issue: Issue = { path: 'file', code: 'BAD_FORMAT', message }
  return new InvalidError(message, { errors: [issue] })
}
