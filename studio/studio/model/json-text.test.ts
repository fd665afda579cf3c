import { describe, expect, it } from 'vitest'
import { formatJson, rangeOf, readJson } from './json-text.ts'
import { inSchemaOrder } from './schema-order.ts'

describe('the source', () => {
  it('keeps short parts on one line', () => {
    const text = formatJson({ type: 'money', label: { en: 'Budget', de: 'Budget' }, list: [1, 2] })
    expect(text).toBe(
      '{\n  "type": "money",\n  "label": { "en": "Budget", "de": "Budget" },\n  "list": [1, 2]\n}',
    )
    const read = readJson(text)
    expect(read.ok && read.value).toEqual(JSON.parse(text))
  })

  it('knows where each part stands', () => {
    const text = '{"a": {"b": [true, "x"]}}'
    const read = readJson(text)
    if (!read.ok) throw new Error('unread')
    const at = (path: readonly string[]) => {
      const { from, to } = rangeOf(read, path)
      return text.slice(from, to)
    }
    expect(at(['a', 'b', '1'])).toBe('"x"')
    expect(at(['a', 'missing'])).toBe('{"b": [true, "x"]}')
  })

  it.each(['', '{', '{"a" 1}', '[1,]', '01', '{"a": tru}', '{} {}', '"a\nb"'])(
    'says where %j stops being JSON',
    (text) => {
      expect(readJson(text).ok).toBe(false)
      expect(() => JSON.parse(text)).toThrow()
    },
  )

  it('has the members in the order of the schema', () => {
    const schema = { type: 'object', properties: { type: {}, label: {}, order: {} } }
    expect(
      Object.keys(inSchemaOrder({ order: 1, label: 'A', type: 't' }, schema) as object),
    ).toEqual(['type', 'label', 'order'])
  })
})
