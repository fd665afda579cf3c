import { type FieldCodec, isKeepableText } from '@runwaycrm/sdk'
import { refused, stored } from './parsed.ts'

/** @param normal the one form in which a text is kept; null when it is none of the kind. */
export function formedText(
  normal: (text: string) => string | null,
  expected: string,
  more: Partial<FieldCodec> = {},
): FieldCodec {
  return {
    plain: true,
    parse(input) {
      if (typeof input !== 'string') return refused('WRONG_TYPE', expected)
      const text = input.trim()
      if (text === '') return stored(null)
      const form = text.length <= 500 ? normal(text) : null
      return form === null ? refused('BAD_FORMAT', expected) : stored(form)
    },
    // A filter may ask for what no record can have; the answer is nothing, not an error.
    parseFilter: (input) =>
      typeof input === 'string' && isKeepableText(input)
        ? stored(normal(input.trim()) ?? (input.trim() || null))
        : refused('WRONG_TYPE', expected),
    format: ({ main }) => main,
    ...more,
  }
}
