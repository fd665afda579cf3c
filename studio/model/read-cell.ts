import type { FieldInfo } from '@runwaycrm/sdk'
import { codeChoices } from '../format/code-names.ts'
import { controlStyle, isMultiple } from './edit-style.ts'
import { type FieldKind, fieldKind } from './field-kinds.ts'
import { type Expected, type InputContext, parseInput } from './parse-input.ts'
import { readDay, splitMoment } from './read-day.ts'
import { isMoney } from './read-value.ts'

/** Why a cell does not take what was pasted; the words are `paste.why.<code>`. */
export interface Unread {
  readonly code:
    | 'readOnly'
    | 'required'
    | 'option'
    | 'record'
    | 'ambiguous'
    | 'tooLong'
    | 'tooSmall'
    | 'tooLarge'
    | 'email'
    | 'yesNo'
    | 'noText'
    | 'missing'
    | 'expects'
  readonly expects?: Expected
  /** What the words name besides: a limit, an option that is not there. */
  readonly what?: string
}
export type ReadCell =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly why: Unread }

/** What a name was found to be; `undefined` while nobody has looked. */
export type FoundName = { readonly id: string } | 'unknown' | 'ambiguous' | undefined

export interface ReadContext extends InputContext {
  /** Words of this language for yes and no. */
  readonly yes: string
  readonly no: string
  /** The record of that name among those that the field may lead to. */
  readonly find: (field: FieldInfo, name: string) => FoundName
}

/** Kinds whose values are records, found by their names. */
const named: ReadonlySet<FieldKind> = new Set(['relation', 'relations', 'user', 'users'])
/** Values that have a form of their own and can be written as a text as well. */
const asText: ReadonlySet<FieldKind> = new Set([
  ...(['personName', 'color', 'geo', 'rating', 'slider', 'richText'] as const),
])
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/**
 * What a pasted text is as a value of this field. Blank clears. What only the server can judge goes through.
 *
 * @param isNew for a record that is yet to be made.
 */
export function readCell(
  field: FieldInfo,
  words: string,
  before: unknown,
  context: ReadContext,
  isNew = false,
): ReadCell {
  const text = words.trim()
  const style = controlStyle(field)
  if (field.readOnly || !(isNew ? field.can.create : field.can.update)) return not('readOnly')
  if (text === '') return field.required ? not('required') : fine(null)
  const kind = fieldKind(field)
  if (named.has(kind)) return readNames(field, text, context)
  if (style === 'toggle') return readYesNo(text, context)
  if (style === 'picker') return readOptions(field, kind, text, context)
  if (style === 'none' || (style === 'form' && !asText.has(kind))) return not('noText')
  return checked(field, readText(field, kind, words, text, before, context))
}

/** The names in a cell that have to be looked up, each as it may be meant: whole, or one of several. */
export function namesIn(field: FieldInfo, words: string): readonly string[] {
  const text = words.trim()
  const kind = fieldKind(field)
  if (!named.has(kind) || text === '' || uuid.test(text)) return []
  return kind === 'relations' || kind === 'users' ? [...new Set([text, ...partsOf(text)])] : [text]
}

const fine = (value: unknown): ReadCell => ({ ok: true, value })
const not = (code: Unread['code'], what?: string): ReadCell => ({
  ok: false,
  why: { code, ...(what === undefined ? {} : { what }) },
})

const partsOf = (text: string): readonly string[] =>
  text
    .split(/[;\n]/.test(text) ? /[;\n]/ : ',')
    .map((part) => part.trim())
    .filter((part) => part !== '')

function readNames(field: FieldInfo, text: string, context: ReadContext): ReadCell {
  const find = (name: string): FoundName =>
    uuid.test(name) ? { id: name.toLowerCase() } : context.find(field, name)
  const whole = find(text)
  const isOne = typeof whole === 'object'
  if (!isMultiple(field))
    return isOne ? fine(whole.id) : not(whole === 'ambiguous' ? 'ambiguous' : 'record', text)
  if (isOne) return fine([whole.id])
  const ids: string[] = []
  for (const name of partsOf(text)) {
    const found = find(name)
    if (typeof found !== 'object') return not(found === 'ambiguous' ? 'ambiguous' : 'record', name)
    ids.push(found.id)
  }
  return fine([...new Set(ids)])
}

function readYesNo(text: string, { yes, no }: ReadContext): ReadCell {
  const word = text.toLocaleLowerCase()
  if (['true', 'yes', 'y', '1', 'x', '✓', '☑', yes.toLocaleLowerCase()].includes(word))
    return fine(true)
  if (['false', 'no', 'n', '0', '-', '☐', no.toLocaleLowerCase()].includes(word)) return fine(false)
  return not('yesNo')
}

function readOptions(
  field: FieldInfo,
  kind: FieldKind,
  text: string,
  context: ReadContext,
): ReadCell {
  const choices = field.options ?? codeChoices(kind, context.locale)
  const keyOf = (word: string): string | undefined => {
    const wanted = word.toLocaleLowerCase()
    return choices.find((one) =>
      [one.key, one.label].some((name) => name.toLocaleLowerCase() === wanted),
    )?.key
  }
  if (!isMultiple(field)) {
    const key = keyOf(text)
    if (key === undefined && kind === 'reference') return not('noText')
    return key === undefined ? not('option', text) : fine(key)
  }
  // Tags without options are whatever somebody writes.
  const isFree = kind === 'tags' && !field.options
  const keys: string[] = []
  for (const part of partsOf(text)) {
    const key = isFree ? part : keyOf(part)
    if (key === undefined) return not('option', part)
    keys.push(key)
  }
  return fine([...new Set(keys)])
}

function readText(
  field: FieldInfo,
  kind: FieldKind,
  words: string,
  text: string,
  before: unknown,
  context: ReadContext,
): ReadCell {
  const parse = (shown: string, seen = before): ReadCell => {
    const parsed = parseInput(field, shown, seen, context)
    return parsed.ok ? parsed : { ok: false, why: { code: 'expects', expects: parsed.expects } }
  }
  if (kind === 'date') return parse(readDay(text, context.locale) ?? '?')
  if (kind === 'dateTime') {
    const { day, time } = splitMoment(text)
    const found = readDay(day, context.locale)
    return parse(found === null ? '?' : `${found}T${(time || '00:00').padStart(5, '0')}`)
  }
  if (kind === 'currency') {
    const code = /^([A-Z]{3})(?=[\s\d-])|[\s\d]([A-Z]{3})$/.exec(text)?.slice(1).find(Boolean)
    if (code) return parse(text.replace(code, ''), { amount: '0', currency: code })
    return parse(text, isMoney(before) ? before : null)
  }
  if (kind === 'email' && !/^\S+@\S+$/.test(text)) return not('email')
  return parse(words)
}

/** What the model itself limits. */
function checked(field: FieldInfo, read: ReadCell): ReadCell {
  if (!read.ok) return read
  const { value } = read
  if (typeof value === 'string' && field.maxLength !== undefined && value.length > field.maxLength)
    return not('tooLong', String(field.maxLength))
  const number = isMoney(value) ? Number(value.amount) : value
  if (typeof number !== 'number') return read
  if (field.min !== undefined && number < field.min) return not('tooSmall', String(field.min))
  if (field.max !== undefined && number > field.max) return not('tooLarge', String(field.max))
  return read
}
