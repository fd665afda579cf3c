import { InvalidError, UnknownParameterError } from '@runwaycrm/sdk'
import { isUuid } from '../database/uuid.ts'
import { isStorable } from './json-body.ts'

/**
 * The query of a request, every name known and given once.
 * @throws UnknownParameterError
 */
export function readQuery(
  query: unknown,
  known: Readonly<Record<string, unknown>>,
): Readonly<Record<string, string>> {
  const values = query as Readonly<Record<string, string | readonly string[]>>
  for (const name in values) {
    if (!Object.hasOwn(known, name)) {
      const names = Object.keys(known).join(', ')
      throw new UnknownParameterError(
        `There is no parameter "${name.slice(0, 60)}" here. ${names === '' ? 'There are none.' : `Known: ${names}.`}`,
      )
    }
    const value = values[name]
    if (typeof value !== 'string') {
      throw new UnknownParameterError(`The parameter "${name}" may be given once only.`)
    }
    if (!isStorable(value))
      throw invalid(name, 'BAD_FORMAT', 'It has characters that cannot be used.')
  }
  return values as Readonly<Record<string, string>>
}

/** @throws InvalidError unless it is a whole number in the range. */
export function wholeNumber(
  query: Readonly<Record<string, string>>,
  name: string,
  range: { readonly min: number; readonly max: number },
): number | undefined {
  const text = query[name]
  if (text === undefined) return undefined
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
  if (Number.isNaN(value)) throw invalid(name, 'WRONG_TYPE', 'It must be a whole number.')
  if (value < range.min || value > range.max) {
    throw invalid(name, 'OUT_OF_RANGE', `It must be ${range.min} to ${range.max}.`)
  }
  return value
}

/** @throws InvalidError unless it is a UUID. */
export function uuidValue(
  query: Readonly<Record<string, string>>,
  name: string,
): string | undefined {
  const text = query[name]
  if (text !== undefined && !isUuid(text)) throw invalid(name, 'BAD_FORMAT', 'It must be a UUID.')
  return text
}

/** @throws InvalidError unless it is one of the options. */
export function oneOf<const T extends string>(
  query: Readonly<Record<string, string>>,
  name: string,
  options: readonly T[],
): T | undefined {
  const text = query[name]
  if (text === undefined) return undefined
  const found = options.find((option) => option === text)
  if (found === undefined) {
    throw invalid(name, 'UNKNOWN_OPTION', `It must be one of: ${options.join(', ')}.`)
  }
  return found
}

/** `name,email` → `['name', 'email']`; blanks are dropped. */
export function namesOf(text: string | undefined): readonly string[] | undefined {
  if (text === undefined) return undefined
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
}

function invalid(
  path: string,
  code: 'WRONG_TYPE' | 'OUT_OF_RANGE' | 'UNKNOWN_OPTION' | 'BAD_FORMAT',
  message: string,
) {
  return new InvalidError(`The parameter "${path}" is not valid: ${message}`, {
    errors: [{ path, code, message }],
  })
}
