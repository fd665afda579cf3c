import { isUtf8 } from 'node:buffer'
import {
  BadJsonError,
  InvalidError,
  type Issue,
  TooDeepError,
  UnsupportedMediaTypeError,
} from '@runwaycrm/sdk'

const deepest = 32

/**
 * The value of a JSON body. Deeper than 32 levels is refused before it is parsed. Names that could reach
 * a prototype and characters that PostgreSQL cannot keep are refused with their paths, all at once.
 *
 * @throws BadJsonError, TooDeepError, InvalidError
 */
export function parseJsonBody(bytes: Buffer): unknown {
  if (!isUtf8(bytes)) throw new BadJsonError('The body is not UTF-8.')
  return parseJson(bytes.toString('utf8'))
}

export function parseJson(text: string): unknown {
  checkDepth(text)
  let value: unknown
  try {
    value = JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text)
  } catch (cause) {
    throw new BadJsonError(`The body is not JSON: ${wordsOf(cause)}.`, { cause })
  }
  // Escapes and this name are rare; most bodies are not walked at all.
  if (text.includes('\\u') || text.includes('__proto__')) checkNames(value)
  return value
}

/** `application/json`, with or without `charset=utf-8`; whatever else is not for us. */
export function checkJsonType(contentType: string): void {
  if (contentType === 'application/json') return
  if (/^application\/json\s*;\s*charset\s*=\s*"?utf-?8"?\s*$/i.test(contentType)) return
  if (/^application\/json\s*;?\s*$/i.test(contentType)) return
  throw new UnsupportedMediaTypeError()
}

function checkDepth(text: string): void {
  let depth = 0
  let inText = false
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i)
    if (inText) {
      if (char === 0x5c) i++
      else if (char === 0x22) inText = false
    } else if (char === 0x22) inText = true
    else if (char === 0x7b || char === 0x5b) {
      if (++depth > deepest) throw new TooDeepError()
    } else if (char === 0x7d || char === 0x5d) depth--
  }
}

function checkNames(root: unknown): void {
  const errors: Issue[] = []
  walk(root, '')
  if (errors.length > 0) throw new InvalidError(undefined, { errors: errors.slice(0, 100) })

  function walk(value: unknown, path: string): void {
    if (typeof value === 'string') {
      if (!isStorable(value)) errors.push(unstorable(path))
    } else if (Array.isArray(value)) {
      for (const [index, item] of value.entries()) walk(item, `${path}[${index}]`)
    } else if (typeof value === 'object' && value !== null) {
      for (const [name, item] of Object.entries(value)) {
        const at = path === '' ? name : `${path}.${name}`
        if (name === '__proto__') {
          errors.push({ path: at, code: 'UNKNOWN_FIELD', message: 'There is no such field.' })
        } else if (!isStorable(name)) errors.push(unstorable(at))
        else walk(item, at)
      }
    }
  }
}

/** PostgreSQL keeps neither NUL nor half of a surrogate pair. */
export function isStorable(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed()
}

function unstorable(path: string): Issue {
  return {
    path: path.toWellFormed().replaceAll('\0', ''),
    code: 'BAD_FORMAT',
    message: 'The text has characters that cannot be stored.',
  }
}

function wordsOf(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : ''
  // V8 quotes the body; only the place is of use, and the body may hold a password.
  const place = /position \d+/.exec(message)?.[0]
  return place ? `unexpected text at ${place}` : 'it ends too early or is empty'
}
