import { isUtf8 } from 'node:buffer'
import { type HookCall, InvalidError, UnsupportedMediaTypeError } from '@runwaycrm/sdk'

export interface Content {
  readonly type: string
  /** As it came. */
  readonly text: string
  /** JSON, or the text itself. */
  readonly value: unknown
}

/**
 * What stands in a message that is genuine. JSON is read as JSON. Other text is kept as text: who signed it meant
 * it, and a sender that is refused sends it for days. Whatever is no text, in UTF-8, is of no use to a workflow.
 *
 * @throws BadJsonError, TooDeepError, InvalidError, UnsupportedMediaTypeError
 */
export function readContent({ body, headers, json }: HookCall): Content {
  const type = (headers['content-type'] ?? '').split(';', 1)[0]!.trim().toLowerCase().slice(0, 120)
  const text = () => Buffer.from(body).toString('utf8')
  if (isJson(type)) {
    const value = json()
    if (repeats(text(), value)) {
      throw new InvalidError(
        'The body says the same name twice, and it is not clear what it means.',
      )
    }
    return { type, text: text(), value }
  }
  const isText = type === '' || /^text\/|[/+]xml$|^application\/x-www-form-urlencoded$/.test(type)
  if (!isText || !isUtf8(body) || body.includes(0)) throw new UnsupportedMediaTypeError()
  return { type, text: text(), value: text() }
}

/** Whether what is called so is read as JSON. */
export const isJson = (type: string): boolean => /^application\/(json|[\w.-]+\+json)$/.test(type)

/** More members are written than there are once it is read: one of them was said twice. */
function repeats(text: string, value: unknown): boolean {
  let written = 0
  let isInText = false
  for (let at = 0; at < text.length; at++) {
    const char = text[at]
    if (char === '"') isInText = !isInText
    else if (char === '\\' && isInText) at++
    else if (char === ':' && !isInText) written++
  }
  return written !== membersOf(value)
}

function membersOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  const inner = Object.values(value).reduce<number>((sum, one) => sum + membersOf(one), 0)
  return inner + (Array.isArray(value) ? 0 : Object.keys(value).length)
}
