import fc from 'fast-check'
import { expect, it } from 'vitest'
import { listParts, listText, readWord, wordOf } from './rule-text.ts'
import '../../testing/seed.ts'

it('reads back the values it wrote, whatever they are', () => {
  const value = fc.oneof(
    fc.constantFrom(null, true, false, '80', 'true', '"', ' x ', ''),
    fc.integer(),
    fc.string(),
  )
  fc.assert(
    fc.property(value, (one) => {
      expect(readWord(wordOf(one))).toEqual(one)
    }),
  )
  const lists: readonly (readonly string[])[] = [['a', 'b'], ['Smith, Ltd', 'b'], ['Smith, Ltd']]
  for (const list of lists) expect(listParts(listText(list), false)).toEqual(list)
})
