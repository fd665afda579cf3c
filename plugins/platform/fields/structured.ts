import { type FieldTypeHandler, isKeepableText, type Parsed } from '@runwaycrm/sdk'
import { refused, stored } from './parsed.ts'

/** Things to do and whether they are done, in their order: `[{"text": "Call", "done": false}]`. */
export const checklist: FieldTypeHandler = () => ({
  plain: true,
  parse(input) {
    if (!Array.isArray(input)) return refused('WRONG_TYPE', 'Expected a list of {"text", "done"}.')
    if (input.length > 200) return refused('TOO_LONG', 'At most 200 entries.')
    const entries: { readonly text: string; readonly done: boolean }[] = []
    for (const [index, item] of input.entries()) {
      const entry: unknown = typeof item === 'string' ? { text: item } : item
      if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
        return refused('WRONG_TYPE', 'Expected {"text", "done"}.', String(index))
      }
      const unknown = Object.keys(entry).find((name) => name !== 'text' && name !== 'done')
      if (unknown !== undefined) {
        return refused('UNKNOWN_FIELD', 'An entry has "text" and "done" only.', String(index))
      }
      const { text, done = false } = entry as Readonly<Record<string, unknown>>
      const problem = problemOfText(text, 500, `${index}.text`)
      if (problem) return problem
      if (typeof done !== 'boolean') {
        return refused('WRONG_TYPE', 'Expected true or false.', `${index}.done`)
      }
      entries.push({ text: (text as string).trim(), done })
    }
    return stored(entries.length === 0 ? null : entries)
  },
  format: ({ main }) => main,
  text: ({ main }) =>
    (main as { text: string; done: boolean }[])
      .map(({ text, done }) => `${done ? '[x]' : '[ ]'} ${text}`)
      .join(', '),
})

/** Texts under names that people choose: `{"Size": "XL"}`. */
export const keyValue: FieldTypeHandler = () => ({
  plain: true,
  parse(input) {
    if (typeof input !== 'object' || input === null || Array.isArray(input)) {
      return refused('WRONG_TYPE', 'Expected an object of texts.')
    }
    const pairs: [string, string][] = []
    for (const [name, value] of Object.entries(input)) {
      const problem = problemOfText(name, 100) ?? problemOfText(value, 1000, name.slice(0, 100))
      if (problem) return problem
      pairs.push([name.trim(), (value as string).trim()])
    }
    if (pairs.length > 100) return refused('TOO_LONG', 'At most 100 entries.')
    return stored(pairs.length === 0 ? null : Object.fromEntries(pairs))
  },
  format: ({ main }) => main,
  text: ({ main }) =>
    Object.entries(main as Record<string, string>)
      .map(([name, value]) => `${name}: ${value}`)
      .join(', '),
})

function problemOfText(text: unknown, maxLength: number, path?: string): Parsed | null {
  if (typeof text !== 'string') return refused('WRONG_TYPE', 'Expected a text.', path)
  if (text.trim() === '') return refused('BAD_FORMAT', 'A blank text is no entry.', path)
  if (text.length > maxLength) return refused('TOO_LONG', `At most ${maxLength} characters.`, path)
  return isKeepableText(text)
    ? null
    : refused('BAD_FORMAT', 'The text has characters that cannot be kept.', path)
}
