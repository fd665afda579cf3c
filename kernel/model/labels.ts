import type { JsonObject } from './leaf.ts'
import { leafAt } from './leaf.ts'
import { type Words, wordsOf } from './words.ts'

/** What people call a contribution of any point: its label, its title, else its key. */
export function labelOfContribution(
  words: Words,
  point: string,
  { ref, definition }: { readonly ref: string; readonly definition: JsonObject | null },
): string {
  const colon = ref.indexOf(':')
  const [plugin, key] = [ref.slice(0, colon), ref.slice(colon + 1)]
  for (const path of [['label'], ['title'], ['field', 'label']]) {
    const text = leafAt(definition, path)
    if (typeof text === 'string') {
      return wordsOf(words, plugin, [point, key, ...path].join('.'), text)
    }
  }
  return key
}
