import kernelManifest from '../kernel.json' with { type: 'json' }
import { inSentence } from './fill-terms.ts'
import { labelOfContribution } from './labels.ts'
import type { JsonObject } from './leaf.ts'
import type { Entity, Field } from './model.ts'
import {
  labelOfField,
  languageOf,
  localeOf,
  messageOf,
  termOf,
  type Words,
  wordsOf,
} from './words.ts'

/** What the kernel says to people, before it is said in anybody's language. */
export interface Sentence {
  /** Of a message of the kernel. */
  readonly key: string
  /** With 1 it is the message `<key>.one`, where there is one. */
  readonly count?: number
  readonly values?: Readonly<Record<string, Part>>
}

/** What goes into a place of a message. */
export type Part =
  | string
  | number
  | Sentence
  | readonly Part[]
  /** `Lead`, as a name. */
  | { readonly object: Entity }
  /** `leads`, within a sentence. */
  | { readonly records: Entity }
  /** `1 lead`, `214 leads`. */
  | { readonly records: Entity; readonly n: number }
  | { readonly field: Field; readonly of: Entity }
  | { readonly point: { readonly name: string; readonly plugin: string; readonly label: string } }
  | {
      readonly contribution: { readonly ref: string; readonly definition: unknown }
      readonly under: string
    }

/** In English, with things called what their definitions say. */
const plain: Words = {
  org: { locale: 'en' },
  model: {
    messages: new Map([['en', messagesOfKernel()]]),
    entities: new Map(),
  },
}

function messagesOfKernel(): Readonly<Record<string, string>> {
  const { messages } = kernelManifest.contributes.locales.en
  return Object.fromEntries(Object.entries(messages).map(([key, text]) => [`kernel:${key}`, text]))
}

/** @param words decide the language and what things are called. */
export function say(sentence: Sentence, words: Words = plain): string {
  const { key, count, values = {} } = sentence
  const one = `${key}.one`
  const isOne = count === 1 && Object.hasOwn(plain.model.messages.get('en')!, `kernel:${one}`)
  const said = Object.entries(values).map(([name, part]) => [name, sayPart(part, words)] as const)
  return messageOf(words, 'kernel', isOne ? one : key, Object.fromEntries(said))
}

function sayPart(part: Part, words: Words): string {
  if (typeof part === 'string') return part
  if (typeof part === 'number') return part.toLocaleString(localeOf(words))
  if (isList(part)) return part.map((one) => sayPart(one, words)).join(', ')
  if ('key' in part) return say(part, words)
  if ('object' in part) return termOf(words, part.object).one
  if ('field' in part) return labelOfField(words, part.of, part.field)
  if ('point' in part) {
    const { name, plugin, label } = part.point
    return inSentence(wordsOf(words, plugin, `points.${name}.label`, label), languageOf(words))
  }
  if ('contribution' in part) {
    const { ref, definition } = part.contribution
    return labelOfContribution(words, part.under, { ref, definition: definition as JsonObject })
  }
  const { one, many } = termOf(words, part.records)
  if (!('n' in part)) return inSentence(many, languageOf(words))
  const noun = inSentence(part.n === 1 ? one : many, languageOf(words))
  return `${part.n.toLocaleString(localeOf(words))} ${noun}`
}

const isList = (part: Part): part is readonly Part[] => Array.isArray(part)
