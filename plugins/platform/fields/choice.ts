import { type FieldCodec, type FieldTypeHandler, isKeepableText } from '@runwaycrm/sdk'
import { refused, stored } from './parsed.ts'

/** The key of one option. Which options there are stands in the field's definition; the kernel checks. */
export const select: FieldTypeHandler = () => ({
  plain: true,
  parse(input) {
    if (typeof input !== 'string') return refused('WRONG_TYPE', 'Expected the key of an option.')
    if (input.trim() === '') return stored(null)
    return input.length <= 63 && isKeepableText(input)
      ? stored(input)
      : refused('UNKNOWN_OPTION', 'There is no such option.')
  },
  format: ({ main }) => main,
})

/** Keys of options, each once, in the order of choosing. */
export const multiSelect: FieldTypeHandler = () => listCodec(63)

/** Words that people attach, each once. */
export const tags: FieldTypeHandler = () => listCodec(100)

const maxItems = 200

function listCodec(maxLength: number): FieldCodec {
  return {
    plain: true,
    parse(input) {
      if (!Array.isArray(input)) return refused('WRONG_TYPE', 'Expected a list of texts.')
      const items: string[] = []
      for (const [index, item] of input.entries()) {
        const path = String(index)
        if (typeof item !== 'string') return refused('WRONG_TYPE', 'Expected a text.', path)
        const word = item.trim()
        if (word === '') return refused('BAD_FORMAT', 'A blank text is no entry.', path)
        if (word.length > maxLength) {
          return refused('TOO_LONG', `At most ${maxLength} characters.`, path)
        }
        if (!isKeepableText(word)) {
          return refused('BAD_FORMAT', 'The text has characters that cannot be kept.', path)
        }
        if (!items.includes(word)) items.push(word)
        if (items.length > maxItems) return refused('TOO_LONG', `At most ${maxItems} entries.`)
      }
      return stored(items)
    },
    parseFilter: (input) =>
      typeof input === 'string' && isKeepableText(input)
        ? stored(input)
        : refused('WRONG_TYPE', 'Expected a text.'),
    format: ({ main }) => main,
    text: ({ main }) => (Array.isArray(main) ? main.join(', ') : ''),
  }
}
