import {
  type CodecOrg,
  dayIn,
  type FieldCodec,
  isCalendarDay,
  momentIn,
  type StoredValue,
} from '@runwaycrm/sdk'
import type { Field } from '../model/model.ts'
import { type CheckedValue, createValueCheck } from './check-value.ts'
import type { Codecs } from './fields.ts'

/** @returns `value: null` for one that is blank afterwards. */
export type Convert = (
  stored: StoredValue,
  org: CodecOrg,
) => CheckedValue & { readonly text: string }

/** Reads values of one field as values of another: as text, and then as if a person had given it. */
export function createConversion(was: Field, is: Field, codecs: Codecs): Convert {
  const codec = codecs.of(was)
  const check = createValueCheck(is, codecs.of(is))
  return (stored, org) => {
    const text = textOf(was, codec, stored)
    return { text, ...check(inputOf(was, is, stored, text, org), org) }
  }
}

function textOf(field: Field, codec: FieldCodec, stored: StoredValue): string {
  const { options = {} } = field.definition
  if (field.typeDefinition.kind === 'option') {
    const key = String(stored.main)
    return (Object.hasOwn(options, key) ? options[key]?.label : undefined) ?? key
  }
  return codec.text?.(stored) ?? String(codec.format(stored))
}

const number = /^[+-]?\d+(\.\d+)?$/
const amount = /^([+-]?\d+(?:\.\d+)?)\s*([A-Za-z]{3})$/

/** What a person would have sent. What cannot be read goes on as it is, so that the codec says why not. */
function inputOf(was: Field, is: Field, stored: StoredValue, text: string, org: CodecOrg): unknown {
  const written = text.trim()
  const from = was.typeDefinition.kind
  switch (is.typeDefinition.kind) {
    case 'number': {
      const digits =
        from === 'currency' ? (amount.exec(written)?.[1] ?? written) : written.replace(/\s*%$/, '')
      return number.test(digits) ? Number(digits) : text
    }
    case 'currency': {
      const [, digits, code] = amount.exec(written) ?? []
      return digits === undefined ? written : { amount: digits, currency: code }
    }
    case 'boolean': {
      const word = written.toLowerCase()
      if (['true', 'yes', '1'].includes(word)) return true
      return ['false', 'no', '0'].includes(word) ? false : text
    }
    case 'date':
      return from === 'dateTime' ? dayIn(new Date(String(stored.main)), org.timeZone) : written
    case 'dateTime':
      return isCalendarDay(written) ? momentIn(written, '00:00', org.timeZone) : written
    case 'option': {
      const { main } = stored
      if (Array.isArray(main)) return main.length === 1 ? optionOf(is, String(main[0])) : main
      return optionOf(is, from === 'option' ? String(main) : written, written)
    }
    case 'options': {
      const words = Array.isArray(stored.main)
        ? stored.main.map(String)
        : [...split(was, stored, written)]
      return words.map((word) => optionOf(is, word))
    }
    default:
      return text
  }
}

function split(was: Field, stored: StoredValue, written: string): string[] {
  if (was.typeDefinition.kind === 'option') return [String(stored.main)]
  return written
    .split(/[,;]/)
    .map((word) => word.trim())
    .filter((word) => word !== '')
}

/** The key of the option with that key or label. */
function optionOf({ definition: { options } }: Field, ...words: string[]): string {
  const [first = ''] = words
  if (!options) return first
  for (const word of words) {
    if (Object.hasOwn(options, word)) return word
    const same = (label: string | undefined) => label?.toLowerCase() === word.toLowerCase()
    const found = Object.entries(options).find(([key, { label }]) => same(key) || same(label))
    if (found) return found[0]
  }
  return first
}
