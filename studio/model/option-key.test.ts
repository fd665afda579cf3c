import { expect, it } from 'vitest'
import { optionKey } from './option-key.ts'

it('makes keys that a model takes, each one once', () => {
  expect(optionKey('Trade fair', new Set())).toBe('trade_fair')
  expect(optionKey('Épicerie', new Set())).toBe('epicerie')
  expect(optionKey('2nd hand!', new Set())).toBe('nd_hand')
  expect(optionKey('東京', new Set())).toBe('option')
  expect(optionKey('Web', new Set(['web', 'web_2']))).toBe('web_3')
  expect(optionKey('x'.repeat(300), new Set())).toMatch(/^[a-z][a-z0-9_-]{0,62}$/)
})
