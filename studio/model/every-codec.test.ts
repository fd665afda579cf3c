import type { CodecOrg, FieldTypeHandler } from '@runwaycrm/sdk'
import { describe, expect, it } from 'vitest'
import { handlers as fieldHandlers } from '../../plugins/platform/fields/server.ts'
import { codeChoices } from '../format/code-names.ts'
import { fieldTypes } from '../testing/field-types.ts'
import { controlStyle } from './edit-style.ts'
import { fieldKind } from './field-kinds.ts'
import { inputText } from './input-text.ts'
import { parseInput } from './parse-input.ts'

const org: CodecOrg = { currency: 'EUR', country: 'NO', timeZone: 'Europe/Oslo' }
const context = { locale: 'en', currency: 'EUR' }
const handlers = fieldHandlers as unknown as Readonly<Record<string, FieldTypeHandler>>

const types = fieldTypes.flatMap((type) => {
  const handler = handlers[type.definition.handler]
  return handler && !type.field.readOnly
    ? [{ ...type, codec: handler({ key: 'x', label: 'X', params: {} }) }]
    : []
})
const typed = types.filter(({ field }) => /input|text/.test(controlStyle(field)))

describe.each(typed)(
  'what is typed into a field of the type $ref',
  ({ field, examples, codec }) => {
    it('is taken by the server when the studio takes it, and comes back the same', () => {
      for (const example of examples) {
        const parsed = parseInput(field, inputText(field, example, context), example, context)
        if (!parsed.ok) throw new Error(`${inputText(field, example, context)}: ${parsed.expects}`)
        const kept = codec.parse(parsed.value, org)
        if (!kept.ok) throw new Error(kept.problem.message)
        expect(codec.format(kept.value)).toEqual(example)
      }
    })
  },
)

describe('texts that mean something to the server', () => {
  const texts = [
    ...[
      '90',
      '0',
      '1:30',
      '1:30:15',
      '1h 30m',
      '1h30m',
      '90m',
      '2w',
      '3d 4h',
      '1.5h',
      'soon',
      '1:75',
    ],
    ...['9:30', '09:30', '9:30 pm', '12:00 am', '24:00', '13:00 pm', '09:30:00', '7'],
    ...[
      '2026-03',
      '2026-13',
      '0000-01',
      '2026-03-01',
      '2026-02-30',
      '#36f',
      '#3366FF',
      '3366ff',
      'red',
    ],
  ]
  const same = ['duration', 'time', 'month', 'color']
  it.each(same)('are read as %s by the studio as by the server', (key) => {
    const type = types.find(({ ref }) => ref === `platform.fields:${key}`)
    if (!type) throw new Error('There is no such type.')
    for (const text of texts) {
      const here = parseInput(type.field, text, null, context)
      const there = type.codec.parse(text, org)
      expect([text, here.ok ? here.value : null]).toEqual([
        text,
        there.ok ? there.value.main : null,
      ])
    }
  })
})

describe('what is offered to choose from', () => {
  const kinds = types.filter(({ field }) => codeChoices(fieldKind(field), 'en').length > 0)
  it.each(kinds)('is taken by the server: $ref', ({ field, codec }) => {
    const refused = codeChoices(fieldKind(field), 'en').filter(({ key }) => {
      const parsed = codec.parse(key, org)
      return !parsed.ok || parsed.value.main !== key
    })
    expect(refused).toEqual([])
  })

  it('is there for countries, languages, currencies and time zones', () => {
    expect(kinds.map(({ field }) => fieldKind(field)).sort()).toEqual([
      ...['country', 'currencyCode', 'language', 'timeZone'],
    ])
  })
})
