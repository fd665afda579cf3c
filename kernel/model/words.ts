import { fillTerms, type Term } from './fill-terms.ts'
import type { Entity, Field, Model } from './model.ts'

/** What decides how a text reads: the model that has it, and the reader's language. */
export interface Words {
  readonly org: { readonly locale: string }
  /** BCP 47: what the reader asked for; without it the organisation's language holds. */
  readonly language?: string
  readonly model: Pick<Model, 'messages' | 'entities'>
}

/** Messages about a text of another plugin are kept under its name with this in front. */
export const overWords = '='

/**
 * A text of a contribution as it is read here: in the reader's language when the plugin brings it, with
 * the names of entities as they are called here.
 *
 * @param path below the plugin, as locales name it: `entities.lead.fields.name.label`.
 */
export function wordsOf(words: Words, plugin: string, path: string, text: string): string {
  return inTerms(words, plugin, translated(words, plugin, path, text))
}

/** All texts of a definition, e.g. a JSON Schema. The same object comes back for the same words. */
export function wordsIn<T extends object>(words: Words, plugin: string, path: string, value: T): T {
  const ofWords = known.get(words.model.messages) ?? new WeakMap<object, Map<string, object>>()
  known.set(words.model.messages, ofWords)
  const ofValue = ofWords.get(value) ?? new Map<string, object>()
  ofWords.set(value, ofValue)
  const key = `${localeOf(words)} ${plugin}:${path}`
  const found = ofValue.get(key) ?? (walk(words, plugin, path, value) as object)
  ofValue.set(key, found)
  return found as T
}

const known = new WeakMap<object, WeakMap<object, Map<string, object>>>()

/** @returns the value itself where nothing in it reads otherwise, so that it stays shared. */
function walk(words: Words, plugin: string, path: string, value: unknown): unknown {
  if (typeof value === 'string') return wordsOf(words, plugin, path, value)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value)
  const read = entries.map(([name, inner]) => {
    // Values that are written as they stand, not read; among words a key is that of a choice.
    const isValue = (name === 'default' || name === 'const') && !path.endsWith('.x-words')
    const isText = typeof inner === 'string' && Array.isArray(value)
    return isValue || isText ? inner : walk(words, plugin, `${path}.${name}`, inner)
  })
  if (read.every((inner, i) => inner === entries[i]![1])) return value
  if (Array.isArray(value)) return read
  return Object.fromEntries(entries.map(([name], i) => [name, read[i]]))
}

/**
 * The plugin's own message, or with `plugin:key` another one's: in the reader's language, then its
 * base language, then English, then the key itself.
 *
 * @param values go into places such as `{name}`.
 */
export function messageOf(
  words: Words,
  plugin: string,
  key: string,
  values: Readonly<Record<string, string | number>> = {},
): string {
  const { messages } = words.model
  const name = key.includes(':') ? key : `${plugin}:${key}`
  const text = [localeOf(words), languageOf(words), 'en']
    .flatMap((locale) => [messages.get(locale)?.[overWords + name], messages.get(locale)?.[name]])
    .find(Boolean)
  // Part by part: what is put in may have braces of its own.
  return (text ?? key)
    .split(/(\{\w+\})/)
    .map((part) => {
      const slot = part.slice(1, -1)
      const isValue = part.startsWith('{') && Object.hasOwn(values, slot)
      return isValue ? String(values[slot]) : inTerms(words, plugin, part)
    })
    .join('')
}

/** What the organisation calls a field. */
export function labelOfField(words: Words, entity: Entity, field: Field): string {
  const label = field.definition.label ?? field.label
  return wordsOf(words, field.from, `${placeOfWords(entity, field)}.label`, label)
}

/** Where locales name a field's texts: one that another plugin brought is named in that plugin's words. */
export function placeOfWords(entity: Entity, field: Field): string {
  return field.from === entity.plugin && !field.system
    ? `entities.${entity.key}.fields.${field.key}`
    : `fields.${field.key}.field`
}

/** What the organisation calls the records of an entity. */
export function termOf(words: Words, entity: Entity): Term {
  const { plugin, key, definition } = entity
  const label = (name: 'label' | 'labelPlural') =>
    translated(words, plugin, `entities.${key}.${name}`, definition[name])
  return { one: label('label'), many: label('labelPlural') }
}

/**
 * Puts the organisation's terms into a text of a plugin.
 *
 * @see fillTerms
 */
export function inTerms(words: Words, plugin: string, text: string): string {
  return fillTerms(text, languageOf(words), (owner, key) => {
    const entity = words.model.entities.get(`${owner ?? plugin}:${key}`)
    return entity ? termOf(words, entity) : null
  })
}

/** A text that somebody changed is nobody's translation and stays. */
function translated(words: Words, plugin: string, path: string, text: string): string {
  const locale = localeOf(words)
  const { messages } = words.model
  const language = languageOf(words)
  const key = `${plugin}:${path}`
  const over = overWords + key
  const own = messages.get(locale)?.[over] ?? messages.get(language)?.[over]
  if (own !== undefined) return own
  if (language === 'en') return text
  const original = messages.get('en')?.[key]
  if (original !== undefined && original !== text) return text
  return messages.get(locale)?.[key] ?? messages.get(language)?.[key] ?? text
}

/** BCP 47: the language in which the words are read. */
export function localeOf({ language, org }: Words): string {
  return language ?? org.locale
}

/** BCP 47, the language alone. */
export function languageOf(words: Words): string {
  return localeOf(words).split('-', 1)[0]!
}

/** The words in the organisation's language: what is kept is read by everybody. */
export function inOwnLanguage<T extends Words>({ language: _, ...words }: T): T {
  return words as T
}

/**
 * The words in the first language of an `Accept-Language` in which there are any, else in the
 * organisation's. Its own kind of that language (`de-CH`) stays.
 */
export function inReadersLanguage<T extends Words>(
  words: T,
  acceptLanguage: string | undefined,
): T {
  const offered = (acceptLanguage ?? '')
    .slice(0, 200)
    .split(',')
    .map((one) => one.trim().split(';', 1)[0]!.slice(0, 2).toLowerCase())
  const known = offered.find((language) => words.model.messages.has(language))
  const isSame = known === undefined || words.org.locale.startsWith(known)
  return isSame ? words : { ...words, language: known }
}
