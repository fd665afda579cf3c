import { type FieldCodec, type FieldTypeHandler, isKeepableText } from '@runwaycrm/sdk'
import { refused, stored } from './parsed.ts'

/** One line or a few words. */
export const text: FieldTypeHandler = ({ params }) => textCodec(lengthOf(params, 500))

/** Paragraphs. */
export const longText: FieldTypeHandler = ({ params }) => textCodec(lengthOf(params, 100_000))

/** Source text: lines and indentation stay as they are. */
export const code: FieldTypeHandler = ({ params }) => textCodec(lengthOf(params, 100_000))

/** A text is kept as it was written; one of nothing but white space is blank. */
function textCodec(maxLength: number): FieldCodec {
  return {
    plain: true,
    parse(input) {
      if (typeof input !== 'string') return refused('WRONG_TYPE', 'Expected a text.')
      if (input.length > maxLength) {
        return refused('TOO_LONG', `At most ${maxLength.toLocaleString('en')} characters.`)
      }
      if (!isKeepableText(input)) {
        return refused('BAD_FORMAT', 'The text has characters that cannot be kept.')
      }
      return stored(input.trim() === '' ? null : input)
    },
    format: ({ main }) => main,
  }
}

function lengthOf(params: Readonly<Record<string, unknown>>, otherwise: number): number {
  return typeof params['maxLength'] === 'number' ? params['maxLength'] : otherwise
}
