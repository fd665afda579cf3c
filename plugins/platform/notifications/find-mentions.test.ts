import { describe, expect, it } from 'vitest'
import { findMentions, plainText } from './find-mentions.ts'

const members = [
  { id: 'ann', name: 'Ann', email: 'ann@acme.test' },
  { id: 'lee', name: 'Ann Lee', email: 'lee@acme.test' },
  { id: 'max1', name: 'Max Roth', email: 'max@acme.test' },
  { id: 'max2', name: 'Max Roth', email: 'roth@acme.test' },
  { id: 'jo', name: 'Jörg', email: null },
]

describe('mentions', () => {
  it('are names behind an @, the longest that fits, whatever the case', () => {
    expect(findMentions('Hi @Ann, ask @ann lee!', members)).toEqual(['ann', 'lee'])
    expect(findMentions('(@JÖRG)', members)).toEqual(['jo'])
    expect(findMentions('@Annette and @Ann-Lee', members)).toEqual(['ann'])
  })

  it('of a name that two have are nobody’s, until the address says whose', () => {
    expect(findMentions('@Max Roth', members)).toEqual([])
    expect(findMentions('@max@acme.test: yours', members)).toEqual(['max1'])
  })

  it('are no addresses', () => {
    expect(findMentions('Write to x@ann or lee@acme.test', members)).toEqual([])
    expect(findMentions('@', members)).toEqual([])
  })

  it('are found in rich text, where a line begins a word', () => {
    const html = '<p>Hello</p><p>@<b>Ann</b> Lee &amp; @J&ouml;rg</p>'
    expect(findMentions(plainText(html), members)).toEqual(['lee'])
  })
})
