import { InvalidError, type Issue } from '@runwaycrm/sdk'
import { passwordLimits } from './password.ts'

/**
 * Runs every check, so that an answer names all that is wrong and not the first of it.
 *
 * @returns what the checks returned, in their order.
 * @throws InvalidError with the problems of all of them.
 */
export function checkAll<const Checks extends readonly (() => unknown)[]>(
  ...checks: Checks
): { [Name in keyof Checks]: ReturnType<Checks[Name]> } {
  const errors: Issue[] = []
  const values = checks.map((check) => {
    try {
      return check()
    } catch (error) {
      if (!(error instanceof InvalidError) || !error.errors) throw error
      errors.push(...error.errors)
      return undefined
    }
  })
  if (errors.length > 0) throw new InvalidError(undefined, { errors })
  return values as { [Name in keyof Checks]: ReturnType<Checks[Name]> }
}

export function normalizeEmail(email: string): string {
  return email.trim().toLowerCase()
}

/** @throws InvalidError @returns the email in lower case. */
export function checkEmail(email: string, path = 'email'): string {
  const normal = normalizeEmail(email)
  if (normal.length > 254 || !/^[^\s@"<>,;:()[\]\\]+@[^\s@.]+(\.[^\s@.]+)+$/.test(normal)) {
    throw new InvalidError(undefined, {
      errors: [{ path, code: 'BAD_FORMAT', message: 'This is not an email address.' }],
    })
  }
  return normal
}

/** @throws InvalidError unless it has 10 to 200 characters. */
export function checkPassword(password: string): void {
  const { minLength, maxLength } = passwordLimits
  const length = [...password].length
  if (length < minLength || length > maxLength) {
    throw new InvalidError(undefined, {
      errors: [
        {
          path: 'password',
          code: length > maxLength ? 'TOO_LONG' : 'OUT_OF_RANGE',
          message: `A password has ${minLength} to ${maxLength} characters.`,
        },
      ],
    })
  }
}

/** @throws InvalidError for blank names. @returns the name without space around it. */
export function checkName(name: string, path: string): string {
  const trimmed = name.trim()
  if (trimmed === '' || trimmed.length > 120) {
    throw new InvalidError(undefined, {
      errors: [
        {
          path,
          code: trimmed === '' ? 'REQUIRED' : 'TOO_LONG',
          message: 'A name has 1 to 120 characters.',
        },
      ],
    })
  }
  return trimmed
}

/** @throws InvalidError unless it can be part of an address. */
export function checkSlug(slug: string): string {
  if (/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(slug)) return slug
  throw new InvalidError(undefined, {
    errors: [
      {
        path: 'slug',
        code: 'BAD_FORMAT',
        message: 'A slug has up to 63 small letters, digits and dashes, no dash at the ends.',
      },
    ],
  })
}
