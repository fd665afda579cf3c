import { describe, expect, it } from 'vitest'
import { mentionAt, mentionable, mentionOf } from './mention.ts'

const people = [
  { id: '1', name: 'Ann Lee', email: 'ann@acme.test' },
  { id: '2', name: 'Bob Lee', email: 'bob@acme.test' },
  { id: '3', name: 'Ann Lee', email: 'lee@acme.test' },
]

describe('a mention', () => {
  it('begins with an @ that begins a word', () => {
    expect(mentionAt('Hi @bo', 6)).toEqual({ start: 3, words: 'bo' })
    expect(mentionAt('@', 1)).toEqual({ start: 0, words: '' })
    expect(mentionAt('Hi @bob le', 10)).toEqual({ start: 3, words: 'bob le' })
    expect(mentionAt('mail bob@ac', 11)).toBeNull()
    expect(mentionAt('at @ noon', 9)).toBeNull()
    expect(mentionAt('Hi @bob\nthere', 13)).toBeNull()
  })

  it('finds people by any part of their name, until one is written out', () => {
    const names = (words: string) => mentionable(people, words).map(({ id }) => id)
    expect(names('bo')).toEqual(['2'])
    expect(names('LEE')).toEqual(['1', '2', '3'])
    expect(names('Bob Lee')).toEqual(['2'])
    expect(names('Bob Lee ')).toEqual([])
    expect(names('zoe')).toEqual([])
  })

  it('names who is meant, by their address where two have the name', () => {
    expect(mentionOf(people[1]!, people)).toBe('@Bob Lee ')
    expect(mentionOf(people[2]!, people)).toBe('@lee@acme.test ')
  })
})
