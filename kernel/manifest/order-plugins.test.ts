import { describe, expect, it } from 'vitest'
import { orderPlugins } from './order-plugins.ts'

function plugin(id: string, requires: Record<string, string> = {}, version = '1.0.0') {
  return { id, version, requires }
}

const ids = (plugins: readonly { id: string }[]) => plugins.map(({ id }) => id)

describe('orderPlugins', () => {
  it('puts each plugin after all that it requires, and equals by id', () => {
    const plugins = [
      plugin('crm.leads', { 'crm.accounts': '^1.0.0', 'platform.fields': '*' }),
      plugin('platform.fields'),
      plugin('crm.accounts', { 'platform.fields': '^1.0.0' }),
      plugin('agents.ceo'),
    ]
    const order = ['agents.ceo', 'platform.fields', 'crm.accounts', 'crm.leads']
    expect(ids(orderPlugins(plugins).ordered)).toEqual(order)
    expect(ids(orderPlugins(plugins.toReversed()).ordered)).toEqual(order)
  })

  it('refuses a cycle with its path, and what requires it; the rest goes on', () => {
    const { ordered, refused } = orderPlugins([
      plugin('a.a', { 'b.b': '*' }),
      plugin('b.b', { 'c.c': '*' }),
      plugin('c.c', { 'a.a': '*' }),
      plugin('d.d', { 'c.c': '*' }),
      plugin('e.e', { 'd.d': '*' }),
      plugin('f.f'),
    ])
    expect(ids(ordered)).toEqual(['f.f'])
    expect(refused.get('b.b')?.message).toBe('It requires itself: b.b -> c.c -> a.a -> b.b.')
    expect(refused.get('d.d')?.message).toBe('It requires c.c, which failed itself.')
    expect(refused.get('e.e')?.message).toBe('It requires d.d, which failed itself.')
  })

  it('refuses what was ordered before the cycle behind it was found', () => {
    const { ordered, refused } = orderPlugins([
      plugin('a.a', { 'b.b': '*', 'z.z': '*' }),
      plugin('b.b', { 'a.a': '*' }),
      plugin('m.m', { 'b.b': '*' }),
      plugin('z.z', {}),
    ])
    expect(ids(ordered)).toEqual(['z.z'])
    expect([...refused.keys()].sort()).toEqual(['a.a', 'b.b', 'm.m'])
  })

  it('refuses a plugin whose requirement is missing or does not fit', () => {
    const { ordered, refused } = orderPlugins([
      plugin('a.a', { 'x.x': '^1.0.0' }),
      plugin('b.b', { 'c.c': '^2.0.0' }),
      plugin('c.c', {}, '1.9.0'),
      plugin('d.d', { 'c.c': 'no range' }),
    ])
    expect(ids(ordered)).toEqual(['c.c'])
    expect(refused.get('a.a')?.message).toBe('It requires x.x, which is not here.')
    expect(refused.get('b.b')?.message).toBe('It requires c.c ^2.0.0; 1.9.0 is here.')
    expect(refused.has('d.d')).toBe(true)
  })

  it('takes what is loaded already as given', () => {
    const present = [plugin('crm.leads', {}, '1.4.0')]
    const { ordered, refused } = orderPlugins(
      [plugin('acme.pack', { 'crm.leads': '^1.2.0' }), plugin('crm.leads')],
      present,
    )
    expect(ids(ordered)).toEqual(['acme.pack'])
    expect(refused.get('crm.leads')?.message).toContain('two plugins')
  })
})
