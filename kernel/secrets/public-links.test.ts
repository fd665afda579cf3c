import { describe, expect, it } from 'vitest'
import { createPublicLinks } from './public-links.ts'

const orgId = '0198c0de-0000-7000-8000-000000000001'
const target = { orgId, subject: 'somebody' }
const links = createPublicLinks('a key of the tests')

describe('public links', () => {
  it('say whose and about what to the route that they were made for, and to no other', () => {
    const token = links.sign('a.b:leave', target)
    expect(links.read('a.b:leave', token)).toEqual(target)
    expect(links.read('a.b:enter', token)).toBe(null)
    expect(createPublicLinks('another key').read('a.b:leave', token)).toBe(null)
  })

  it('do not survive a change of any character', () => {
    const token = links.sign('a.b:leave', target)
    for (let at = 0; at < token.length; at++) {
      const other = token[at] === 'A' ? 'B' : 'A'
      const changed = token.slice(0, at) + other + token.slice(at + 1)
      expect(links.read('a.b:leave', changed)).toBe(null)
    }
    for (const odd of ['', '.', 'x', `${token}.`, `${token}=`, `.${token}`, 'x'.repeat(5000)])
      expect(links.read('a.b:leave', odd)).toBe(null)
  })

  it('end when they are old, and outlive a change of keys', () => {
    let now = Date.parse('2026-03-01T00:00:00Z')
    const old = createPublicLinks('first', null, () => now)
    const token = old.sign('a.b:leave', target, 10)
    const next = createPublicLinks('second', 'first', () => now)
    expect(next.read('a.b:leave', token)).toEqual(target)
    expect(old.read('a.b:leave', next.sign('a.b:leave', target))).toBe(null)
    now += 10 * 86_400_000
    expect(next.read('a.b:leave', token)).toBe(null)
  })
})
