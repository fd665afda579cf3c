import { expect, it } from 'vitest'
import { midSentence } from './noun.ts'

it('writes a noun small inside an English sentence and leaves acronyms and German alone', () => {
  expect(midSentence('Lead', 'en')).toBe('lead')
  expect(midSentence('API key', 'en')).toBe('API key')
  expect(midSentence('Chance', 'de')).toBe('Chance')
})
